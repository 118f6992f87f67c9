// The first steps of a visitor, which tick themselves off. Closed, they stay closed for this run of the demo.
import * as actions from "./actions.js";
import { byId, el } from "./dom.js";
import { icon, iconButton } from "./icons.js";
import { attempt } from "./notices.js";
import { choose, isFromBot, session } from "./state.js";
import { showPbxOnPhone } from "./views.js";
import { t } from "./words.js";

const ASKED = /^\/(status|stations|статус|станции)(?![\p{L}_])/iu;

let progress = null;
let shown = "";

export function renderTour() {
  const { roles, born } = session.config;
  const operator = session.snapshot.people.find((person) => roles[person.id] === "operator");
  if (!operator) return;
  progress ??= remembered(born);
  const messages = session.snapshot.chats.flatMap((chat) => chat.messages);
  if (messages.some((message) => isFromBot(message) && isAnswer(message, messages))) tick("asked");
  if (messages.some((message) => isFromBot(message) && isTakenBy(operator, message))) tick("taken");
  draw(operator);
}

export function trunksSeen(trunks) {
  if (progress && trunks.some(({ condition }) => !["ok", "off"].includes(condition))) tick("broken");
}

const isAnswer = ({ reply_to }, messages) => messages.some(({ id, text }) => id === reply_to && ASKED.test(text));

// A figure before the name is a call of that person, in /missed.
const isTakenBy = ({ first_name, last_name }, { text }) => {
  const name = [first_name, last_name].join(" ");
  return text.split("\n").some((line) => line.includes(name) && /^✅\D*$/u.test(line.split(name)[0]));
};

const place = (born) => `first-steps-${born}`;

function remembered(born) {
  return JSON.parse(localStorage.getItem(place(born)) ?? "{}");
}

function tick(step) {
  if (progress[step]) return;
  progress[step] = true;
  localStorage.setItem(place(session.config.born), JSON.stringify(progress));
}

function draw(operator) {
  byId("tour").hidden = Boolean(progress.closed);
  const version = JSON.stringify(progress);
  if (version === shown) return;
  shown = version;
  const command = Object.keys(session.config.pbxs).length > 1 ? "/stations" : "/status";
  const steps = [
    ["asked", t("Ask the bot: {command}", { command }), () => attempt(actions.send(command))],
    ["broken", t("Break a trunk of the PBX"), showBreak],
    ["taken", t("Be {name} and press “I'm on it”", { name: operator.first_name }), () => attempt(choose({ as: operator.id }))],
  ];
  const isOver = steps.every(([step]) => progress[step]);
  const close = () => {
    tick("closed");
    draw(operator);
  };
  byId("tour").replaceChildren(
    el("h2", {}, t("First steps")),
    iconButton("close", t("Close"), close, "tour-close"),
    el("ol", {}, steps.map(row)),
    ...(isOver ? [el("p", {}, t("Done: somebody knows, and somebody is on it. Mend the trunk. Then fill the disk under Health and ask /pbx; /help has the rest."))] : []),
  );
}

function row([step, text, act], index) {
  const attributes = { type: "button", "data-testid": `tour-${step}`, "data-done": String(Boolean(progress[step])), onclick: act };
  const mark = progress[step] ? icon("done") : String(index + 1);
  return el("li", {}, el("button", attributes, el("span", { class: "tick" }, mark), text));
}

function showBreak() {
  showPbxOnPhone();
  const button = document.querySelector(".toggle.break");
  button?.scrollIntoView({ block: "center" });
  button?.focus();
  button?.classList.remove("pointed");
  requestAnimationFrame(() => button?.classList.add("pointed"));
}
