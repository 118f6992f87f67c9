// Texts of the page in its language. The English text is the key; one that is not known is shown as it is.
import { RUSSIAN, RUSSIAN_COUNTS } from "./words_ru.js";

export const language = document.documentElement.lang;

const WORDS = language === "ru" ? RUSSIAN : {};
const COUNTS = {
  members: { one: "{n} member", other: "{n} members" },
  subscribers: { one: "{n} subscriber", other: "{n} subscribers" },
  unread: { other: "{n} unread" },
  "API requests": { one: "{n} API request", other: "{n} API requests" },
  ...(language === "ru" ? RUSSIAN_COUNTS : {}),
};
const PLURALS = new Intl.PluralRules(language);

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

export const t = (text, values = {}) => filled(WORDS[text] ?? text, values);

export function counted(what, n) {
  const forms = COUNTS[what];
  return filled(forms[PLURALS.select(n)] ?? forms.other, { n: n.toLocaleString(language) });
}

export const decimal = (number) => number.toLocaleString(language, { maximumFractionDigits: 1 });

// The page's own HTML is English; this module runs before any other reads it.
const SHOWN = ["aria-label", "title", "placeholder", "data-empty"];

for (const node of document.querySelectorAll("body, body *")) {
  for (const name of SHOWN.filter((name) => node.hasAttribute(name))) node.setAttribute(name, t(node.getAttribute(name)));
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE && child.data.trim()) child.data = t(child.data.trim());
  }
}
