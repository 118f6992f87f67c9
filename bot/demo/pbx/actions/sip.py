"""Actions of `/sip`: phones, peers, registrations, secrets."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.demo.pbx.employees import EmployeeRecord
from bot.demo.pbx.registration.trunks import ANSWERING, ProviderRecord
from bot.demo.pbx.web.envelope import ActionCall, ActionResult, refused

if TYPE_CHECKING:
    from bot.demo.pbx.world import StandinPbx

PHONE_CACHE_SECONDS = 30
# Seconds. Measured: 22.9 s for 21 extensions, one request each.
_COST_OF_ONE_UNANSWERED = 1.09


@dataclass(frozen=True)
class SipActions:
    pbx: "StandinPbx"

    def get_statuses(self, call: ActionCall) -> ActionResult:
        now, cache = self.pbx.now(), self.pbx.phone_cache
        forced = call.params.get("forceCheck") in ("true", "1", True)
        if call.params.get("simplified") == "true":
            people = self._people()
            brief = {person.number: {"extension": person.number, "status": self._status(person)} for person in people}
            return _statuses(ActionResult(brief))
        if cache and not forced and now - cache.at < PHONE_CACHE_SECONDS / self.pbx.speed:
            return _statuses(ActionResult(cache.value, {"info": ["Using cached data (fresh)"]}, cost=0.05))
        fresh = {person.number: self._shown(person) for person in self._people()}
        self.pbx.cache_phones(fresh)
        each = 0.008 if self.pbx.asterisk_running else _COST_OF_ONE_UNANSWERED
        messages = {"info": ["Force check completed, cache updated"]} if forced else {}
        return _statuses(ActionResult(fresh, messages, cost=each * len(fresh)))

    def get_status(self, call: ActionCall) -> ActionResult:
        person = self._person(call.id)
        processor = "SIPStackProcessor::callBack"
        if person is None:
            failed = refused(["Extension not found or status unavailable"])
            return replace(failed, function="getStatus", processor=processor, cost=0.05)
        processor = "Extensions\\GetStatusAction::main"
        return ActionResult(self._shown(person), function="getStatus", processor=processor, cost=0.2)

    def get_secret(self, call: ActionCall) -> ActionResult:
        person = self._person(call.id)
        processor = "Sip\\GetSipSecretAction::main"
        if person is None:
            return replace(refused(["Extension not found"]), function="getSecret", processor=processor)
        return ActionResult(
            {"number": person.number, "secret": person.secret}, function="getSecret", processor=processor
        )

    def get_peers(self, call: ActionCall) -> ActionResult:
        processor = "Sip\\GetPeersStatusesAction::main"
        if not self.pbx.asterisk_running:
            return ActionResult([], function="getPeersStatuses", processor=processor, cost=0.56)
        busy = self.pbx.calls.busy_numbers(self.pbx.now())
        peers = {
            person.number: "Unavailable"
            if not person.reachable()
            else "Busy"
            if person.number in busy
            else "Not in use"
            for person in self._people()
            if person.known
        }
        now = self.pbx.now()
        for trunk in self.pbx.trunks.values():
            if not trunk.is_iax and trunk.in_asterisk(now):
                name = trunk.text("username") if trunk.kind == "inbound" else trunk.id
                peers[name] = "Not in use" if self._answers(trunk) else "Unavailable"
        rows = [
            {"id": name, "state": "UNKNOWN" if word == "Unavailable" else "OK", "detailed-state": word}
            for name, word in sorted(peers.items())
        ]
        return ActionResult(rows, function="getPeersStatuses", processor=processor, cost=0.03)

    def get_registry(self, call: ActionCall) -> ActionResult:
        """Return registrations, in two kinds of rows.

        Outbound ones come from Asterisk, and vanish with it; the others from the PBX's record, always OK or UNKNOWN. So
        a trunk just disabled has one of each.
        """
        running = self.pbx.asterisk_running
        trunks = [trunk for trunk in self.pbx.trunks.values() if not trunk.is_iax]
        rows: list[dict[str, object]] = []
        if running:
            rows += [row for trunk in trunks if (row := self._registration(trunk))]
        others = [trunk for trunk in trunks if trunk.disabled or trunk.kind != "outbound"]
        rows += [self._unregistered_row(trunk) for trunk in others]
        cost = 0.03 if running else 0.95 * max(1, len(others))
        return ActionResult(rows, function="getRegistry", processor="Sip\\GetRegistryAction::main", cost=cost)

    def _registration(self, trunk: ProviderRecord) -> dict[str, object] | None:
        sight = trunk.in_asterisk(self.pbx.now()) if trunk.kind == "outbound" else None
        if sight is None or trunk.loaded is None:
            return None
        state = sight.state.upper()
        word = {"LAGGED": "REGISTERED", "UNKNOWN": "UNREGISTERED"}.get(state, state)
        return {
            "id": f"{trunk.id}-REG",
            "state": word,
            "host": trunk.loaded["host"],
            "username": trunk.loaded["username"],
        }

    def _unregistered_row(self, trunk: ProviderRecord) -> dict[str, object]:
        state = "OFF" if trunk.disabled else "UNKNOWN"
        if trunk.kind in ("none", "unqualified") and not trunk.disabled and self.pbx.asterisk_running:
            state = "OK"
        return {"state": state, "id": trunk.id, "username": trunk.text("username"), "host": trunk.text("host")}

    def _answers(self, trunk: ProviderRecord) -> bool:
        sight = trunk.sight(self.pbx.now(), self.pbx.dialect)
        return sight.contact in ANSWERING and sight.state.lower() != "unregistered"

    def get_auth_failures(self, call: ActionCall) -> ActionResult:
        """Return the addresses with failed logins for this number."""
        failures = self.pbx.auth_failures.get(call.id, {})
        messages = {} if failures else {"info": [f"No auth failure data found for extension {call.id}"]}
        processor = "Sip\\GetAuthFailureStatsAction::main"
        data: object = dict(failures) or []
        return ActionResult(data, messages, function="getAuthFailureStats", processor=processor, cost=0.02)

    def _people(self) -> list[EmployeeRecord]:
        return [person for person in self.pbx.employees.values() if not person.disabled]

    def _person(self, number: str) -> EmployeeRecord | None:
        return next((person for person in self._people() if person.number == number), None)

    def _status(self, person: EmployeeRecord) -> str:
        return "Available" if self.pbx.asterisk_running and person.reachable() else "Unavailable"

    def _shown(self, person: EmployeeRecord) -> dict[str, object]:
        phone = person.reachable() if self.pbx.asterisk_running else None
        devices = []
        if phone:
            place = {"country": "LOCAL", "countryName": "Local/Private Network"}
            device = {"ip": phone.ip, "port": 5060, "user_agent": phone.agent, "rtt": phone.rtt}
            devices.append(device | place)
        return {
            "extension": person.number,
            "callerid": person.caller_id,
            "status": self._status(person),
            "devices": devices,
            "rtt": phone.rtt if phone else None,
        }


def _statuses(answer: ActionResult) -> ActionResult:
    return replace(answer, function="getStatuses", processor="Extensions\\GetAllStatusesAction::main")
