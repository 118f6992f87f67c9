import { el } from "./dom.js";
import { t } from "./words.js";

// From this many on they are found by a part of their name.
const MANY = 10;

export function buildChoice(pbxs, choose) {
  const all = Object.entries(pbxs);
  const select = el("select", { id: "pbx-name", "aria-label": t("Which PBX"), "data-testid": "pbx-choice" });
  select.addEventListener("change", () => choose(select.value));
  const offer = (wanted) => {
    const chosen = select.value;
    const found = all.filter(([at, name]) => at === chosen || name.toLowerCase().includes(wanted.trim().toLowerCase()));
    select.replaceChildren(...found.map(([at, name]) => el("option", { value: at, selected: at === chosen }, name)));
    return found.map(([at]) => at).filter((at) => at !== chosen);
  };
  offer("");
  if (all.length < MANY) return el("div", { class: "pbx-choice" }, select);
  const search = el("input", { type: "search", placeholder: t("Find a PBX"), "aria-label": t("Find a PBX"), "data-testid": "pbx-search" });
  const take = () => {
    const [first] = offer(search.value);
    if (first === undefined) return;
    select.value = first;
    search.value = "";
    offer("");
    choose(first);
  };
  search.addEventListener("input", () => offer(search.value));
  search.addEventListener("keydown", (event) => event.key === "Enter" && take());
  return el("div", { class: "pbx-choice" }, select, search);
}
