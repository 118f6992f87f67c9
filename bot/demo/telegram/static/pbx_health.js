import { el } from "./dom.js";
import { switchRow } from "./pbx_switches.js";
import { t } from "./words.js";

const HEALTH = {
  roomy: "has room",
  full: "nearly full",
  changed: "changed",
  default: "default",
  nobody: "nobody",
  banned: "the bot too",
};
const RELEASES = { old: "2026.1", current: "2026.9" };
const DISK_MB = { total: 51_200, full: 400, roomy: 35_840 };
// 5 % of it is little, as the bot sees it.
const LITTLE = 0.05;
const DEFAULT_PASSWORD = {
  error: [
    {
      messageTpl: "adv_YouUseDefaultWebPassword",
      messageParams: { url: "/admin-cabinet/general-settings/modify/#/passwords" },
    },
  ],
};
// The bot's own machine, and somebody else.
const TO_BAN = ["127.0.0.1", "203.0.113.7"];

export function buildHealth(control) {
  const disk = switchRow("disk-toggle", t("Disk"), (roomy) =>
    control("disk", { total: DISK_MB.total, free: roomy ? DISK_MB.roomy : DISK_MB.full }),
  );
  const password = switchRow("password-toggle", t("Web password"), (changed) =>
    control("advice", { advice: changed ? {} : DEFAULT_PASSWORD }),
  );
  const bans = switchRow("bans-toggle", t("Banned addresses"), async (none) => {
    for (const address of TO_BAN) await control("banned", { address, banned: !none });
  });
  const release = switchRow("release-toggle", t("Release (restarts the PBX)"), (current) =>
    control("dialect", { release: current ? RELEASES.current : RELEASES.old, restarts: true }),
  );
  return {
    node: el("section", { class: "pbx-section" }, el("h3", {}, t("Health")), disk.node, password.node, bans.node, release.node),
    render: (state) => {
      const isRoomy = state.disk.free >= LITTLE * state.disk.total;
      disk.show(isRoomy, isRoomy ? HEALTH.roomy : HEALTH.full);
      const isChanged = !state.advice.length;
      password.show(isChanged, isChanged ? HEALTH.changed : HEALTH.default);
      const isNobody = !state.banned.length;
      bans.show(isNobody, isNobody ? HEALTH.nobody : state.banned.includes(TO_BAN[0]) ? HEALTH.banned : String(state.banned.length));
      release.show(state.dialect === RELEASES.current, state.restarting ? "starting" : state.dialect);
    },
  };
}
