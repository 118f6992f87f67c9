import { byId, el, keyed } from "./dom.js";
import { icon } from "./icons.js";
import { attempt } from "./notices.js";
import { chatAvatar } from "./people.js";
import { choose, currentChat, currentTopic, session, topics } from "./state.js";
import { unread } from "./unread.js";
import { counted, t } from "./words.js";

export function renderHeader() {
  const chat = currentChat();
  byId("chat-title").textContent = chat.title;
  byId("chat-subtitle").textContent = subtitle(chat);
  keyed(byId("chat-avatar"), [chat], { key: ({ id }) => id, version: ({ title }) => title, build: chatAvatar });
  renderTopics(chat);
}

const OUTSIDE = new Set(["left", "kicked"]);

function subtitle(chat) {
  if (chat.type === "private") return t("bot");
  const count = chat.members.filter(({ status }) => !OUTSIDE.has(status)).length;
  return counted(chat.type === "channel" ? "subscribers" : "members", count);
}

function renderTopics(chat) {
  const list = topics(chat);
  byId("topics").hidden = list.length === 0;
  keyed(byId("topics"), list.map((topic) => ({ ...topic, count: unread(chat, topic.id).length, chat: chat.id })), {
    key: (topic) => topic.id,
    build: topicTab,
    update: (node, topic) => node.setAttribute("aria-selected", String(topic.id === currentTopic(chat))),
  });
}

function topicTab(topic) {
  return el(
    "button",
    {
      type: "button",
      role: "tab",
      class: "topic",
      "data-testid": `topic-${topic.id}`,
      onclick: () => attempt(choose({ chat: session.chat, topic: topic.id })),
    },
    topic.closed && icon("lock"),
    topic.name,
    topic.count > 0 && el("span", { class: "badge" }, String(topic.count)),
  );
}
