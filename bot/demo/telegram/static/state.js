import { ApiError, get } from "./api.js";

export const GENERAL = 1;
const DEFAULT_PERSON = 1001;
const DEFAULT_CHAT = -1001000000001;

// What this page has chosen; in `snapshot` the last answer of /client/state, in `config` that of /client/config.
export const session = {
  as: DEFAULT_PERSON,
  chat: DEFAULT_CHAT,
  topic: GENERAL,
  snapshot: null,
  config: { pbxs: {}, roles: {}, born: 0 },
  connected: true,
  replyTo: null,
  editing: null,
};

let draw = () => {};
export const onChange = (listener) => (draw = listener);

// On a turn of its own, so that a mistake in drawing is never taken for a server that is gone.
export const changed = () => queueMicrotask(draw);

export function readHash() {
  const chosen = new URLSearchParams(location.hash.slice(1));
  session.as = Number(chosen.get("as")) || DEFAULT_PERSON;
  session.chat = Number(chosen.get("chat")) || DEFAULT_CHAT;
  session.topic = Number(chosen.get("topic")) || GENERAL;
}

function writeHash() {
  const topic = session.topic === GENERAL ? "" : `&topic=${session.topic}`;
  history.replaceState(null, "", `#as=${session.as}&chat=${session.chat}${topic}`);
}

// Person → the chat that person looked at last: whoever becomes Anna again is back where Anna was.
const lastChats = new Map();

export function choose(choice) {
  lastChats.set(session.as, session.chat);
  const isPrivate = session.chat === session.as;
  Object.assign(session, { replyTo: null, editing: null, topic: GENERAL }, choice);
  if ("as" in choice) session.chat = lastChats.get(choice.as) ?? (isPrivate ? choice.as : session.chat);
  writeHash();
  changed();
  return refresh();
}

let lastTicket = 0;

export async function refresh() {
  const ticket = (lastTicket += 1);
  const snapshot = await fetchState();
  // A slower, older answer must not undo a newer choice.
  if (ticket !== lastTicket) return;
  session.snapshot = snapshot;
  session.connected = true;
  if (currentChat().id !== session.chat) {
    session.chat = currentChat().id;
    writeHash();
  }
  changed();
}

async function fetchState() {
  try {
    return await get(`client/state?as=${session.as}&chat=${session.chat}`);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500 || session.as === DEFAULT_PERSON) throw error;
    // The link names a person who does not exist here.
    session.as = DEFAULT_PERSON;
    writeHash();
    return fetchState();
  }
}

// The private chat appears in the list before it is opened, as a found bot does in Telegram.
export function chats() {
  if (!session.snapshot) return [];
  const { chats, bot, me } = session.snapshot;
  const known = chats.map((chat) => (chat.type === "private" ? { ...chat, title: bot.first_name } : chat));
  if (known.some((chat) => chat.type === "private")) return known;
  return [...known, { id: me.id, type: "private", title: bot.first_name, topics: [], members: [], messages: [] }];
}

export function currentChat() {
  const all = chats();
  return all.find((chat) => chat.id === session.chat) ?? all[0];
}

export function topics(chat) {
  if (!chat.is_forum) return [];
  const named = chat.topics ?? [];
  return named.some((topic) => topic.id === GENERAL) ? named : [{ id: GENERAL, name: "General" }, ...named];
}

export const currentTopic = (chat) => topics(chat).find((topic) => topic.id === session.topic)?.id ?? GENERAL;

export const threadOf = (message) => message.thread ?? GENERAL;

export function messagesShown(chat) {
  if (!chat.is_forum) return chat.messages;
  return chat.messages.filter((message) => threadOf(message) === currentTopic(chat));
}

export const isOwn = (message) => message.from?.id === session.snapshot.me.id && !message.sender_chat;

export const isFromBot = (message) => message.from?.id === session.snapshot.bot.id;
