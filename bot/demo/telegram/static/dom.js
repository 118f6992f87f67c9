// Everything on the page is built from nodes: text that came over the wire is only ever text.

export const byId = (id) => document.getElementById(id);

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

// Keeps the nodes of unchanged items, so a click, a revealed spoiler or the focus survives a refresh.
export function keyed(container, items, { key, version = JSON.stringify, build, update }) {
  const old = new Map([...container.children].map((node) => [node.itemKey, node]));
  let place = container.firstElementChild;
  for (const item of items) {
    const itemKey = String(key(item));
    const itemVersion = version(item);
    let node = old.get(itemKey);
    old.delete(itemKey);
    if (!node || node.itemVersion !== itemVersion) {
      const fresh = Object.assign(build(item), { itemKey, itemVersion });
      if (node) {
        if (place === node) place = fresh;
        replaceKeepingFocus(node, fresh);
      }
      node = fresh;
    }
    update?.(node, item);
    if (node === place) place = place.nextElementSibling;
    else container.insertBefore(node, place);
  }
  old.forEach((node) => node.remove());
}

function replaceKeepingFocus(node, fresh) {
  const focused = node.contains(document.activeElement) && document.activeElement;
  node.replaceWith(fresh);
  if (!focused) return;
  const sameTestId = (candidate) => candidate.dataset.testid === focused.dataset.testid;
  const candidates = [fresh, ...fresh.querySelectorAll("button, a")];
  (candidates.find(sameTestId) ?? fresh.querySelector("button"))?.focus();
}
