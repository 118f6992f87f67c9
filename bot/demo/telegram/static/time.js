import { language, t } from "./words.js";

const two = (number) => String(number).padStart(2, "0");

const local = (seconds) => new Date(seconds * 1000);

export function clock(seconds) {
  const date = local(seconds);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

export const dayKey = (seconds) => local(seconds).toDateString();

export function dayName(seconds) {
  const key = dayKey(seconds);
  if (key === new Date().toDateString()) return t("Today");
  if (key === new Date(Date.now() - 86_400_000).toDateString()) return t("Yesterday");
  return local(seconds).toLocaleDateString(language, { day: "numeric", month: "long" });
}

export const duration = (seconds) => `${Math.floor(seconds / 60)}:${two(Math.floor(seconds % 60))}`;
