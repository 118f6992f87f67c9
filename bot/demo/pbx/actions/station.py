"""Smaller resources: active calls, system, time, numbers and routes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.demo.pbx.registration.sights import Dialect
from bot.demo.pbx.telephony import local_time
from bot.demo.pbx.web.envelope import ActionCall, ActionResult, refused

if TYPE_CHECKING:
    from bot.demo.pbx.world import StandinPbx

VERSIONS: Mapping[Dialect, str] = {"2026.1": "2026.1.233-dev", "2026.9": "2026.9.5"}
_LANGUAGES = (
    ("en", "English", "united kingdom"),
    ("en_GB", "English (UK)", "united kingdom"),
    ("ru", "Русский", "russia"),
)
_LISTED_OF_A_ROUTE = (
    "id",
    "number",
    "priority",
    "timeout",
    "extension",
    "note",
    "rulename",
    "providerid",
    "providerid_represent",
    "provider_disabled",
    "extension_represent",
)
_LANGUAGES_MORE = (("de", "Deutsch", "germany"), ("fr", "Français", "france"), ("es", "Español", "spain"))


@dataclass(frozen=True)
class StationActions:
    pbx: "StandinPbx"

    def get_active_calls(self, call: ActionCall) -> ActionResult:
        """Return active calls. A hung call worker looks like an idle PBX, only slower."""
        if not self.pbx.asterisk_running:
            return _active([], "Calls", 0.03)
        if not self.pbx.call_events_running:
            return _active([], "Calls", 2.0)
        return _active(self.pbx.calls.legs(self.pbx.now(), self.pbx.zone), "Calls", 0.03)

    def get_active_channels(self, call: ActionCall) -> ActionResult:
        if not self.pbx.asterisk_running:
            return _active([], "Channels", 0.56)
        if not self.pbx.call_events_running:
            return _active([], "Channels", 15.1)
        return _active(self.pbx.calls.channels(self.pbx.now(), self.pbx.zone), "Channels", 0.03)

    def no_list(self, call: ActionCall) -> ActionResult:
        """Refuse the list of a resource that has methods only."""
        return replace(refused([f"Unknown action - getList in {call.resource}"]), function="getList")

    def ping(self, call: ActionCall) -> ActionResult:
        return ActionResult(function="ping", processor="SystemManagementProcessor::handlePing", cost=0.02)

    def check_auth(self, call: ActionCall) -> ActionResult:
        return ActionResult(function="checkAuth", processor="SystemManagementProcessor::handleCheckAuth", cost=0.02)

    def date_time(self, call: ActionCall) -> ActionResult:
        now = {"timestamp": int(self.pbx.now())}
        return ActionResult(now, function="datetime", processor="System\\DateTimeAction::main", cost=0.02)

    def languages(self, call: ActionCall) -> ActionResult:
        rows = [{"code": code, "name": name, "flag": flag} for code, name, flag in (*_LANGUAGES, *_LANGUAGES_MORE)]
        processor = "System\\GetAvailableLanguagesAction::main"
        return ActionResult(rows, function="getAvailableLanguages", processor=processor, cost=0.02)

    def info(self, call: ActionCall) -> ActionResult:
        heading = f"{'─' * 39} {{}} {'─' * 39}"
        now = local_time.utc(self.pbx.now())
        up = local_time.uptime(self.pbx.now() - self.pbx.machine.started)
        blocks = (
            ("PBXVersion", VERSIONS[self.pbx.dialect]),
            ("Date", f"{now:%a %b %d %H:%M:%S UTC %Y}"),
            ("Uptime", f" {now:%H:%M:%S} up {up},  0 users,  load average: 0.31, 0.27, 0.53"),
        )
        content = "".join(f"{heading.format(name)}\n\n{value}\n\n\n" for name, value in blocks)
        return ActionResult(
            {"content": content}, function="getInfo", processor="Sysinfo\\GetInfoAction::main", cost=0.17
        )

    def time_settings(self, call: ActionCall) -> ActionResult:
        now, zone = self.pbx.now(), self.pbx.zone
        data = {
            "NTPServer": "0.pool.ntp.org",
            "PBXManualTimeSettings": False,
            "PBXTimezone": zone.key,
            "PBXTimezone_represent": f"{zone.key} (UTC{local_time.offset_text(now, zone)})",
            "ManualDateTime": "",
            "CurrentDateTime": local_time.seconds_text(now, zone),
        }
        return ActionResult(data, function="getList", processor="TimeSettings\\GetSettingsAction::main", cost=0.02)

    def extensions(self, call: ActionCall) -> ActionResult:
        people = self.pbx.employees.values()
        numbers = {person.number: ("SIP", person.caller_id) for person in people}
        numbers |= {person.mobile: ("EXTERNAL", person.caller_id) for person in people if person.mobile}
        numbers |= self.pbx.service_numbers
        rows = [
            {"id": number, "number": number, "type": kind, "callerid": name}
            for number, (kind, name) in sorted(numbers.items())
        ]
        return ActionResult(rows, function="getList", processor="Extensions\\GetListAction::main", cost=0.03)

    def extensions_for_select(self, call: ActionCall) -> ActionResult:
        kind = {"type": "USER", "typeLocalized": "Employees"}
        rows = []
        for person in self.pbx.employees.values():
            shown = [(person.represent(), person.number)]
            shown += [(person.mobile_represent(), person.mobile)] if person.mobile else []
            rows += [{"name": name, "text": name, "value": value} | kind for name, value in shown]
        return ActionResult(
            rows, function="getForSelect", processor="Extensions\\DropdownsAction::getForSelect", cost=0.05
        )

    def incoming_routes(self, call: ActionCall) -> ActionResult:
        routes = [_listed(route) for route in self.pbx.incoming_routes]
        return ActionResult(routes, function="getList", processor="IncomingRoutes\\GetListAction::main", cost=0.03)

    def incoming_route(self, call: ActionCall) -> ActionResult:
        found = next((route for route in self.pbx.incoming_routes if route["id"] == call.id), None)
        answer = ActionResult(found) if found else refused(["Incoming route not found"])
        return replace(answer, function="getRecord", processor="IncomingRoutes\\GetRecordAction::main")

    def outbound_routes(self, call: ActionCall) -> ActionResult:
        routes = [_listed_outbound(route) for route in self.pbx.outbound_routes]
        return ActionResult(routes, function="getList", processor="OutboundRoutes\\GetListAction::main", cost=0.03)

    def outbound_route(self, call: ActionCall) -> ActionResult:
        found = next((route for route in self.pbx.outbound_routes if route["id"] == call.id), None)
        answer = ActionResult(found) if found else refused(["Outbound route not found"])
        return replace(answer, function="getRecord", processor="OutboundRoutes\\GetRecordAction::main")

    def call_queues(self, call: ActionCall) -> ActionResult:
        rows = [
            {
                "id": queue.id,
                "extension": queue.number,
                "name": queue.name,
                "description": queue.description,
                "represent": queue.represent(),
                "strategy": queue.strategy,
                "members": [
                    {"extension": number, "represent": self._caller_id(number), "priority": place}
                    for place, number in enumerate(queue.members)
                ],
                "search_index": f"{queue.name} {queue.number}".lower(),
            }
            for queue in self.pbx.queues
        ]
        return ActionResult(rows, function="getList", processor="CallQueues\\GetListAction::main", cost=0.02)

    def _caller_id(self, number: str) -> str:
        return next((person.caller_id for person in self.pbx.employees.values() if person.number == number), number)

    def nothing(self, call: ActionCall) -> ActionResult:
        """Return an empty list."""
        lib = "".join(word.capitalize() for word in call.resource.split("-"))
        return ActionResult([], function="getList", processor=f"{lib}\\GetListAction::main", cost=0.02)


def _listed(route: dict[str, object]) -> dict[str, object]:
    """Return a route as listed: without two fields, and with the rule in HTML."""
    called = f"number <b>{route['number']}</b>" if route["number"] else "<b>any number</b>"
    rule = (
        f'Call to {called} via&nbsp&nbsp&nbsp<b><span class="provider">{route["providerid_represent"]}</span></b> '
        f'will be routed to&nbsp&nbsp&nbsp<b><span class="callerid">{route["extension"]}</span></b>'
    )
    return {name: route[name] for name in _LISTED_OF_A_ROUTE} | {
        "rule_represent": rule,
        "search_index": route["search_index"],
    }


def _listed_outbound(route: dict[str, object]) -> dict[str, object]:
    left_out = ("provider_type", "represent")
    rule = (
        f"Numbers starting with <b>{route['numberbeginswith']}</b> and {route['restnumbers']} digits "
        f'via <span class="provider">{route["providerid_represent"]}</span>'
    )
    return {name: value for name, value in route.items() if name not in left_out} | {"ruleDescription": rule}


def _active(rows: list[dict[str, object]], what: str, cost: float) -> ActionResult:
    return ActionResult(
        rows, function=f"getActive{what}", processor=f"PbxStatus\\GetActive{what}Action::main", cost=cost
    )
