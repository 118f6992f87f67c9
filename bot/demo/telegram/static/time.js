// Times of the demo, which lives in another week than its visitor: on a Tuesday, in the zone of its PBX.
import { language, t } from "./words.js";

const { behind = "0", zone } = document.documentElement.dataset;
const zoned = zone ? { timeZone: zone } : {};

const format = (options) => {
  const formatter = new Intl.DateTimeFormat(language, { ...options, ...zoned });
  return (seconds) => formatter.format(new Date(seconds * 1000));
};

export const now = () => Date.now() / 1000 - Number(behind);

export const openedAt = now();

export const clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export const weekday = format({ weekday: "long" });

const day = format({ day: "numeric", month: "long" });

export const dayKey = format({ dateStyle: "short" });

export function dayName(seconds) {
  const key = dayKey(seconds);
  if (key === dayKey(now())) return t("Today");
  if (key === dayKey(now() - 86_400)) return t("Yesterday");
  return day(seconds);
}

const two = (number) => String(number).padStart(2, "0");

export const duration = (seconds) => `${Math.floor(seconds / 60)}:${two(Math.floor(seconds % 60))}`;
