import * as actions from "./actions.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { attempt, toast } from "./notices.js";
import { changed } from "./state.js";
import { t } from "./words.js";

// "chat:message:row:column" of the buttons whose answer has not come yet.
const waiting = new Set();

export const isPressing = (chat, message) => [...waiting].filter((key) => key.startsWith(`${chat}:${message.id}:`));

export function buildKeyboard(rows, chat, message) {
  const buildRow = (buttons, row) => {
    const built = buttons.map((button, column) => buildButton(button, { chat, message, row, column }));
    return el("div", { class: "keyboard-row" }, built);
  };
  return el("div", { class: "keyboard" }, rows.map(buildRow));
}

function buildButton(button, position) {
  const { chat, message, row, column } = position;
  const busy = waiting.has(`${chat}:${message}:${row}:${column}`);
  const style = button.style ? ` ${button.style}` : "";
  const attributes = { class: `inline-button${style}`, "data-testid": "inline-button", "data-row": row, "data-column": column };
  if (button.kind === "url") {
    const address = { href: safe(button.url), target: "_blank", rel: "noopener noreferrer" };
    return el("a", { ...attributes, ...address }, button.text, icon("link"));
  }
  if (button.kind === "copy") {
    return el("button", { ...attributes, type: "button", onclick: () => copy(button.copies) }, button.text, icon("copy"));
  }
  return el(
    "button",
    { ...attributes, type: "button", "aria-busy": String(busy), onclick: () => press(position) },
    el("span", {}, button.text),
    busy && el("span", { class: "spinner", "aria-label": t("waiting for the bot") }),
  );
}

const safe = (url) => (/^(https?|tg):/i.test(url) ? url : "#");

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`Copied: ${text}`);
  } catch {
    // A browser gives the clipboard to pages of the machine itself and of https only.
    toast(`The browser does not let this page copy: ${text}`);
  }
}

async function press({ chat, message, row, column }) {
  const key = `${chat}:${message}:${row}:${column}`;
  if (waiting.has(key)) return;
  waiting.add(key);
  changed();
  // The answer's text arrives with the state's toasts, also when it comes later than this call waits.
  await attempt(actions.press({ chat, message, row, column }));
  waiting.delete(key);
  changed();
}
