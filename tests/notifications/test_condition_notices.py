"""Notifications of conditions other than trunks, through the real incident manager."""

from datetime import timedelta
from typing import Any

import pytest

from bot.access.policy import Destination
from bot.engine.drills import DrillReport, Drills
from bot.engine.incident_manager import AckResult
from bot.incidents.model import (
    CLOCK,
    EXTENSION,
    KINDS,
    NO_CALLS,
    REHEARSAL,
    SECOND_COPY,
    End,
    Kind,
    Opened,
    Resolved,
    StateChange,
)
from bot.store.database import Store
from bot.store.tables.incidents import Incident
from tests.incident_harness.pbx import ANNA, BORIS, GROUP, STATION, VERA, World
from tests.incident_harness.phones import Heard
from tests.incident_harness.station import UP

CONDITIONS: list[tuple[Kind, str, dict[str, Any], str, str]] = [
    (
        Kind.EXTENSION_OFFLINE,
        EXTENSION + "202",
        {"extension": "202", "name": "Brown Brandon"},
        "202 Brown Brandon is offline · Head office",
        "202 Brown Brandon is online again",
    ),
    (Kind.CLOCK_OFF, CLOCK, {"off_by": -125}, "It is 2 min 5 s behind the bot's clock", "clock is right again"),
    (Kind.SECOND_COPY, SECOND_COPY, {}, "Another copy of the bot is running", "other copy of the bot is gone"),
    (
        Kind.NO_CALLS,
        NO_CALLS,
        {"minutes": 60, "hours": "mon-fri 09:00-18:00", "last_call": None},
        "No incoming call for 1 h",
        "Incoming calls arrive again",
    ),
]


@pytest.fixture
async def world(store: Store) -> World:
    world = World(store)
    world.pbx.shows("zadarma", UP)
    await world.opens()
    return world


@pytest.fixture
def drills(world: World) -> Drills:
    return Drills(world.store, STATION, world.incident_manager)


def last(world: World, chat: int) -> Heard:
    return [heard for heard in world.heard if heard.chat == chat][-1]


@pytest.mark.parametrize(("kind", "subject", "facts", "begins", "ends"), CONDITIONS)
async def test_each_is_reported_and_its_end_too(
    world: World, kind: Kind, subject: str, facts: dict[str, Any], begins: str, ends: str
) -> None:
    now = world.clock.now
    opened = StateChange(subject, Opened(kind, now), {"station": STATION, **facts})
    await world.incident_manager.record({subject: {"alarm": True}}, [opened], now)
    await world.pass_(60)
    assert begins in last(world, GROUP).text
    assert last(world, GROUP).loud is KINDS[kind].loud
    now = world.clock.now
    await world.incident_manager.record(
        {subject: None}, [StateChange(subject, Resolved(End.RECOVERED, now), opened.facts)], now
    )
    await world.pass_(60)
    assert ends in last(world, GROUP).text
    assert "🟢" in last(world, GROUP).text


@pytest.mark.parametrize(
    ("reason", "says"), [(End.DELETED, "202 was deleted on the PBX"), (End.CALLED_OFF, "202 is not watched any more")]
)
async def test_why_an_extension_is_no_matter_any_more_is_said(world: World, reason: End, says: str) -> None:
    subject, now = EXTENSION + "202", world.clock.now
    facts = {"station": STATION, "extension": "202", "name": ""}
    await world.incident_manager.record({}, [StateChange(subject, Opened(Kind.EXTENSION_OFFLINE, now), facts)], now)
    await world.pass_(60)
    await world.incident_manager.record(
        {}, [StateChange(subject, Resolved(reason, world.clock.now), facts)], world.clock.now
    )
    await world.pass_(60)
    assert says in last(world, GROUP).text


async def test_a_rehearsal_wakes_whoever_is_on_call_and_is_over_once_it_is_taken(world: World, drills: Drills) -> None:
    await drills.begin("Vera", world.clock.now)
    assert await drills.told() == DrillReport(("Anna",), (Destination(GROUP),))
    running = await drills.running()
    assert running is not None
    assert running.by == "Vera"
    await world.pass_(60)
    for chat in (ANNA, GROUP):
        assert last(world, chat).loud is (chat == ANNA)
        assert "🧪 Rehearsal: this is how an outage would reach you" in last(world, chat).text
    number = (await world.incidents())[0].id
    assert await world.incident_manager.acknowledge(number, ANNA, "Anna", world.clock.now) is AckResult.TAKEN
    await world.pass_(30)
    assert "The rehearsal is over: Anna took it after 1 min" in last(world, ANNA).text
    assert await drills.running() is None


async def test_a_rehearsal_that_nobody_takes_goes_on_to_the_next_and_ends_after_half_an_hour(
    world: World, drills: Drills
) -> None:
    began = world.clock.now
    await drills.begin("Vera", began)
    await world.pass_(11 * 60)
    assert (await drills.told()).people == ("Anna", "Boris")
    assert "Rehearsal" in last(world, BORIS).text
    await world.restarts()
    await world.pass_(25 * 60)
    incident = (await world.incidents())[0]
    assert incident.subject == REHEARSAL
    assert incident.ended_at == began + timedelta(minutes=30)
    assert "nobody took it in 30 min" in last(world, BORIS).text
    assert not [heard for heard in world.heard if heard.chat == VERA and heard.loud]


async def test_a_kind_that_only_a_newer_version_knows_is_reported_as_an_outage(world: World) -> None:
    """Stored by the newer version before it was rolled back."""
    now = world.clock.now
    async with world.store.begin() as session:
        session.add(
            Incident(
                station=STATION,
                subject=":smoke",
                open_key=f"{STATION}|:smoke",
                kind="smoke_detected",
                facts={"station": STATION},
                began_at=now,
                opened_at=now,
                due_at=now,
                step=0,
                held_by="",
                version=0,
            )
        )
    await world.restarts()
    await world.pass_(60)
    # Whoever is on call is woken by a message of their own, and the chat is not woken besides.
    assert [last(world, chat).loud for chat in (ANNA, GROUP)] == [True, False]
    for chat in (ANNA, GROUP):
        assert last(world, chat).text.startswith("🔴 smoke detected — smoke: something is wrong · Head office\n")
        assert "Nothing is broken" not in last(world, chat).text
    await world.pass_(11 * 60)
    assert "smoke detected" in last(world, BORIS).text
    now = world.clock.now
    await world.incident_manager.record({}, [StateChange(":smoke", Resolved(End.RECOVERED, now), {})], now)
    await world.pass_(60)
    assert "🟢 smoke detected — smoke: it is over" in last(world, GROUP).text
