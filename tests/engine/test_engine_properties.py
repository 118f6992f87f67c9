"""Properties of the engine under any sequence of faults of trunks, PBX and bot, and of people's actions."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incidents.model import kind_info
from bot.incidents.silence import EVERYTHING
from bot.incidents.silence_store import SilenceRequest
from bot.pbx import Unauthorised, Unreachable
from bot.store.database import Database
from bot.store.tables.incidents import Incident
from tests.fixtures import incident_claims, stores
from tests.fixtures.examples import PROFILE, example_count, examples
from tests.incident_harness.pbx import ANNA, BORIS, GROUP, STATION, VERA, IncidentHarness
from tests.incident_harness.station import DEAD, LOST, OFF, REFUSED, SILENT, UP

Step = tuple[str, str, int]

TRUNKS = ("zadarma", "mango")
STATES = {"up": UP, "dead": DEAD, "refused": REFUSED, "silent": SILENT, "off": OFF, "lost": LOST}
DEEDS = ("unreachable", "refuses", "answers", "takes", "mutes", "mutes everything", "unmutes")
happens = st.one_of(
    st.tuples(st.sampled_from(sorted(STATES)), st.sampled_from(TRUNKS), st.sampled_from((10, 30, 60, 300, 1200))),
    st.tuples(st.sampled_from(DEEDS), st.just(""), st.sampled_from((10, 40, 300, 1200))),
)
stories = st.lists(happens, min_size=3, max_size=14)
# Vera is the fallback for all: she can always be reached.
CHATS = {"group": GROUP, "anna": ANNA, "boris": BORIS}
doors = st.tuples(
    st.sampled_from(("shuts", "shuts unsaid", "lets in")),
    st.sampled_from(sorted(CHATS)),
    st.sampled_from((0, 10, 130, 700)),
)
told_to_some = st.lists(st.one_of(happens, doors, doors), min_size=4, max_size=16)
STORIES = int(os.environ.get("STORIES", example_count(daily=3, ci=10)))
ENOUGH = examples(STORIES, STORIES)


async def lives(harness: IncidentHarness, story: list[Step], restart_at: frozenset[int] = frozenset()) -> None:
    for trunk in TRUNKS:
        harness.pbx.shows(trunk, UP, harness.clock.now - timedelta(days=1))
    await harness.opens()
    await harness.watch.load()
    await harness.pass_(60)
    for number, (what, trunk, seconds) in enumerate(story):
        await (_opens_or_shuts(harness, what, CHATS[trunk]) if trunk in CHATS else _does(harness, what, trunk))
        await harness.pass_(seconds)
        if number in restart_at:
            await harness.restarts()
    await _ends_well(harness)


async def _does(harness: IncidentHarness, what: str, trunk: str) -> None:
    now = harness.clock.now
    if what in STATES:
        harness.pbx.shows(trunk, STATES[what])
    elif what in ("unreachable", "refuses"):
        harness.pbx.error = Unreachable("no route") if what == "unreachable" else Unauthorised("no")
    elif what == "answers":
        harness.pbx.error = None
    elif what == "takes":
        for incident in await harness.incidents():
            await harness.incident_manager.acknowledge(incident.id, ANNA, "Anna", now)
    elif what.startswith("mutes"):
        subject = EVERYTHING if "everything" in what else "zadarma"
        await harness.silences.mute(
            SilenceRequest(STATION, subject, subject, ANNA, "Anna"), now, now + timedelta(minutes=10)
        )
        await harness.incident_manager.reconsider(now)
    elif what == "unmutes":
        for silence in await harness.silences.current(STATION):
            await harness.silences.expire(STATION, silence.id, "Anna")
        await harness.incident_manager.reconsider(now)


async def _opens_or_shuts(harness: IncidentHarness, what: str, chat: int) -> None:
    if what == "lets in":
        await harness.lets_in(chat)
    else:
        await harness.shuts(chat, said=what == "shuts")


async def _ends_well(harness: IncidentHarness) -> None:
    """End all silences and recover the trunks."""
    harness.pbx.error = None
    await harness.pass_(900)
    for trunk in TRUNKS:
        harness.pbx.shows(trunk, UP)
    await harness.pass_(1200)


def in_a_world(scene: Callable[[IncidentHarness], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        database = stores.in_memory()
        try:
            await scene(IncidentHarness(database, page_again_every=120))
        finally:
            await database.close()

    asyncio.run(play())


def heard(harness: IncidentHarness) -> list[tuple[datetime, int, bool, str]]:
    return [(one.at, one.chat, one.loud, one.text) for one in harness.heard]


def shown(harness: IncidentHarness, incident: Incident) -> list[Mapping[str, Any]]:
    """Return the facts of all messages that show the incident and do not point to a newer one."""
    return [
        facts
        for one in harness.heard
        if one.template == "alert" and not one.facts["superseded"]
        for facts in one.facts["incidents"]
        if facts["number"] == incident.id
    ]


def held_throughout(incident: Incident) -> bool:
    return incident.step == 0


@ENOUGH
@given(story=stories)
def test_every_outage_is_told_once_and_so_is_its_end(story: list[Step]) -> None:
    async def scene(harness: IncidentHarness) -> None:
        await lives(harness, story)
        incidents = await harness.incidents()
        assert all(incident.ended_at is not None for incident in incidents), "everything is well, and something is open"
        for incident in incidents:
            told = shown(harness, incident)
            if kind_info(incident.kind).outage and not held_throughout(incident):
                assert told, f"{incident.kind} of {incident.subject!r} was told to nobody"
            assert all(facts["ended_at"] for facts in told), "the end was not told"
        never_two_at_once(incidents)
        before = len(harness.heard)
        await harness.pass_(30 * 86_400, every=21_600)
        assert len(harness.heard) == before, "a quiet month was not quiet"

    in_a_world(scene)


def never_two_at_once(incidents: Sequence[Incident]) -> None:
    last: dict[str, datetime] = {}
    for incident in incidents:
        assert incident.ended_at is not None
        assert incident.opened_at >= last.get(incident.subject, incident.opened_at)
        assert incident.began_at <= incident.ended_at
        last[incident.subject] = incident.ended_at


@ENOUGH
@given(story=stories, restarts=st.frozensets(st.integers(0, 13), min_size=1))
def test_a_restart_at_any_step_changes_nothing_that_people_hear(story: list[Step], restarts: frozenset[int]) -> None:
    heard_without: list[tuple[datetime, int, bool, str]] = []

    async def steady(harness: IncidentHarness) -> None:
        await lives(harness, story)
        heard_without.extend(heard(harness))

    async def interrupted(harness: IncidentHarness) -> None:
        await lives(harness, story, restarts)
        assert heard(harness) == heard_without

    in_a_world(steady)
    in_a_world(interrupted)


@ENOUGH
@given(story=told_to_some, levels=st.sampled_from(([], [[ANNA, BORIS]], [[ANNA], [BORIS]])), restarts=st.booleans())
def test_whatever_is_claimed_happened_and_nobody_due_is_passed_over(
    story: list[Step], levels: list[list[int]], restarts: bool
) -> None:
    """With chats that close and open during the outages."""

    async def scene(harness: IncidentHarness) -> None:
        harness.book.levels = levels
        await lives(harness, story, frozenset(range(14)) if restarts else frozenset())
        tables = await incident_claims.tables_of(harness.database)
        assert incident_claims.broken_claims(tables, stand_ins=[VERA], alert_chats=[GROUP]) == []
        away = {CHATS[who] for what, who, _ in story if what.startswith("shuts")}
        assert incident_claims.passed_over(tables, [one for level in levels for one in level], away) == []

    in_a_world(scene)


@pytest.mark.parametrize("trunks", [30, 100] if PROFILE == "ci" else [30])
async def test_a_storm_is_few_messages_and_every_trunk_is_seen(database: Database, trunks: int) -> None:
    harness = IncidentHarness(database)
    names = [f"trunk{number}" for number in range(trunks)]
    for name in names:
        harness.pbx.shows(name, UP, harness.clock.now - timedelta(days=1))
    await harness.opens()
    await harness.watch.load()
    await harness.pass_(60)
    for name in names:
        harness.pbx.shows(name, DEAD)
    began = harness.clock.now
    await harness.pass_(60)
    for chat in (ANNA, -100):
        alerts = [one for one in harness.heard if one.chat == chat]
        assert len(alerts) <= 5
        assert alerts[0].at - began <= timedelta(seconds=harness.settings.alert_after + 5)
        shown = [name for name in names if any(f" {name.title()} ·" in one.text for one in alerts)]
        assert shown == names


async def test_a_storm_over_many_stations_keeps_within_telegrams_limits(database: Database) -> None:
    """Five trunks of each fail within ten seconds; each station is polled at its own time."""
    stations = [
        IncidentHarness(database, name=f"Customer {number}") for number in range(example_count(daily=10, ci=20))
    ]
    post = stations[0]
    for number, station in enumerate(stations):
        station.clock = station.pbx.clock = post.clock
        station.renew()
        station.pbx.states.clear()
        for trunk in range(5):
            station.pbx.shows(f"trunk{number}x{trunk}", UP, post.clock.now - timedelta(days=1))
        await station.opens()
        await station.watch.load()

    async def second(number: int) -> None:
        for station in stations[number % 10 :: 10]:
            await station.watch.poll()
        await post.deliver()
        post.clock.pass_(1)

    for number in range(60):
        await second(number)
    began, sent, edited = post.clock.now, len(post.heard), post.edits
    for number in range(70):
        for place, station in enumerate(stations):
            if place // 2 == number:
                for name in list(station.pbx.states):
                    station.pbx.shows(name, DEAD)
        await second(number)
    alerts = [one for one in post.heard[sent:] if one.chat == -100]
    assert len(alerts) <= 5
    assert alerts[0].at - began <= timedelta(seconds=post.settings.alert_after + 15)
    calls = (len(post.heard) - sent + post.edits - edited) / 2
    assert calls <= 20, f"{calls} calls a minute in each of the two chats"
    text = "\n".join(one.text for one in alerts)
    names = [f"Trunk{number}X{trunk}" for number in range(len(stations)) for trunk in range(5)]
    assert [name for name in names if f" {name} ·" not in text] == []
