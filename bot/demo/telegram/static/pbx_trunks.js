import { el, keyed } from "./dom.js";
import { icon } from "./icons.js";
import { decimal, t } from "./words.js";

const WAYS_TO_BREAK = {
  provider_dead: "Provider dies",
  provider_silent: "Provider falls silent",
  no_answer_to_qualify: "Half out: ignores OPTIONS",
  wrong_password: "Wrong password",
  unregistered: "Unregistered",
  lagged: "Line lags",
  weird_state: "Unheard-of state",
  off: "Disable",
  deleted: "Delete",
};

export function buildTrunks(control) {
  const list = el("ul", { class: "trunks" });
  const empty = el("p", { class: "nothing" }, t("No trunks"));
  const restorable = el("div", { class: "restorable" });
  const deleted = new Map();
  let trunks = [];
  let open = null;

  const render = () => {
    empty.hidden = trunks.length > 0;
    const gone = [...deleted.values()].filter(({ name }) => !trunks.some((trunk) => trunk.name === name));
    keyed(restorable, gone, { key: ({ id }) => id, build: (trunk) => restoreChip(trunk, control) });
    keyed(list, trunks.map((trunk) => ({ ...trunk, open: trunk.id === open })), {
      key: (trunk) => trunk.id,
      version: ({ rtt, ...rest }) => JSON.stringify(rest),
      build: (trunk) => row(trunk, setCondition, toggleMenu),
      update: (node, trunk) => (node.querySelector(".rtt").textContent = trunk.rtt == null ? "" : `${decimal(trunk.rtt)} ${t("ms")}`),
    });
  };
  const toggleMenu = (id) => {
    open = open === id ? null : id;
    render();
  };
  const setCondition = (id, condition) => {
    if (condition === "deleted") deleted.set(id, trunks.find((trunk) => trunk.id === id));
    open = null;
    render();
    control(`trunks/${id}`, { condition, instant: true });
  };
  return {
    node: el("section", { class: "pbx-section" }, el("h3", {}, t("Trunks")), list, empty, restorable),
    render: (state) => {
      trunks = state.trunks;
      render();
    },
  };
}

function restoreChip({ id, name, host, username, type, registration }, control) {
  const restore = () => control("trunks", { name, host, username, type, registration });
  const attributes = { type: "button", class: "chip", "data-testid": `trunk-restore-${id}` };
  return el("button", { ...attributes, onclick: restore }, t("Add {name} again", { name }));
}

// The colours of the page follow the same reading of the PBX's words as a careful administrator's.
function health({ state, contactStatus, disabled }) {
  const word = state.toLowerCase();
  if (disabled || word === "off") return "off";
  if (word === "lagged") return "degraded";
  if (word === "registered" || word === "ok") return contactStatus === "Unreachable" ? "degraded" : "up";
  // Registered, and the contact does not answer: the newer release has a word of its own for it.
  if (word === "unreachable" && contactStatus) return "degraded";
  return ["unregistered", "rejected", "unreachable"].includes(word) ? "down" : "unknown";
}

function row(trunk, setCondition, toggleMenu) {
  const { id, name, state, host, condition, open } = trunk;
  return el(
    "li",
    {
      class: "trunk",
      "data-testid": `trunk-${id}`,
      "data-state": state,
      "data-health": health(trunk),
      "data-condition": condition,
    },
    el("span", { class: "dot", role: "img", "aria-label": t(health(trunk)) }),
    el(
      "div",
      { class: "trunk-text" },
      el("b", { title: name }, name),
      el("span", { class: "trunk-state" }, el("span", { class: "word" }, t(state || "no state")), el("span", { class: "rtt" })),
      el("span", { class: "host" }, host || `${trunk.type.toUpperCase()}, ${t(trunk.registration)}`),
    ),
    el("div", { class: "trunk-buttons" }, toggle(trunk, setCondition), menuButton(trunk, toggleMenu)),
    open && menu(trunk, setCondition),
  );
}

function toggle({ id, name, condition }, setCondition) {
  const broken = condition !== "ok";
  const [word, next] = broken ? ["Mend", "ok"] : ["Break", "provider_dead"];
  return el(
    "button",
    {
      type: "button",
      class: `toggle ${word.toLowerCase()}`,
      "data-testid": `trunk-${word.toLowerCase()}-${id}`,
      "aria-label": `${t(word)} ${name}`,
      onclick: () => setCondition(id, next),
    },
    t(word),
  );
}

const menuButton = ({ id, name, open }, toggleMenu) =>
  el(
    "button",
    {
      type: "button",
      class: "icon-button",
      title: t("More ways to break it"),
      "aria-label": t("More ways to break {name}", { name }),
      "aria-expanded": String(open),
      "data-testid": `trunk-menu-${id}`,
      onclick: () => toggleMenu(id),
    },
    icon("more"),
  );

function menu({ id, condition }, setCondition) {
  const choice = ([way, label]) =>
    el(
      "button",
      {
        type: "button",
        class: way === "deleted" ? "chip danger" : "chip",
        "aria-pressed": String(way === condition),
        "data-testid": `trunk-condition-${id}-${way}`,
        onclick: () => setCondition(id, way),
      },
      t(label),
    );
  const attributes = { class: "trunk-menu", role: "group", "aria-label": t("Ways to break it") };
  return el("div", attributes, Object.entries(WAYS_TO_BREAK).map(choice));
}
