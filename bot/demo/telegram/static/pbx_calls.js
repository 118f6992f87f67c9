import { el, keyed } from "./dom.js";
import { icon, iconButton } from "./icons.js";
import { duration } from "./time.js";
import { t } from "./words.js";

const RING_SECONDS = 8;
const TALK_SECONDS = 90;

export function buildCalls(control) {
  const list = el("ul", { class: "calls" });
  const empty = el("p", { class: "nothing" }, t("Nobody is talking"));
  let state = null;
  const start = el(
    "button",
    { type: "button", class: "chip", "data-testid": "call-start", onclick: () => control("calls", incomingCall(state)) },
    icon("phone"),
    t("Incoming call"),
  );
  const head = el("div", { class: "section-head" }, el("h3", {}, t("Calls")), start);
  return {
    node: el("section", { class: "pbx-section" }, head, list, empty),
    render: (fresh) => {
      state = fresh;
      const calls = fresh.calls.filter((call) => call.state !== "ended");
      empty.hidden = calls.length > 0;
      keyed(list, calls, {
        key: (call) => call.linkedid,
        version: ({ seconds, ...rest }) => JSON.stringify(rest),
        build: (call) => callRow(call, control),
        update: (node, call) => (node.querySelector(".call-time").textContent = duration(call.seconds)),
      });
    },
  };
}

function incomingCall({ trunks, extensions }) {
  const free = extensions.find(({ online, busy }) => online && !busy) ?? extensions[0];
  const trunk = trunks.find(({ condition }) => condition === "ok") ?? trunks[0];
  const subscriber = String(Math.floor(Math.random() * 10_000_000)).padStart(7, "0");
  return {
    kind: "incoming",
    src: `+7916${subscriber}`,
    dst: free?.number,
    trunk: trunk?.id,
    answer: true,
    ring_seconds: RING_SECONDS,
    talk_seconds: TALK_SECONDS,
  };
}

function callRow({ linkedid, src, dst, state }, control) {
  const act = (verb) => () => control(`calls/${linkedid}/${verb}`, {});
  return el(
    "li",
    { class: "call", "data-testid": `call-${linkedid}`, "data-state": state },
    el("span", { class: "call-parties" }, `${src} → ${dst}`),
    el("span", { class: "call-state" }, t(state), " ", el("span", { class: "call-time" })),
    state === "ringing" && iconButton("phone", t("Answer"), act("answer"), "call-answer"),
    iconButton("close", t("Hang up"), act("hangup"), "call-hangup"),
  );
}
