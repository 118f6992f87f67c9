import { byId, el } from "./dom.js";
import { ApiError } from "./api.js";
import { session } from "./state.js";
import { t } from "./words.js";

const TOAST_SECONDS = 4;

export function toast(text) {
  const node = el("div", { class: "toast", role: "status", "data-testid": "toast" }, text);
  byId("toasts").append(node);
  setTimeout(() => node.remove(), TOAST_SECONDS * 1000);
}

function alertDialog(text) {
  byId("alert-text").textContent = text;
  if (!byId("alert").open) byId("alert").showModal();
}

// Person → number of the last answer shown. Answers older than the page are history, not news.
const shown = new Map();

export function renderAnswers() {
  const answers = session.snapshot.toasts ?? [];
  const newest = Math.max(0, ...answers.map((answer) => answer.seq));
  const already = shown.get(session.as) ?? newest;
  shown.set(session.as, newest);
  for (const answer of answers) {
    if (answer.seq <= already || !answer.text) continue;
    if (answer.alert) alertDialog(answer.text);
    else toast(answer.text);
  }
}

// An action of the person: refused or lost, it is told.
export async function attempt(action) {
  try {
    return await action;
  } catch (error) {
    toast(t(error instanceof ApiError ? error.message : "The server does not answer"));
    return null;
  }
}
