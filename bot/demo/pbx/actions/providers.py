"""Reads of trunks: lists, states with their ten-second cache, one trunk's state, history and statistics."""

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.demo.pbx import seed
from bot.demo.pbx.registration.trunk_figures import figures, midnight
from bot.demo.pbx.registration.trunks import SECRET_MASK, ProviderRecord, events, statistics, status
from bot.demo.pbx.telephony import local_time
from bot.demo.pbx.web.envelope import ActionCall, ActionResult, refused

if TYPE_CHECKING:
    from bot.demo.pbx.world import StandinPbx

_PROCESSOR = "Providers\\{}Action::main"
STATUS_CACHE_SECONDS = 10
_ASTERISK_DOWN_COST = 6.3
# Words of another version of Asterisk.
_SHORT_WORDS = {"Reachable": "Avail", "Unreachable": "Unavail", "NonQualified": "NonQual"}
_PROBLEMS = ("rejected", "unregistered", "unreachable", "lagged")
_LIST_FIELDS = ("type", "note", "disabled", "username", "host", "registration_type", "transport", "port")


def told(answer: ActionResult, function: str, action: str) -> ActionResult:
    return replace(answer, function=function, processor=_PROCESSOR.format(action), cost=answer.cost or 0.02)


def masked(trunk: ProviderRecord) -> dict[str, object]:
    """Return the record as in the API: only the secret of an outbound trunk is masked."""
    record = {"id": trunk.id} | copy.deepcopy(trunk.record)
    if trunk.registration == "outbound" and record["secret"]:
        record["secret"] = SECRET_MASK
    if trunk.is_iax:
        record.pop("transport", None)
    return record


