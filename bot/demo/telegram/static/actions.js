import { post, upload } from "./api.js";
import { GENERAL, currentChat, currentTopic, refresh, session } from "./state.js";

const here = () => ({ as: session.as, chat: currentChat().id });

function thread() {
  const chat = currentChat();
  return chat.is_forum && currentTopic(chat) !== GENERAL ? { thread: currentTopic(chat) } : {};
}

async function act(request) {
  const answer = await request;
  await refresh();
  return answer;
}

export const send = (text, extra = {}) => act(post("client/send", { ...here(), ...thread(), text, ...extra }));

export const edit = (message, text) => act(post("client/edit", { ...here(), message, text }));

export const remove = (message) => act(post("client/delete", { ...here(), message }));

export const start = () => act(post("client/start", { as: session.as }));

export const attach = (file, caption) => act(upload({ ...here(), ...thread(), file, caption }));

export const press = (button) => act(post("client/press", { as: session.as, ...button }));
