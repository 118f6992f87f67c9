import { el } from "./dom.js";
import { t } from "./words.js";

const FAULTS = {
  none: "Works",
  unplugged: "Unplugged",
  slow: "Slow",
  garbage: "Garbage",
  half_json: "Half a JSON",
  html: "An HTML page",
  php_down: "PHP is down",
  redis_down: "Redis is down",
  queue_full: "Queue is full",
  server_error: "Server error",
  cut: "Cut in the middle",
  lost_answer: "Done, but the answer is lost",
};
const SLOW_SECONDS = 8;

export function buildSwitches(control) {
  const asterisk = switchRow("asterisk-toggle", "Asterisk", (running) => control("asterisk", { running, instant: true }));
  const worker = switchRow("worker-toggle", t("API worker"), (running) => control("worker", { running }));
  const key = switchRow("key-toggle", t("API key of the bot"), (valid) => control("key", { revoked: !valid }));
  const fault = faultRow((kind) => control("fault", { kind, delay: kind === "slow" ? SLOW_SECONDS : 0 }));
  return {
    node: el("section", { class: "pbx-section" }, el("h3", {}, t("Machine")), asterisk.node, worker.node, key.node, fault.node),
    render: (state) => {
      asterisk.show(state.asterisk !== "stopped", state.asterisk);
      worker.show(state.worker === "running", state.worker);
      key.show(!state.key.revoked, state.key.revoked ? "revoked" : "valid");
      fault.show(state.fault.kind);
    },
  };
}

export function switchRow(testid, label, turn) {
  const word = el("span", { class: "switch-word" });
  const flip = () => turn(button.getAttribute("aria-checked") !== "true");
  const attributes = { type: "button", role: "switch", class: "switch", "aria-label": label, "data-testid": testid };
  const button = el("button", { ...attributes, onclick: flip });
  return {
    node: el("div", { class: "switch-row" }, el("span", {}, label), word, button),
    show: (on, text) => {
      button.setAttribute("aria-checked", String(on));
      word.textContent = t(text);
      word.classList.toggle("bad", !on);
    },
  };
}

function faultRow(choose) {
  const options = Object.entries(FAULTS).map(([kind, label]) => el("option", { value: kind }, t(label)));
  const onchange = () => {
    choose(select.value);
    select.blur();
  };
  const select = el("select", { id: "fault", "data-testid": "fault-select", onchange }, options);
  return {
    node: el("div", { class: "switch-row" }, el("label", { for: "fault" }, t("Web API")), select),
    show: (kind) => {
      if (document.activeElement !== select) select.value = kind;
      select.classList.toggle("bad", kind !== "none");
    },
  };
}
