import * as actions from "./actions.js";
import { el } from "./dom.js";
import { formatted } from "./entities.js";
import { icon, iconButton } from "./icons.js";
import { buildKeyboard } from "./keyboard.js";
import { attempt } from "./notices.js";
import { avatar, colour, sender } from "./people.js";
import { changed, isFromBot, isOwn, session } from "./state.js";
import { clock, now, openedAt } from "./time.js";
import { decimal, t } from "./words.js";

export function buildMessage(item) {
  const { message } = item;
  const attributes = { "data-testid": "message", "data-message-id": message.id, "data-from": message.from?.id };
  if (message.service) return el("div", { class: "pill", ...attributes }, message.service);
  return el(
    "article",
    { class: classes(item), ...attributes },
    hasAvatar(item) && el("span", { class: "avatar-slot" }, item.last && face(message)),
    el("div", { class: "stack" }, bubble(item), keyboard(item), tools(message)),
  );
}

function face(message) {
  const { id, name } = sender(message);
  return avatar(id, name);
}

const hasAvatar = ({ message, isPrivate }) => !isPrivate && !isOwn(message);

function classes({ message, first, last }) {
  const flags = { own: isOwn(message), first, last, ring: ringsNow(message), "with-keyboard": message.buttons?.length };
  return ["message", ...Object.keys(flags).filter((flag) => flags[flag])].join(" ");
}

const ALERT = /^\s*(🔴|🟠|🟡|🚨|⚠|🔥)/u;
const RINGING_SECONDS = 8;

// What would wake a person: an alert of the bot, with sound, that arrived while the page was open.
function ringsNow(message) {
  const age = now() - message.date;
  const isAlert = isFromBot(message) && !message.silent && !message.reply_to && ALERT.test(message.text ?? "");
  return isAlert && message.date > openedAt && age < RINGING_SECONDS;
}

function bubble(item) {
  const { message } = item;
  const content = message.text || message.caption;
  return el(
    "div",
    { class: "bubble" },
    hasAvatar(item) && item.first && author(message),
    message.forwarded_from && el("div", { class: "forwarded" }, t("Forwarded from"), " ", el("b", {}, message.forwarded_from)),
    message.reply_to && quote(item.replied),
    message.photo && photo(message),
    message.document && file(message.document),
    message.audio && sound(message.audio),
    content && body(content, message.entities),
    meta(message),
  );
}

const body = (content, entities) =>
  el("div", { class: "text", "data-testid": "message-text", dir: "auto" }, formatted(content, entities, sendCommand));

function author(message) {
  const { id, name, isBot } = sender(message);
  const className = isBot ? "author ink-bot" : `author ink-${colour(id)}`;
  return el("div", { class: className }, name, isBot && el("span", { class: "author-note" }, t("bot")));
}

function quote(replied) {
  if (!replied) return el("div", { class: "quote" }, el("span", { class: "quote-text" }, t("Deleted message")));
  const { id, name, isBot } = sender(replied);
  return el(
    "button",
    { type: "button", class: `quote ink-${isBot ? "bot" : colour(id)}`, onclick: () => scrollTo(replied.id) },
    el("b", {}, name),
    el("span", { class: "quote-text" }, excerpt(replied)),
  );
}

export const excerpt = (message) =>
  (message.text || message.caption || message.document?.name || (message.audio && soundName(message.audio)) || (message.photo ? t("Photo") : "")).split("\n")[0];

function scrollTo(id) {
  const node = document.querySelector(`[data-message-id="${id}"]`);
  if (!node) return;
  node.scrollIntoView({ block: "center", behavior: "smooth" });
  node.classList.remove("flash");
  requestAnimationFrame(() => node.classList.add("flash"));
}

function photo({ photo: { url } }) {
  return el("a", { href: url, target: "_blank" }, el("img", { class: "photo", src: url, alt: t("Picture") }));
}

function file(document) {
  return el(
    "a",
    { class: "file", href: document.url, download: document.name },
    el("span", { class: "file-icon" }, icon("file")),
    el("span", { class: "file-text" }, el("b", {}, document.name), el("span", {}, size(document.size))),
  );
}

const soundName = ({ title, performer, name }) => [performer, title].filter(Boolean).join(" – ") || name;

function sound(audio) {
  return el(
    "figure",
    { class: "sound" },
    el("figcaption", {}, el("b", {}, soundName(audio)), el("span", {}, [length(audio.duration), size(audio.size)].filter(Boolean).join(" · "))),
    el("audio", { controls: true, preload: "none", src: audio.url, "data-testid": "audio" }),
  );
}

const length = (seconds) => seconds > 0 && `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

function size(bytes) {
  if (bytes < 1024) return `${bytes} ${t("B")}`;
  if (bytes < 1024 ** 2) return `${decimal(bytes / 1024)} ${t("KB")}`;
  return `${decimal(bytes / 1024 ** 2)} ${t("MB")}`;
}

function mark(name, label) {
  return el("span", { class: "mark", title: label, role: "img", "aria-label": label }, icon(name));
}

function meta(message) {
  return el(
    "span",
    { class: "meta" },
    message.protected && mark("lock", t("Protected: cannot be forwarded or saved")),
    message.silent && mark("silent", t("Sent without sound")),
    message.edit_date && el("span", {}, t("edited")),
    el("time", {}, clock(message.date)),
  );
}

const keyboard = ({ message, chatId }) =>
  message.buttons?.length > 0 && buildKeyboard(message.buttons, chatId, message.id);

function tools(message) {
  const remove = () => attempt(actions.remove(message.id));
  return el(
    "div",
    { class: "tools" },
    iconButton("reply", t("Reply"), () => start({ replyTo: message.id, editing: null }), "reply"),
    isOwn(message) && message.text && iconButton("edit", t("Edit"), () => start({ editing: message.id, replyTo: null }), "edit"),
    isOwn(message) && iconButton("remove", t("Delete"), remove, "delete"),
  );
}

function start(mode) {
  Object.assign(session, mode);
  changed();
}

const sendCommand = (command) => attempt(actions.send(command));
