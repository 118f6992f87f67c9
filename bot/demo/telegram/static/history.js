import { byId, el, keyed } from "./dom.js";
import { icon } from "./icons.js";
import { buildMessage } from "./message.js";
import { isPressing } from "./keyboard.js";
import { sender } from "./people.js";
import { currentChat, currentTopic, isOwn, messagesShown, session } from "./state.js";
import { dayKey, dayName } from "./time.js";

const NEAR_BOTTOM = 120;
const GROUPING_SECONDS = 300;

let place = null;
let newestShown = 0;

export function renderHistory() {
  const chat = currentChat();
  const messages = messagesShown(chat);
  const here = `${session.as}:${chat.id}:${currentTopic(chat)}`;
  const moved = here !== place;
  const follow = moved || isAtBottom() || hasNewOwn(messages);
  place = here;
  newestShown = messages.at(-1)?.id ?? 0;
  keyed(byId("messages"), withDays(arranged(chat, messages)), {
    key: (item) => `${here}:${item.day ?? item.message.id}`,
    build: (item) => (item.day ? dayPill(item) : buildMessage(item)),
  });
  if (follow) scrollToBottom();
  updateJump();
}

const hasNewOwn = (messages) => messages.some((message) => message.id > newestShown && isOwn(message));

// What a bubble needs beside its message: its neighbours decide about name, avatar and tail.
function arranged(chat, messages) {
  const byMessageId = new Map(chat.messages.map((message) => [message.id, message]));
  return messages.map((message, index) => ({
    message,
    chatId: chat.id,
    isPrivate: chat.type === "private",
    first: !belongTogether(messages[index - 1], message),
    last: !belongTogether(message, messages[index + 1]),
    replied: byMessageId.get(message.reply_to) ?? null,
    pressing: isPressing(chat.id, message),
  }));
}

function belongTogether(a, b) {
  if (!a || !b || a.service || b.service || a.buttons?.length) return false;
  return sender(a).id === sender(b).id && b.date - a.date < GROUPING_SECONDS && dayKey(a.date) === dayKey(b.date);
}

function withDays(items) {
  return items.flatMap((item, index) => {
    const day = dayKey(item.message.date);
    const isNew = index === 0 || dayKey(items[index - 1].message.date) !== day;
    return isNew ? [{ day, name: dayName(item.message.date) }, item] : [item];
  });
}

const dayPill = ({ name }) => el("div", { class: "pill day" }, name);

const distance = ({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight;

const isAtBottom = () => distance(byId("history")) < NEAR_BOTTOM;

function scrollToBottom() {
  byId("history").scrollTop = byId("history").scrollHeight;
}

function updateJump() {
  byId("jump").hidden = isAtBottom();
}

export function setUpHistory() {
  byId("jump").append(icon("down"));
  byId("jump").addEventListener("click", scrollToBottom);
  byId("history").addEventListener("scroll", updateJump, { passive: true });
  // The composer grows and pictures load: who was reading the end keeps reading the end.
  let wasAtBottom = true;
  byId("history").addEventListener("scroll", () => (wasAtBottom = isAtBottom()), { passive: true });
  const observer = new ResizeObserver(() => wasAtBottom && scrollToBottom());
  observer.observe(byId("history"));
  observer.observe(byId("messages"));
}
