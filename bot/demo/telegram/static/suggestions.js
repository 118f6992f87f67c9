import * as actions from "./actions.js";
import { byId, el } from "./dom.js";
import { attempt } from "./notices.js";
import { session } from "./state.js";

let highlighted = -1;
let shown = "";

function matching() {
  const typed = byId("composer").value;
  if (!/^\/\w*$/.test(typed)) return [];
  return (session.snapshot.commands ?? []).filter(({ command }) => `/${command}`.startsWith(typed.toLowerCase()));
}

export function renderSuggestions() {
  const commands = matching();
  const version = JSON.stringify(commands);
  if (version !== shown) highlighted = -1;
  shown = version;
  byId("suggestions").hidden = commands.length === 0;
  byId("suggestions").replaceChildren(...commands.map(option));
}

function option({ command, description }, index) {
  const selected = index === highlighted;
  return el(
    "li",
    {
      role: "option",
      "aria-selected": String(selected),
      "data-testid": `command-${command}`,
      // The field keeps the focus.
      onmousedown: (event) => event.preventDefault(),
      onclick: () => run(command),
    },
    el("b", {}, `/${command}`),
    el("span", {}, description),
  );
}

function run(command) {
  byId("composer").value = "";
  renderSuggestions();
  attempt(actions.send(`/${command}`));
}

// Enter sends what was typed, unless the arrows chose a command; Tab completes.
export function suggestionKey(event, write) {
  const commands = matching();
  if (!commands.length) return false;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event.key === "ArrowDown" ? 1 : -1, commands.length);
  else if (event.key === "Tab") write(`/${commands[Math.max(highlighted, 0)].command} `);
  else if (event.key === "Enter" && highlighted >= 0) run(commands[highlighted].command);
  else return false;
  event.preventDefault();
  renderSuggestions();
  return true;
}

function move(step, count) {
  const from = highlighted < 0 && step < 0 ? count : highlighted;
  highlighted = (from + step + count) % count;
}
