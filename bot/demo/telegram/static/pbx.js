import { get, pause, post } from "./api.js";
import { byId, el } from "./dom.js";
import { toast } from "./notices.js";
import { buildCalls } from "./pbx_calls.js";
import { buildExtensions } from "./pbx_extensions.js";
import { buildSwitches } from "./pbx_switches.js";
import { buildTrunks } from "./pbx_trunks.js";
import { counted, t } from "./words.js";

const POLL_MS = 1500;

let sections = [];
// Where the switches of the shown one are.
let path = "";

export function startPbx(pbxs) {
  if (!Object.keys(pbxs).length) return;
  build(pbxs);
  poll();
}

function build(pbxs) {
  sections = [buildTrunks(control), buildSwitches(control), buildCalls(control), buildExtensions(control)];
  byId("pbx").replaceChildren(header(pbxs), ...sections.map((section) => section.node));
}

const header = (pbxs) =>
  el(
    "header",
    { class: "pbx-header" },
    el("div", {}, el("h2", {}, t("The PBX")), Object.keys(pbxs).length > 1 ? choice(pbxs) : el("p", { id: "pbx-name" })),
    el("span", { id: "pbx-requests", class: "pbx-requests", title: t("Requests of the bot to the PBX's REST API") }),
  );

function choice(pbxs) {
  const options = Object.entries(pbxs).map(([at, name]) => el("option", { value: at, selected: at === path }, name));
  const select = el("select", { id: "pbx-name", "aria-label": t("Which PBX"), "data-testid": "pbx-choice" }, ...options);
  select.addEventListener("change", () => {
    path = select.value;
    build(pbxs);
    look().catch(() => {});
  });
  return select;
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
  const name = byId("pbx-name");
  if (name.tagName === "P") name.textContent = state.name;
  byId("pbx-requests").textContent = counted("API requests", state.requests.total);
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