@dataclass(frozen=True)
class ProviderActions:
    pbx: "StandinPbx"

    def get_list(self, call: ActionCall) -> ActionResult:
        everything = call.params.get("includeDisabled") == "true"
        shown = [trunk for trunk in self.pbx.trunks.values() if everything or not trunk.disabled]
        return told(ActionResult([_row(trunk) for trunk in shown]), "getList", "GetList")

    def get_record(self, call: ActionCall) -> ActionResult:
        trunk = self.pbx.trunks.get(call.id)
        answer = ActionResult(masked(trunk)) if trunk else refused(["Provider not found"])
        return told(answer, "getRecord", "GetRecord")

    def get_default(self, call: ActionCall) -> ActionResult:
        kind = "IAX" if call.resource == "iax-providers" else "SIP"
        record = {"id": self.pbx.new_trunk_id(kind)} | copy.deepcopy(seed.TRUNK_DEFAULTS)
        return told(ActionResult(record | {"type": kind, "transport": "UDP"}), "getDefault", "GetRecord")

    def copy_record(self, call: ActionCall) -> ActionResult:
        trunk = self.pbx.trunks.get(call.id)
        if trunk is None:
            return told(refused(["Provider not found"]), "copy", "CopyRecord")
        twin = {
            "id": "",
            "username": f"{trunk.text('username')}_copy",
            "description": f"copy of {trunk.text('description')}",
        }
        return told(ActionResult({"id": ""} | copy.deepcopy(trunk.record) | twin), "copy", "CopyRecord")

    def get_for_select(self, call: ActionCall) -> ActionResult:
        options = [
            {
                "value": trunk.id,
                "text": _represent(trunk),
                "id": trunk.id,
                "type": trunk.record["type"],
                "disabled": trunk.disabled,
            }
            for trunk in self.pbx.trunks.values()
        ]
        return told(ActionResult(options), "getForSelect", "GetForSelect")

    def get_statuses(self, call: ActionCall) -> ActionResult:
        now, cache = self.pbx.now(), self.pbx.status_cache
        forced = call.params.get("forceCheck") in ("true", "1", True)
        if cache and not forced and now - cache.at < STATUS_CACHE_SECONDS / self.pbx.speed:
            return told(
                ActionResult(cache.value, {"info": ["Using cached data (fresh)"]}), "getStatuses", "GetAllStatuses"
            )
        fresh: dict[str, dict[str, object]] = {"sip": {}, "iax": {}}
        for trunk in self.pbx.trunks.values():
            if not (trunk.is_iax and self.pbx.hides_iax()):
                fresh["iax" if trunk.is_iax else "sip"][trunk.id] = self._status(trunk, now)
        self.pbx.cache_statuses(fresh)
        messages = {"info": ["Force check completed, cache updated"]} if forced else {}
        cost = 0.03 if self.pbx.asterisk_running else _ASTERISK_DOWN_COST
        return told(ActionResult(fresh, messages, cost=cost), "getStatuses", "GetAllStatuses")

    def get_status(self, call: ActionCall) -> ActionResult:
        trunk = self.pbx.trunks.get(call.id)
        answer = (
            refused(["Provider not found"]) if trunk is None else ActionResult(self._detailed(trunk), cost=self._live())
        )
        return told(answer, "getStatus", "GetStatusById")

    def get_iax_registry(self, call: ActionCall) -> ActionResult:
        """Return registrations. Measured: with a registering IAX trunk it fails, with a plain list as messages."""
        processor = "Iax\\GetRegistryAction::main"
        if self.pbx.hides_iax():
            failed = ActionResult(messages=['Undefined array key "Addr"'], result=False, status=422)
            return replace(failed, function="getRegistry", processor=processor)
        now = self.pbx.now()
        registering = [trunk for trunk in self.pbx.trunks.values() if trunk.is_iax and trunk.registration == "outbound"]
        rows = [
            {
                "id": trunk.id,
                "state": observed_state.state.upper(),
                "host": trunk.text("host"),
                "username": trunk.text("username"),
            }
            for trunk in registering
            if self.pbx.asterisk_running and (observed_state := trunk.in_asterisk(now))
        ]
        return ActionResult(rows, function="getRegistry", processor=processor)

    def force_check(self, call: ActionCall) -> ActionResult:
        trunk = self.pbx.trunks.get(call.id)
        messages: dict[str, object] = {"info": ["Provider check requested"]}
        if trunk is None:
            messages["error"] = ["Provider not found"]
            return told(ActionResult(messages=messages, result=False, status=422), "forceCheck", "GetStatusById")
        return told(
            ActionResult(self._detailed(trunk), messages, cost=0.5 + self._live()), "forceCheck", "GetStatusById"
        )

    def get_history(self, call: ActionCall) -> ActionResult:
        asked = str(call.params.get("limit", ""))
        limit = max(1, min(1000, int(asked))) if asked.isdigit() else 100
        trunk = self.pbx.trunks.get(call.id)
        now, zone = self.pbx.now(), self.pbx.zone
        told_events = events(trunk, now, zone, self.pbx.dialect) if trunk and not self._untold(trunk) else []
        shown = [
            event | {"datetime": event["date"], "timeAgo": local_time.ago(now - int(str(event["timestamp"])))}
            for event in told_events[:limit]
        ]
        data = {
            "provider": _provider(trunk) if trunk else {},
            "events": shown,
            "count": len(shown),
            "limit": limit,
            "statistics": _history_statistics(shown),
            "totalAvailable": len(told_events),
        }
        return told(ActionResult(data), "getHistory", "GetHistory")

    def get_stats(self, call: ActionCall) -> ActionResult:
        trunk = self.pbx.trunks.get(call.id)
        if trunk is None:
            return told(refused(["pr_StatsProviderNotFound"]), "getStats", "GetStats")
        asked = str(call.params.get("days", ""))
        days = max(1, min(30, int(asked))) if asked.isdigit() else 30
        data = {"provider": _provider(trunk)} | figures(trunk, days, self.pbx.now(), self.pbx.zone, self.pbx.dialect)
        return told(ActionResult(data), "getStats", "GetStats")

    def _status(self, trunk: ProviderRecord, now: float) -> dict[str, object]:
        whole = status(trunk, now, self.pbx.dialect)
        if self.pbx.short_words and "contactStatus" in whole:
            whole["contactStatus"] = _SHORT_WORDS[str(whole["contactStatus"])]
        return whole

    def _untold(self, trunk: ProviderRecord) -> bool:
        return trunk.is_iax and self.pbx.hides_iax()

    def _live(self) -> float:
        return 0.04 if self.pbx.asterisk_running else _ASTERISK_DOWN_COST

    def _detailed(self, trunk: ProviderRecord) -> dict[str, object]:
        """Return a state with the last ten events, never from the cache."""
        if self._untold(trunk):
            return _nothing_known(trunk)
        now, zone, dialect = self.pbx.now(), self.pbx.zone, self.pbx.dialect
        whole = self._status(trunk, now)
        recent = events(trunk, now, zone, dialect)[:10]
        problem = {}
        if whole["state"] in _PROBLEMS:
            started = whole["stateStartTime"]
            checks = max(1, (int(now) - int(str(started))) // 30)
            problem = {
                "currentProblem": {
                    "startTime": started,
                    "state": whole["state"],
                    "lastCheck": int(now),
                    "checkCount": checks,
                }
            }
        times = {
            f"{name}Formatted": local_time.seconds_text(int(str(whole[name])), zone)
            for name in ("lastUpdate", "lastChange", "stateStartTime")
        }
        today = statistics(trunk, midnight(now, zone), now, dialect)
        return whole | {"recentEvents": recent} | problem | {"statistics": today} | times


def _nothing_known(trunk: ProviderRecord) -> dict[str, object]:
    """Return the answer for an IAX trunk that registers. Measured: untranslated keys instead of texts."""
    nothing = {"totalChecks": 0, "successCount": 0, "failureCount": 0, "availability": 0}
    return {
        "id": trunk.id,
        "type": trunk.text("type").lower(),
        "state": "UNKNOWN",
        "stateText": "pr_ProviderStateUnknown",
        "stateColor": "grey",
        "stateIcon": "question",
        "stateDescription": "pr_ProviderStateUnknownDesc",
        "description": trunk.text("description"),
        "host": trunk.text("host"),
        "username": trunk.text("username"),
        "message": "No status data available",
        "statistics": nothing | dict.fromkeys(("averageRtt", "maxRtt", "minRtt")),
    }


def _represent(trunk: ProviderRecord) -> str:
    return f'<i class="server icon"></i> {trunk.text("type")}: {trunk.text("description")}'


def _row(trunk: ProviderRecord) -> dict[str, object]:
    fields = {name: trunk.record[name] for name in _LIST_FIELDS if not (trunk.is_iax and name == "transport")}
    return (
        {"id": trunk.id, "represent": _represent(trunk)}
        | fields
        | {"statusClass": "", "search_index": trunk.text("username").lower()}
    )


def _provider(trunk: ProviderRecord) -> dict[str, object]:
    return {
        "uniqid": trunk.id,
        "type": trunk.text("type").lower(),
        "description": trunk.text("description"),
        "host": trunk.text("host"),
        "username": trunk.text("username"),
        "disabled": trunk.disabled,
    }


def _history_statistics(shown: list[dict[str, object]]) -> dict[str, object]:
    states: dict[str, int] = {}
    for event in shown:
        word = str(event["state"]).lower()
        states[word] = states.get(word, 0) + 1
    span = {}
    if shown:
        first, last = shown[-1], shown[0]
        duration = int(str(last["timestamp"])) - int(str(first["timestamp"]))
        span = {"from": first["date"], "to": last["date"], "duration": duration}
    return {
        "totalEvents": len(shown),
        "stateChanges": sum(event["state"] != event["previousState"] for event in shown) if shown else 0,
        "errors": sum(event["type"] == "error" for event in shown),
        "recoveries": sum(event["type"] == "info" for event in shown),
        "states": states,
        "timeRange": span,
    }
