import { el } from "./dom.js";
import { icon } from "./icons.js";
import { session } from "./state.js";
import { t } from "./words.js";

const COLOURS = 7;

export const colour = (id) => Math.abs(id) % COLOURS;

export const fullName = (person) => [person.first_name, person.last_name].filter(Boolean).join(" ");

function initials(name) {
  const words = name.split(/\s+/).filter((word) => /\p{L}|\p{N}/u.test(word));
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word][0].toUpperCase()).join("") || "?";
}

export function avatar(id, name) {
  const isBot = id === session.snapshot.bot.id;
  const face = isBot ? icon("phone") : initials(name);
  return el("span", { class: `avatar colour-${isBot ? "bot" : colour(id)}`, "aria-hidden": "true" }, face);
}

// A private chat carries the person's id, but shows the bot's face.
export const chatAvatar = (chat) => avatar(chat.type === "private" ? session.snapshot.bot.id : chat.id, chat.title);

export function sender(message) {
  if (message.sender_chat) return { id: message.sender_chat.id, name: message.sender_chat.title ?? t("Channel") };
  return { id: message.from.id, name: message.from.name, isBot: message.from.is_bot };
}
