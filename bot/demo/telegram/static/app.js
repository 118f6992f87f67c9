import { ApiError, get, pause } from "./api.js";
import { renderSidebar } from "./chats.js";
import { renderComposer, setUpComposer } from "./composer.js";
import { renderHeader } from "./header.js";
import { renderHistory, setUpHistory } from "./history.js";
import { renderAnswers } from "./notices.js";
import { startPbx } from "./pbx.js";
import { byId } from "./dom.js";
import { changed, onChange, readHash, refresh, session } from "./state.js";
import { markSeen } from "./unread.js";
import { renderTour } from "./tour.js";
import { setUpViews } from "./views.js";
import { t } from "./words.js";

const RETRY_MS = 1000;

function render() {
  byId("connection").hidden = session.connected;
  // Another person was chosen and the answer is still under way: what one saw must not count as seen by the other.
  if (session.snapshot?.me.id !== session.as) return;
  markSeen();
  renderSidebar();
  renderHeader();
  renderHistory();
  renderComposer();
  renderAnswers();
  renderTour();
}

async function listen() {
  for (;;) {
    try {
      await refresh();
      await news();
    } catch (error) {
      if (!(error instanceof ApiError)) console.info("No answer, trying again:", error.message);
      session.connected = false;
      changed();
      await pause(RETRY_MS);
    }
  }
}

async function news() {
  const before = session.snapshot.seq;
  for (;;) {
    const { seq } = await get(`client/wait?after=${before}&timeout=25`);
    if (seq !== before) return;
  }
}

async function configure() {
  const config = await get("client/config").catch(() => null);
  if (!config) {
    await pause(RETRY_MS);
    return configure();
  }
  session.config = config;
  changed();
  document.title = t(config.title);
  document.body.classList.toggle("with-pbx", Object.keys(config.pbxs).length > 0);
  startPbx(config.pbxs);
}

readHash();
addEventListener("hashchange", () => {
  readHash();
  refresh().catch(() => {});
});
document.addEventListener("visibilitychange", changed);
onChange(render);
setUpViews();
setUpHistory();
setUpComposer();
configure();
listen();
