import { get, pause, post } from "./api.js";
import { byId, el } from "./dom.js";
import { toast } from "./notices.js";
import { buildCalls } from "./pbx_calls.js";
import { buildExtensions } from "./pbx_extensions.js";
import { buildSwitches } from "./pbx_switches.js";
import { buildTrunks } from "./pbx_trunks.js";

const POLL_MS = 1500;

let sections = [];

export function startPbx() {
  sections = [buildTrunks(control), buildSwitches(control), buildCalls(control), buildExtensions(control)];
  byId("pbx").append(header(), ...sections.map((section) => section.node));
  poll();
}

const header = () =>
  el(
    "header",
    { class: "pbx-header" },
    el("div", {}, el("h2", {}, "The PBX"), el("p", { id: "pbx-name" })),
    el("span", { id: "pbx-requests", class: "pbx-requests", title: "Requests of the bot to the PBX's REST API" }),
  );

async function poll() {
  for (;;) {
    if (!document.hidden) await look().catch(() => {});
    await pause(POLL_MS);
  }
}

async function look() {
  const state = await get("control/state");
  byId("pbx-name").textContent = state.name;
  byId("pbx-requests").textContent = `${state.requests.total.toLocaleString("en")} API requests`;
  for (const section of sections) section.render(state);
}

async function control(path, body) {
  try {
    await post(`control/${path}`, body);
    await look();
  } catch (error) {
    toast(error.message);
  }
}
