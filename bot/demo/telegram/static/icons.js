import { el } from "./dom.js";

const ICONS = {
  send: "M3 20.5v-6.8L12.5 12 3 10.3V3.5L22 12z",
  attach: "M16.5 6v11.2a4.2 4.2 0 0 1-8.4 0V5a2.7 2.7 0 0 1 5.4 0v10.6a1.1 1.1 0 0 1-2.2 0V6H9.8v9.6a2.6 2.6 0 0 0 5.2 0V5a4.2 4.2 0 0 0-8.4 0v12.2a5.7 5.7 0 0 0 11.4 0V6z",
  reply: "M10 9V5l-7 7 7 7v-4.1c5 0 8.5 1.6 11 5.1-1-5-4-10-11-11z",
  edit: "M3 17.2V21h3.8L17.8 10 14 6.2zM20.7 7a1 1 0 0 0 0-1.4L18.4 3.3a1 1 0 0 0-1.4 0L15.1 5.1l3.8 3.8z",
  remove: "M6 19a2 2 0 0 0 2 2h8a2 2 0 0 0 2-2V8H6zM19 5h-3.5l-1-1h-5l-1 1H5v2h14z",
  close: "M18.3 5.7 12 12l6.3 6.3-1.4 1.4L10.6 13.4 4.3 19.7 2.9 18.3 9.2 12 2.9 5.7 4.3 4.3l6.3 6.3 6.3-6.3z",
  file: "M6 2h8l6 6v12a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2zm7 2v5h5z",
  done: "M9.2 17.6 3.8 12.2l1.9-1.9 3.5 3.5 9.1-9.1 1.9 1.9z",
  down: "M12 16.5 4.5 9l1.4-1.4L12 13.7l6.1-6.1L19.5 9z",
  silent: "M12 22a2 2 0 0 0 2-2h-4a2 2 0 0 0 2 2zm6-11c0-3.1-1.6-5.6-4.5-6.3V4a1.5 1.5 0 0 0-3 0v.7c-.5.1-1 .3-1.4.6L18 14.2zM3.3 2 2 3.3l5 5c-.7 1-1 1.8-1 2.7v5l-2 2v1h13.7l2 2 1.3-1.3z",
  lock: "M18 9h-1V7A5 5 0 0 0 7 7v2H6a2 2 0 0 0-2 2v9a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-9a2 2 0 0 0-2-2zM9 7a3 3 0 0 1 6 0v2H9z",
  copy: "M8 3h11a2 2 0 0 1 2 2v11h-2V5H8zM5 7h9a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2zm0 2v10h9V9z",
  link: "M7 5h12v12h-2V8.4L6.4 19 5 17.6 15.6 7H7z",
  phone: "M8 3C5.5 3 3 5.5 3 8.5 3 15.4 8.6 21 15.5 21c3 0 5.5-2.5 5.5-5 0-.5-.3-1-.8-1.2l-4-1.7a1.3 1.3 0 0 0-1.5.4l-1.4 1.7a12 12 0 0 1-4.5-4.5l1.7-1.4c.4-.4.6-1 .4-1.5l-1.7-4C9 3.3 8.5 3 8 3z",
  more: "M6 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4zm6 0a2 2 0 1 0 0 4 2 2 0 0 0 0-4zm6 0a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  people: "M8 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm8.5-.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM8 14c-3 0-7 1.5-7 4.5V20h14v-1.5c0-3-4-4.5-7-4.5zm8.5 0-1.3.1c1.1.9 1.8 2.2 1.8 4.4V20h6v-1.5c0-3-3.5-4.5-6.5-4.5z",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export function iconButton(name, label, onclick, testid) {
  const attributes = { type: "button", class: "icon-button", title: label, "aria-label": label, "data-testid": testid };
  return el("button", { ...attributes, onclick }, icon(name));
}
