import { currentChat, currentTopic, isOwn, session, threadOf } from "./state.js";
import { openedAt } from "./time.js";

// "person:chat:topic" → the id of the last message seen there.
const lastSeen = new Map();

const place = (chat, thread) => `${session.as}:${chat.id}:${chat.is_forum ? thread : ""}`;

function seenUpTo(chat, thread) {
  const key = place(chat, thread);
  if (!lastSeen.has(key)) {
    const before = chat.messages.filter((message) => message.date <= openedAt);
    lastSeen.set(key, before.at(-1)?.id ?? 0);
  }
  return lastSeen.get(key);
}

export function markSeen() {
  const chat = currentChat();
  if (!chat || document.hidden) return;
  const newest = chat.messages.at(-1)?.id ?? 0;
  lastSeen.set(place(chat, currentTopic(chat)), newest);
}

export function unread(chat, thread) {
  const inThread = (message) => thread === undefined || threadOf(message) === thread;
  return chat.messages.filter(
    (message) => inThread(message) && !isOwn(message) && message.id > seenUpTo(chat, threadOf(message)),
  );
}
