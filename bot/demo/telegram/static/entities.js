import { el } from "./dom.js";
import { t } from "./words.js";

// Offsets of Bot API entities count UTF-16 units, and so do JavaScript's strings.
export function formatted(text, entities, sendCommand) {
  const ordered = [...(entities ?? [])].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const fragment = document.createDocumentFragment();
  fill(fragment, text, 0, text.length, ordered, sendCommand);
  return fragment;
}

function fill(parent, text, start, end, entities, sendCommand) {
  let position = start;
  while (entities.length && entities[0].offset < end) {
    const entity = entities.shift();
    const from = Math.max(entity.offset, position);
    const to = Math.min(entity.offset + entity.length, end);
    if (to <= from) continue;
    parent.append(text.slice(position, from));
    const node = element(entity, text.slice(from, to), sendCommand);
    fill(node, text, from, to, entities, sendCommand);
    parent.append(node);
    position = to;
    if (isBlock(entity) && text[position] === "\n") position += 1;
  }
  parent.append(text.slice(position, end));
}

const isBlock = ({ type }) => type === "pre" || type.endsWith("blockquote");

const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code" };

function element(entity, content, sendCommand) {
  switch (entity.type) {
    case "spoiler":
      return spoiler();
    case "pre":
      return el("pre", { "data-language": entity.language });
    case "blockquote":
      return el("blockquote");
    case "expandable_blockquote":
      return expandable();
    case "text_link":
      return link(entity.url);
    case "url":
      return link(/^[a-z][a-z0-9+.-]*:/i.test(content) ? content : `https://${content}`);
    case "email":
      return link(`mailto:${content}`);
    case "phone_number":
      return link(`tel:${content.replace(/[^+\d]/g, "")}`);
    case "bot_command":
      return el("button", { type: "button", class: "link", onclick: () => sendCommand(content) });
    case "mention":
    case "text_mention":
    case "hashtag":
    case "cashtag":
      return el("span", { class: "link" });
    default:
      return el(TAGS[entity.type] ?? "span");
  }
}

const SAFE_PROTOCOLS = new Set(["http:", "https:", "mailto:", "tel:", "tg:"]);

function link(address) {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !SAFE_PROTOCOLS.has(url.protocol)) return el("span");
  return el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" });
}

function spoiler() {
  const reveal = (event) => {
    if (event.type === "keydown" && event.key !== "Enter") return;
    event.currentTarget.classList.add("revealed");
  };
  const attributes = { class: "spoiler", role: "button", tabindex: "0", title: t("Show the hidden text") };
  return el("span", { ...attributes, onclick: reveal, onkeydown: reveal });
}

function expandable() {
  const toggle = (event) => event.currentTarget.classList.toggle("expanded");
  return el("blockquote", { class: "expandable", title: t("Show more"), onclick: toggle });
}
