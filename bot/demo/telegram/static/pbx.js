import { get, pause, post } from "./api.js";
import { byId, el } from "./dom.js";
import { toast } from "./notices.js";
import { buildCalls } from "./pbx_calls.js";
import { buildChoice } from "./pbx_choice.js";
import { buildExtensions } from "./pbx_extensions.js";
import { buildHealth } from "./pbx_health.js";
import { buildSwitches } from "./pbx_switches.js";
import { buildTrunks } from "./pbx_trunks.js";
import { clock, now, weekday } from "./time.js";
import { trunksSeen } from "./tour.js";
import { counted, t } from "./words.js";

const POLL_MS = 1500;

let sections = [];
// Where the switches of the shown one are.
let path = "";

export function startPbx(pbxs) {
  if (!Object.keys(pbxs).length) return;
  const body = el("div");
  byId("pbx").replaceChildren(header(pbxs, body), body);
  build(body);
  poll();
}

function build(body) {
  const builders = [buildTrunks, buildHealth, buildSwitches, buildCalls, buildExtensions];
  sections = builders.map((section) => section(control));
  body.replaceChildren(...sections.map((section) => section.node));
}

function header(pbxs, body) {
  const choose = (chosen) => {
    path = chosen;
    build(body);
    look().catch(() => {});
  };
  const names = Object.values(pbxs);
  return el(
    "header",
    { class: "pbx-header" },
    el("h2", {}, t("The PBX")),
    el("span", { id: "pbx-requests", class: "pbx-requests", title: t("Requests of the bot to the PBX's REST API") }),
    names.length > 1 ? buildChoice(pbxs, choose) : el("p", {}, names[0]),
    el("time", { id: "pbx-time", class: "pbx-requests", title: t("The time of the PBX") }),
  );
}

const at = () => (path ? `${path.slice(1)}/` : "");

async function poll() {
  for (;;) {
    if (!document.hidden) await look().catch(() => {});
    await pause(POLL_MS);
  }
}

async function look() {
  const asked = path;
  const state = await get(`${at()}control/state`);
  if (asked !== path) return;
  byId("pbx-requests").textContent = counted("API requests", state.requests.total);
  byId("pbx-time").textContent = `${weekday(now())}, ${clock(now())}`;
  trunksSeen(state.trunks);
  for (const section of sections) section.render(state);
}

async function control(what, body) {
  try {
    await post(`${at()}control/${what}`, body);
    await look();
  } catch (error) {
    toast(t(error.message));
  }
}
