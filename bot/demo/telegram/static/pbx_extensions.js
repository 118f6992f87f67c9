import { el, keyed } from "./dom.js";
import { t } from "./words.js";

export function buildExtensions(control) {
  const list = el("div", { class: "extensions", role: "group", "aria-label": t("Extensions") });
  return {
    node: el("section", { class: "pbx-section" }, el("h3", {}, t("Extensions")), list),
    render: (state) =>
      keyed(list, state.extensions, {
        key: (extension) => extension.number,
        build: (extension) => chip(extension, control),
      }),
  };
}

function chip({ number, name, online, busy }, control) {
  const word = busy ? "busy" : online ? "online" : "offline";
  return el(
    "button",
    {
      type: "button",
      class: "extension",
      title: `${name}: ${t(word)}`,
      "aria-label": `${number} ${name}`,
      "aria-pressed": String(online),
      "data-state": word,
      "data-testid": `extension-${number}`,
      onclick: () => control(`extensions/${number}`, { online: !online }),
    },
    number,
  );
}
