import * as actions from "./actions.js";
import { byId, el } from "./dom.js";
import { icon, iconButton } from "./icons.js";
import { excerpt } from "./message.js";
import { attempt } from "./notices.js";
import { sender } from "./people.js";
import { changed, currentChat, isOwn, messagesShown, session } from "./state.js";
import { suggestionKey, renderSuggestions } from "./suggestions.js";
import { t } from "./words.js";

const field = () => byId("composer");
const MAX_FIELD_HEIGHT = 180;

export function renderComposer() {
  const chat = currentChat();
  const notStarted = chat.type === "private" && chat.messages.length === 0;
  byId("start").hidden = !notStarted;
  byId("composer-form").hidden = notStarted;
  obey(chat);
  renderContext(chat);
  renderSuggestions();
}

// The newest message that forces a reply opens it once, as the apps do; who closes it is left alone.
const obeyed = new Set();
const PLACEHOLDER = field().placeholder;

function obey(chat) {
  const newest = messagesShown(chat).at(-1);
  const forces = newest?.force_reply && isForMe(chat, newest);
  const key = `${session.as}:${chat.id}:${newest?.id}`;
  if (forces && !obeyed.has(key) && !session.editing) session.replyTo = newest.id;
  if (forces) obeyed.add(key);
  const target = chat.messages.find((message) => message.id === session.replyTo);
  field().placeholder = target?.force_reply?.placeholder || PLACEHOLDER;
}

function isForMe(chat, { force_reply, reply_to }) {
  const asked = chat.messages.find((message) => message.id === reply_to);
  return !force_reply.selective || (asked && isOwn(asked));
}

let contextShown = null;

function renderContext(chat) {
  const target = chat.messages.find((message) => message.id === (session.editing ?? session.replyTo));
  byId("context").hidden = !target;
  const shown = target && `${chat.id}:${target.id}:${session.editing}`;
  if (shown === contextShown) return;
  contextShown = shown;
  byId("context").replaceChildren(...(target ? contextOf(target) : []));
  if (!target) return;
  if (session.editing) write(target.text);
  field().focus();
}

function contextOf(target) {
  const title = session.editing ? t("Edit message") : t("Reply to {name}", sender(target));
  return [
    icon(session.editing ? "edit" : "reply"),
    el("span", { class: "context-text" }, el("b", {}, title), el("span", {}, excerpt(target))),
    iconButton("close", t("Cancel"), cancel, "cancel"),
  ];
}

function cancel() {
  if (session.editing) write("");
  Object.assign(session, { editing: null, replyTo: null });
  changed();
}

function write(text) {
  field().value = text;
  fit();
}

function fit() {
  field().style.height = "auto";
  field().style.height = `${Math.min(field().scrollHeight, MAX_FIELD_HEIGHT)}px`;
  byId("send").classList.toggle("ready", field().value.trim() !== "");
}

async function submit() {
  const text = field().value.trim();
  if (!text) return;
  const { editing, replyTo } = session;
  write("");
  Object.assign(session, { editing: null, replyTo: null });
  changed();
  const request = editing ? actions.edit(editing, text) : actions.send(text, replyTo ? { reply_to: replyTo } : {});
  const sent = await attempt(request);
  if (!sent && !field().value) write(text);
}

function onKey(event) {
  if (event.isComposing) return;
  if (suggestionKey(event, write)) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    submit();
  } else if (event.key === "Escape") cancel();
  else if (event.key === "ArrowUp" && !field().value) editLast(event);
}

function editLast(event) {
  const last = messagesShown(currentChat()).findLast((message) => isOwn(message) && message.text);
  if (!last) return;
  event.preventDefault();
  Object.assign(session, { editing: last.id, replyTo: null });
  changed();
}

async function attach() {
  const [file] = byId("file").files;
  if (!file) return;
  const caption = field().value.trim();
  write("");
  await attempt(actions.attach(file, caption));
  byId("file").value = "";
}

export function setUpComposer() {
  byId("send").append(icon("send"));
  byId("attach").append(icon("attach"));
  byId("file").addEventListener("change", attach);
  byId("start").addEventListener("click", () => attempt(actions.start()));
  field().addEventListener("keydown", onKey);
  field().addEventListener("input", () => {
    fit();
    renderSuggestions();
  });
  byId("composer-form").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
}
