// On narrow screens one panel is seen at a time, or two on middle ones; wide screens show all three.
function showView(view) {
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll(".views button")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === view));
  }
}

export function setUpViews() {
  for (const button of document.querySelectorAll(".views button")) {
    button.addEventListener("click", () => showView(button.dataset.view));
  }
  showView("chat");
}

const isPhone = () => matchMedia("(width <= 760px)").matches;

export const showChatOnPhone = () => isPhone() && showView("chat");

export const showPbxOnPhone = () => isPhone() && showView("pbx");
