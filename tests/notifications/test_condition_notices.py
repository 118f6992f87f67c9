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
    PBX_ADVICE,
    PBX_DISK,
    REHEARSAL,
    SECOND_COPY,
    End,
    Kind,
    Opened,
    Resolved,
    StateChange,
)
from bot.store.database import Database
from bot.store.tables.incidents import Incident
from tests.incident_harness.pbx import ANNA, BORIS, GROUP, STATION, VERA, IncidentHarness
from tests.incident_harness.phones import DeliveredMessage
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
    (
        Kind.PBX_DISK,
        PBX_DISK,
        {"free_mb": 400, "total_mb": 51_200, "only_admins": False},
        "The PBX's disk is nearly full",
        "disk has room again",
    ),
]


@pytest.fixture
async def harness(database: Database) -> IncidentHarness:
    harness = IncidentHarness(database)
    harness.pbx.shows("zadarma", UP)
    await harness.opens()
    return harness


@pytest.fixture
def drills(harness: IncidentHarness) -> Drills:
    return Drills(harness.database, STATION, harness.incident_manager)


def last(harness: IncidentHarness, chat: int) -> DeliveredMessage:
    return [heard for heard in harness.heard if heard.chat == chat][-1]


@pytest.mark.parametrize(("kind", "subject", "facts", "begins", "ends"), CONDITIONS)
async def test_each_is_reported_and_its_end_too(
    harness: IncidentHarness, kind: Kind, subject: str, facts: dict[str, Any], begins: str, ends: str
) -> None:
    now = harness.clock.now
    opened = StateChange(subject, Opened(kind, now), {"station": STATION, **facts})
    await harness.incident_manager.record({subject: {"alarm": True}}, [opened], now)
    await harness.pass_(60)
    assert begins in last(harness, GROUP).text
    assert last(harness, GROUP).loud is KINDS[kind].loud
    now = harness.clock.now
    await harness.incident_manager.record(
        {subject: None}, [StateChange(subject, Resolved(End.RECOVERED, now), opened.facts)], now
    )
    await harness.pass_(60)
    assert ends in last(harness, GROUP).text
    assert "🟢" in last(harness, GROUP).text


async def test_what_is_no_alert_is_told_to_administrators_alone_without_a_sound(harness: IncidentHarness) -> None:
    subject, now = PBX_ADVICE + "FirewallDisabled", harness.clock.now
    facts = {"station": STATION, "advice": "FirewallDisabled", "count": 1, "only_admins": True}
    before = len(harness.heard)
    await harness.incident_manager.record({}, [StateChange(subject, Opened(Kind.PBX_ADVICE, now), facts)], now)
    await harness.pass_(3 * 3600)
    told = harness.heard[before:]
    assert sorted(heard.chat for heard in told if "firewall of the PBX is off" in heard.text) == [ANNA, BORIS, VERA]
    now = harness.clock.now
    await harness.incident_manager.record({}, [StateChange(subject, Resolved(End.RECOVERED, now), facts)], now)
    await harness.pass_(60)
    told = harness.heard[before:]
    assert {heard.chat for heard in told if "No longer so" in heard.text} == {ANNA, BORIS, VERA}
    assert not any(heard.loud or heard.chat == GROUP for heard in told)


@pytest.mark.parametrize(
    ("reason", "says"), [(End.DELETED, "202 was deleted on the PBX"), (End.CALLED_OFF, "202 is not watched any more")]
)
async def test_why_an_extension_is_no_matter_any_more_is_said(harness: IncidentHarness, reason: End, says: str) -> None:
    subject, now = EXTENSION + "202", harness.clock.now
    facts = {"station": STATION, "extension": "202", "name": ""}
    await harness.incident_manager.record({}, [StateChange(subject, Opened(Kind.EXTENSION_OFFLINE, now), facts)], now)
    await harness.pass_(60)
    await harness.incident_manager.record(
        {}, [StateChange(subject, Resolved(reason, harness.clock.now), facts)], harness.clock.now
    )
    await harness.pass_(60)
    assert says in last(harness, GROUP).text


async def test_a_rehearsal_wakes_whoever_is_on_call_and_is_over_once_it_is_taken(
    harness: IncidentHarness, drills: Drills
) -> None:
    await drills.begin("Vera", harness.clock.now)
    assert await drills.report() == DrillReport(("Anna",), (Destination(GROUP),))
    running = await drills.running()
    assert running is not None
    assert running.by == "Vera"
    await harness.pass_(60)
    for chat in (ANNA, GROUP):
        assert last(harness, chat).loud is (chat == ANNA)
        assert "🧪 Rehearsal: this is how an outage would reach you" in last(harness, chat).text
    number = (await harness.incidents())[0].id
    assert await harness.incident_manager.acknowledge(number, ANNA, "Anna", harness.clock.now) is AckResult.ACKNOWLEDGED
    await harness.pass_(30)
    assert "The rehearsal is over: Anna took it after 1 min" in last(harness, ANNA).text
    assert await drills.running() is None


async def test_a_rehearsal_that_nobody_takes_goes_on_to_the_next_and_ends_after_half_an_hour(
    harness: IncidentHarness, drills: Drills
) -> None:
    began = harness.clock.now
    await drills.begin("Vera", began)
    await harness.pass_(11 * 60)
    assert (await drills.report()).people == ("Anna", "Boris")
    assert "Rehearsal" in last(harness, BORIS).text
    await harness.restarts()
    await harness.pass_(25 * 60)
    incident = (await harness.incidents())[0]
    assert incident.subject == REHEARSAL
    assert incident.ended_at == began + timedelta(minutes=30)
    assert "nobody took it in 30 min" in last(harness, BORIS).text
    assert not [heard for heard in harness.heard if heard.chat == VERA and heard.loud]


async def test_a_kind_that_only_a_newer_version_knows_is_reported_as_an_outage(harness: IncidentHarness) -> None:
    """Stored by the newer version before it was rolled back."""
    now = harness.clock.now
    with harness.database.begin() as session:
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
    await harness.restarts()
    await harness.pass_(60)
    # Whoever is on call is woken by a message of their own, and the chat is not woken besides.
    assert [last(harness, chat).loud for chat in (ANNA, GROUP)] == [True, False]
    for chat in (ANNA, GROUP):
        assert last(harness, chat).text.startswith("🔴 smoke detected — smoke: something is wrong · Head office\n")
        assert "Nothing is broken" not in last(harness, chat).text
    await harness.pass_(11 * 60)
    assert "smoke detected" in last(harness, BORIS).text
    now = harness.clock.now
    await harness.incident_manager.record({}, [StateChange(":smoke", Resolved(End.RECOVERED, now), {})], now)
    await harness.pass_(60)
    assert "🟢 smoke detected — smoke: it is over" in last(harness, GROUP).text
