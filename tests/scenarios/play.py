"""Play a scenario through the real monitor, incident manager and ticker, and compare the notifications."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any

from bot.incidents.model import kind_info
from bot.incidents.silence import EVERYTHING
from bot.incidents.silence_store import SilenceRequest
from bot.pbx import (
    Ban,
    Busy,
    Dialect,
    Forbidden,
    NotJson,
    OutboundRoute,
    PbxError,
    ServerError,
    TimedOut,
    TrunkRow,
    Unauthorised,
    Unreachable,
)
from bot.store.database import Database
from tests.fixtures import incident_claims
from tests.incident_harness.pbx import ANNA, BORIS, GROUP, NAMES, STATION, VERA, IncidentHarness
from tests.incident_harness.phones import DeliveredMessage
from tests.scenarios.language import Event, Expected, Scenario

PEOPLE = {"anna": ANNA, "boris": BORIS, "vera": VERA}
# State and contact of a trunk as the PBX reports them; FakePbx translates them into the dialect.
SHOWN: dict[str, tuple[str, str | None]] = {
    "up": ("registered", "Reachable"),
    "fresh": ("registered", "NonQualified"),
    "silent": ("registered", "Unreachable"),
    "dead": ("rejected", "Unreachable"),
    "refused": ("rejected", "Reachable"),
    "rejected": ("rejected", "NonQualified"),
    "lost": ("unregistered", None),
    "off": ("OFF", None),
    "nameless": ("UNKNOWN", None),
    "unmatched": ("UNKNOWN", "Reachable"),
    "dumb": ("UNKNOWN", "Unreachable"),
    "weird": ("moonwalking", "Reachable"),
    "joined": ("REGISTERED", "Reachable"),
    "joined-silent": ("REGISTERED", "Unreachable"),
    "waiting": ("UNREGISTERED", None),
    "ok": ("OK", "Reachable"),
    "slow": ("lagged", "Reachable"),
    "iax-up": ("registered", None),
    "iax-lost": ("unregistered", None),
    "iax-gone": ("unreachable", None),
}
TROUBLES: dict[str, PbxError] = {
    "unreachable": Unreachable("no route"),
    "slow": TimedOut("30 s"),
    "html": NotJson(200),
    "broken": ServerError(500),
    "refuses-key": Unauthorised("no"),
    "lacks-right": Forbidden("Providers", "read"),
    "blocks": Busy("Too many requests", 300),
}
EARLY, LATE = timedelta(seconds=15), timedelta(seconds=30)


@dataclass
class Played:
    """`missed` and `false` are pages; `wrong` all other differences. `pages` are new outages, `again` the repeats for a
    person that has not acknowledged.
    """

    scenario: Scenario
    pages: int = 0
    again: int = 0
    outages: int = 0
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    causes: int = 0
    causes_right: int = 0
    wrong: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)


async def play(scenario: Scenario, database: Database, dialect: Dialect = Dialect.EARLIER) -> Played:
    harness = IncidentHarness(database, zone=scenario.zone, page_again_every=120)
    harness.pbx.dialect = dialect
    harness.clock.now = scenario.begins
    await harness.opens()
    harness.book.levels = [[PEOPLE[name] for name in scenario.on_call]] if scenario.on_call else []
    for name, hours in scenario.quiet.items():
        begins, ends = hours.split("-")
        harness.book.quiet[PEOPLE[name]] = (time.fromisoformat(begins), time.fromisoformat(ends))
    for trunk, (state, more) in scenario.trunks.items():
        harness.pbx.hosts[trunk] = more.get("host", f"sip.{trunk}.example")
        harness.pbx.types[trunk] = more.get("type", "sip")
        harness.pbx.rows[trunk] = TrunkRow(
            id=trunk,
            type=harness.pbx.types[trunk],
            represent=f"SIP: {trunk.title()}",
            registration_type=more.get("registration", "outbound"),
        )
        long_ago = harness.clock.now - timedelta(days=3)
        if state != "untold":
            harness.pbx.shows(trunk, SHOWN[state], long_ago)
    harness.pbx.routes = _routes(scenario)
    await harness.watch.load()
    for event in scenario.events:
        await harness.pass_((event.at - harness.clock.now).total_seconds())
        await _happens(harness, event)
    return await _compared(scenario, harness)


def _routes(scenario: Scenario) -> tuple[OutboundRoute, ...] | None:
    """Return None if the scenario has no routes: the bot may not read them."""
    fields = ("providerid", "numberbeginswith", "restnumbers")
    found = [dict(zip(fields, route, strict=True)) | {"priority": place} for place, route in enumerate(scenario.routes)]
    return tuple(OutboundRoute.model_validate(route) for route in found) or None


async def _happens(harness: IncidentHarness, event: Event) -> None:
    if event.who in PEOPLE:
        await ACTS[event.does[0]](harness, PEOPLE[event.who], *event.does[1:])
    elif event.who == "pbx":
        _pbx(harness, *event.does)
    elif event.who == "bot":
        harness.on = event.does != ("off",)
        if harness.on:
            await harness.restarts()
    elif event.who != "end":
        _trunk(harness, event.who, *event.does)


def _trunk(harness: IncidentHarness, trunk: str, state: str, name: str = "") -> None:
    if state == "gone":
        harness.pbx.states.pop(trunk, None)
        del harness.pbx.rows[trunk]
    elif state == "untold":
        harness.pbx.states.pop(trunk, None)
    elif state == "renamed":
        harness.pbx.names[trunk] = name
    else:
        harness.pbx.shows(trunk, SHOWN[state])


def _pbx(harness: IncidentHarness, what: str, *more: str) -> None:
    if what in TROUBLES:
        harness.pbx.error = TROUBLES[what]
    elif what == "back":
        harness.pbx.error, harness.pbx.asleep = None, False
    elif what == "asleep":
        harness.pbx.asleep = True
    elif what == "engine-dies":
        harness.pbx.engine_dies()
    elif what == "engine-lives":
        harness.pbx.engine_lives()
    elif what == "bans":
        harness.pbx.bans = tuple(Ban(address) for address in more)
    elif what == "clock":
        harness.pbx.skew = timedelta(seconds=float(more[0]))
    else:
        raise ValueError(what)


async def _takes(harness: IncidentHarness, person: int) -> None:
    for incident in await harness.incidents():
        await harness.incident_manager.acknowledge(incident.id, person, NAMES[person], harness.clock.now)


async def _hands_over(harness: IncidentHarness, person: int, to: str) -> None:
    for incident in await harness.incidents():
        await harness.incident_manager.reassign(incident.id, PEOPLE[to], NAMES[person], harness.clock.now)


async def _mutes(harness: IncidentHarness, person: int, subject: str, minutes: str) -> None:
    until = None if minutes == "recovery" else harness.clock.now + timedelta(minutes=int(minutes))
    await harness.silences.mute(_wish(person, subject), harness.clock.now, until)
    await harness.incident_manager.reconsider(harness.clock.now)


async def _unmutes(harness: IncidentHarness, person: int) -> None:
    for silence in await harness.silences.current(STATION):
        await harness.silences.expire(STATION, silence.id, NAMES[person])
    await harness.incident_manager.reconsider(harness.clock.now)


async def _plans(harness: IncidentHarness, person: int, subject: str, minutes_until: str, minutes: str) -> None:
    begins = harness.clock.now + timedelta(minutes=int(minutes_until))
    await harness.silences.plan(_wish(person, subject), begins, begins + timedelta(minutes=int(minutes)))


def _wish(person: int, subject: str) -> SilenceRequest:
    return SilenceRequest(STATION, EVERYTHING if subject == "all" else subject, subject, person, NAMES[person], "works")


ACTS: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
    "takes": _takes,
    "hands-over": _hands_over,
    "mutes": _mutes,
    "unmutes": _unmutes,
    "plans": _plans,
}


async def _compared(scenario: Scenario, harness: IncidentHarness) -> Played:
    played = Played(scenario, story=[_line(scenario, one) for one in harness.heard])
    person = PEOPLE[scenario.on_call[0]] if scenario.on_call else GROUP
    pages = harness.pages(person)
    silent = [one for one in harness.heard if one.chat == GROUP and not one.loud and one.template == "alert"]
    warnings = [one for one in silent if not any(kind_info(told["kind"]).outage for told in one.first["incidents"])]
    played.again = sum(one.first["again"] for one in pages)
    played.pages = len(pages) - played.again
    played.outages = sum(one.kind == "page" for one in scenario.expected)
    played.missed, played.false = _matched(scenario, [e for e in scenario.expected if e.kind != "warning"], pages)
    missing, surplus = _matched(scenario, [e for e in scenario.expected if e.kind == "warning"], warnings)
    played.wrong += [f"no warning: {one}" for one in missing] + [f"a warning too many: {one}" for one in surplus]
    for expected in scenario.expected:
        if expected.cause and (heard := _heard(expected, pages if expected.kind != "warning" else warnings)):
            played.causes += 1
            played.causes_right += _causes(heard, expected.subject) == expected.cause
    played.wrong += await _ends_untold(harness)
    tables = await incident_claims.tables_of(harness.database)
    played.wrong += incident_claims.broken_claims(tables, stand_ins=NAMES, alert_chats=[GROUP])
    played.wrong += incident_claims.passed_over(tables, [PEOPLE[name] for name in scenario.on_call])
    return played


def _matched(
    scenario: Scenario, expected: list[Expected], heard: list[DeliveredMessage]
) -> tuple[list[str], list[str]]:
    left = list(heard)
    missed: list[str] = []
    for one in expected:
        found = _heard(one, left)
        if found is None:
            missed.append(f"{one.at.astimezone(scenario.zone):%H:%M:%S} {one.subject}")
        else:
            left.remove(found)
    return missed, [_line(scenario, one) for one in left]


def _heard(expected: Expected, heard: list[DeliveredMessage]) -> DeliveredMessage | None:
    return next(
        (
            one
            for one in heard
            if expected.at - EARLY <= one.at <= expected.at + LATE and expected.subject in _subjects(one)
        ),
        None,
    )


def _subjects(heard: DeliveredMessage) -> set[str]:
    names = {str(one["trunk"]).lower() if one["trunk"] else "pbx" for one in heard.facts["incidents"]}
    return names | ({"several"} if len(names) > 1 else set())


def _causes(heard: DeliveredMessage, subject: str) -> str:
    incidents = heard.facts["incidents"]
    one = next((one for one in incidents if str(one["trunk"]).lower() == subject), incidents[0])
    return str(one["cause"] or one["trouble"])


async def _ends_untold(harness: IncidentHarness) -> list[str]:
    """Return the alerts whose end was not shown, in that message or in the one that it points to."""
    ended = {incident.id for incident in await harness.incidents() if incident.ended_at is not None}
    alerts = [one for one in harness.heard if one.template == "alert"]
    untold = [
        f"the end was not told: {one.text}"
        for one in alerts
        if not one.facts["superseded"]
        for incident in one.facts["incidents"]
        if incident["number"] in ended and incident["ended_at"] is None
    ]
    return untold + [f"it points to nothing: {one.text}" for one in alerts if not _is_found(one, alerts)]


def _is_found(pointing: DeliveredMessage, alerts: list[DeliveredMessage]) -> bool:
    """Return True if the chat has the message that it points to, further down unless `elsewhere`."""
    if not pointing.facts["superseded"]:
        return True
    numbers = {incident["number"] for incident in pointing.facts["incidents"]}
    return any(
        not one.facts["superseded"] and numbers & {incident["number"] for incident in one.facts["incidents"]}
        for one in alerts
        if one.chat == pointing.chat and (one.row > pointing.row or pointing.facts.get("elsewhere"))
    )


def _line(scenario: Scenario, heard: DeliveredMessage) -> str:
    at = heard.at.astimezone(scenario.zone)
    first = heard.text.strip().splitlines()[0]
    return f"{at:%H:%M:%S} {'🔔' if heard.loud else '  '} {heard.chat:>5} {heard.template}: {first}"
