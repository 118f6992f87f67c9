import { byId, el, keyed } from "./dom.js";
import { chatAvatar, avatar, fullName, sender } from "./people.js";
import { chats, choose, currentChat, isOwn, session } from "./state.js";
import { unread } from "./unread.js";
import { clock } from "./time.js";
import { attempt } from "./notices.js";
import { showChatOnPhone } from "./views.js";
import { counted, t } from "./words.js";

export function renderSidebar() {
  renderPeople();
  renderChats();
}

// What the bot lets them do.
const MAY = {
  administrator: "may do everything",
  operator: "takes and mutes alerts",
  viewer: "only looks",
  stranger: "may ask for access",
};

function renderPeople() {
  const { bot, people: all } = session.snapshot;
  const people = all.filter(({ id }) => id !== bot.id).map((person) => ({ ...person, role: session.config.roles[person.id] }));
  keyed(byId("people"), people, {
    key: (person) => person.id,
    build: personButton,
    update: (node, person) => node.setAttribute("aria-checked", String(person.id === session.as)),
  });
}

function personButton(person) {
  const name = fullName(person);
  return el(
    "button",
    {
      type: "button",
      role: "radio",
      class: "person",
      title: person.username ? `${name} · @${person.username}` : name,
      "aria-label": [t("Be {name}", { name }), person.role && t(person.role)].filter(Boolean).join(", "),
      "data-testid": `person-${person.id}`,
      onclick: () => attempt(choose({ as: person.id })),
    },
    avatar(person.id, name),
    el(
      "span",
      { class: "person-text" },
      el("b", {}, name),
      person.role && el("span", { class: "role" }, t(person.role)),
      person.role && el("span", { class: "may" }, t(MAY[person.role])),
    ),
  );
}

function renderChats() {
  const rows = chats()
    .map(summary)
    .sort((a, b) => (b.last?.date ?? 0) - (a.last?.date ?? 0));
  keyed(byId("chats"), rows, {
    key: (row) => row.chat.id,
    version: (row) => JSON.stringify([row.chat.title, row.last, row.count, row.sounding]),
    build: chatRow,
    update: (node, row) => node.firstChild.setAttribute("aria-current", String(row.chat.id === currentChat().id)),
  });
  const total = rows.reduce((sum, row) => sum + row.count, 0);
  document.title = document.title.replace(/^(\(\d+\) )?/, total ? `(${total}) ` : "");
}

function summary(chat) {
  const news = unread(chat);
  return { chat, last: chat.messages.at(-1), count: news.length, sounding: news.some((message) => !message.silent) };
}

function chatRow({ chat, last, count, sounding }) {
  const open = () => {
    showChatOnPhone();
    attempt(choose({ chat: chat.id }));
  };
  const badgeClass = sounding ? "badge" : "badge quiet";
  const badge = count > 0 && el("span", { class: badgeClass, "aria-label": counted("unread", count) }, String(count));
  return el(
    "li",
    {},
    el(
      "button",
      { type: "button", class: "chat-row", "data-testid": `chat-${chat.id}`, onclick: open },
      chatAvatar(chat),
      el(
        "span",
        { class: "chat-row-text" },
        el("span", { class: "chat-row-line" }, el("b", {}, chat.title), el("time", {}, last ? clock(last.date) : "")),
        el("span", { class: "chat-row-line" }, el("span", { class: "preview" }, preview(chat, last)), badge),
      ),
    ),
  );
}

function preview(chat, message) {
  if (!message) return t("Press Start to open the chat");
  const content = message.service ?? (message.text || message.caption || attachmentName(message));
  if (message.service || (chat.type === "private" && !isOwn(message))) return content;
  const name = isOwn(message) ? t("You") : sender(message).name.split(" ")[0];
  return [el("span", { class: "preview-name" }, `${name}: `), content];
}

function attachmentName(message) {
  if (message.photo) return t("Photo");
  return message.document?.name ?? "";
}
