"""Backfill after a monitoring gap: past outages are notified once, silently, and page no person."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.engine.backfill import TRIES
from bot.incidents.model import Kind, MonitoringGap, StateChange
from bot.pbx import Answer, Forbidden, PbxError, TimedOut, TrunkEvent, Unreachable
from bot.store.database import Database
from tests.incident_harness.pbx import ANNA, BORIS, GROUP, IncidentHarness
from tests.incident_harness.phones import DeliveredMessage
from tests.incident_harness.station import DEAD, START, UP

MINUTE = 60


@pytest.fixture
async def harness(database: Database) -> IncidentHarness:
    harness = IncidentHarness(database)
    for trunk in ("zadarma", "mango"):
        harness.pbx.shows(trunk, UP, START - timedelta(days=1))
    await harness.opens()
    await harness.pass_(10 * MINUTE)
    return harness


async def is_away(harness: IncidentHarness, *, minutes: float, down_from: float = 0, down_for: float = 0) -> None:
    """Stop the bot while zadarma is down; start it and run for two minutes."""
    harness.on = False
    await with_outage(harness, minutes, down_from, down_for)
    harness.on = True
    await harness.restarts()
    await harness.pass_(2 * MINUTE)


async def is_lost(harness: IncidentHarness, *, minutes: float, down_from: float = 0, down_for: float = 0) -> None:
    """Lose the connection to the PBX while zadarma is down."""
    harness.pbx.error = Unreachable("no route")
    await with_outage(harness, minutes, down_from, down_for)
    harness.pbx.error = None
    await harness.pass_(2 * MINUTE)


async def with_outage(harness: IncidentHarness, minutes: float, down_from: float, down_for: float) -> None:
    await harness.pass_(down_from * MINUTE)
    if down_for:
        harness.pbx.shows("zadarma", DEAD)
        await harness.pass_(down_for * MINUTE)
        harness.pbx.shows("zadarma", UP)
    await harness.pass_((minutes - down_from - down_for) * MINUTE)


def notes(harness: IncidentHarness) -> list[DeliveredMessage]:
    return [one for one in harness.heard if one.template == "note_blind"]


async def test_what_happened_while_the_bot_was_off_is_reported_once_and_wakes_nobody(harness: IncidentHarness) -> None:
    await is_away(harness, minutes=21, down_from=4, down_for=8)
    (note,) = notes(harness)
    assert (note.chat, note.loud) == (GROUP, False)
    # The time of the last poll is stored once a minute.
    assert "I was blind 15:09:00 – 15:31:00" in note.text
    assert "Zadarma was down 15:14:00 – 15:22:00 (8 min)" in note.text
    assert harness.heard == [note]
    (incident,) = await harness.incidents()
    assert (incident.kind, incident.open_key, incident.step) == (Kind.TRUNK_DOWN, None, 0)
    assert (incident.began_at, incident.ended_at) == (START + timedelta(minutes=14), START + timedelta(minutes=22))
    await harness.restarts()
    await harness.pass_(5 * MINUTE)
    assert len(harness.heard) == 1


async def test_a_restart_is_no_absence(harness: IncidentHarness) -> None:
    await is_away(harness, minutes=0.5)
    assert harness.heard == []


@pytest.mark.parametrize(("minutes", "said"), [(10, False), (20, True)])
async def test_that_nothing_happened_is_worth_a_word_only_after_long(
    harness: IncidentHarness, minutes: float, said: bool
) -> None:
    await is_away(harness, minutes=minutes)
    assert ["no trunk was down meanwhile" in note.text for note in notes(harness)] == [True] * said


async def test_an_outage_too_short_to_be_reported_is_not_reported_afterwards(harness: IncidentHarness) -> None:
    await is_away(harness, minutes=10, down_from=4, down_for=1 / 3)
    assert harness.heard == []
    assert await harness.incidents() == []


async def test_what_happened_while_the_pbx_could_not_be_reached_is_reported_when_it_answers(
    harness: IncidentHarness,
) -> None:
    await is_lost(harness, minutes=20, down_from=5, down_for=6)
    (note,) = notes(harness)
    assert "Zadarma was down 15:15:00 – 15:21:00 (6 min)" in note.text
    assert len(harness.pages(ANNA)) == 1
    assert "Head office" in harness.pages(ANNA)[0].text


async def test_a_trunk_that_went_down_meanwhile_and_still_is_wakes_as_ever(harness: IncidentHarness) -> None:
    harness.on = False
    await harness.pass_(5 * MINUTE)
    harness.pbx.shows("zadarma", DEAD)
    await harness.pass_(5 * MINUTE)
    harness.on = True
    await harness.restarts()
    await harness.pass_(2 * MINUTE)
    (note,) = notes(harness)
    assert "Zadarma went down at 15:15:00" in note.text
    (page,) = harness.pages(ANNA)
    assert "Since 15:15:00" in page.text


# --- no page for resolved outages -----------------------------------------------------------------------------------


async def test_an_outage_that_ended_while_the_bot_was_off_is_not_escalated_by_its_return(
    harness: IncidentHarness,
) -> None:
    harness.pbx.shows("zadarma", DEAD)
    await harness.pass_(2 * MINUTE)
    assert len(harness.pages(ANNA)) == 1
    harness.on = False
    await harness.pass_(30 * MINUTE)
    harness.pbx.shows("zadarma", UP)
    await harness.pass_(30 * MINUTE)
    harness.on = True
    await harness.restarts()
    await harness.pass_(5 * MINUTE)
    assert len(harness.pages(ANNA)) == 1
    assert harness.pages(BORIS) == []
    assert "Zadarma is up again" in harness.pages(ANNA)[0].text


async def test_one_that_lasts_goes_on_to_the_next_person_once(harness: IncidentHarness) -> None:
    harness.pbx.shows("zadarma", DEAD)
    await harness.pass_(2 * MINUTE)
    harness.on = False
    await harness.pass_(60 * MINUTE)
    harness.on = True
    await harness.restarts()
    await harness.pass_(MINUTE)
    assert len(harness.pages(ANNA)) == 1
    assert len(harness.pages(BORIS)) == 1


async def test_an_outage_that_ended_while_the_pbx_was_lost_is_not_reminded_of_when_it_answers(
    harness: IncidentHarness,
) -> None:
    harness.pbx.shows("zadarma", DEAD)
    await harness.pass_(2 * MINUTE)
    harness.pbx.error = Unreachable("no route")
    await harness.pass_(10 * MINUTE)
    harness.pbx.shows("zadarma", UP)
    await harness.pass_(10 * MINUTE)
    before = len(harness.pages(ANNA))
    harness.pbx.error = None
    await harness.pass_(5 * MINUTE)
    assert len(harness.pages(ANNA)) == before


# --- history not available ------------------------------------------------------------------------------------------


def refuses(harness: IncidentHarness, error: PbxError, times: int = 10**6) -> Callable[[], int]:
    """Fail the history `times` times; returns a counter of the requests."""
    asked, tells = 0, harness.pbx.history

    async def history(trunk: str, limit: int = 100) -> Answer[tuple[TrunkEvent, ...]]:
        nonlocal asked
        asked += 1
        if asked <= times:
            raise error
        return await tells(trunk, limit)

    harness.pbx.history = history  # type: ignore[method-assign]
    return lambda: asked


@pytest.mark.parametrize(("minutes", "said"), [(10, False), (20, True)])
async def test_without_the_right_to_history_it_is_said_that_nobody_knows(
    harness: IncidentHarness, minutes: float, said: bool
) -> None:
    asked = refuses(harness, Forbidden("SIP Providers", "read"))
    await is_away(harness, minutes=minutes, down_from=4, down_for=2)
    assert ["The PBX does not tell what happened meanwhile" in note.text for note in notes(harness)] == [True] * said
    assert asked() == 1


async def test_a_pbx_that_has_only_just_come_back_is_asked_again(harness: IncidentHarness) -> None:
    refuses(harness, TimedOut("30 s"), times=2)
    await is_lost(harness, minutes=10, down_from=3, down_for=4)
    (note,) = notes(harness)
    assert "Zadarma was down 15:13:00 – 15:17:00 (4 min)" in note.text


async def test_it_is_not_asked_for_ever(harness: IncidentHarness) -> None:
    asked = refuses(harness, TimedOut("30 s"))
    await is_lost(harness, minutes=20, down_from=3, down_for=4)
    await harness.pass_(10 * MINUTE)
    assert len(notes(harness)) == 1
    assert asked() == TRIES


# --- database errors ------------------------------------------------------------------------------------------------


def cannot_store_notes(harness: IncidentHarness) -> Callable[[], None]:
    """Fail the first write of backfilled incidents; returns a function that repairs it."""
    apply = harness.incident_manager.record

    async def failing(
        changed: Mapping[str, dict[str, Any] | None], state_changes: Sequence[StateChange], now: datetime
    ) -> None:
        if any(isinstance(one.transition, MonitoringGap) for one in state_changes):
            raise OSError("disk full")
        await apply(changed, state_changes, now)

    harness.incident_manager.record = failing  # type: ignore[method-assign]

    def repair() -> None:
        harness.incident_manager.record = apply  # type: ignore[method-assign]

    return repair


async def looks_in_vain(harness: IncidentHarness) -> Callable[[], None]:
    """Return from a long gap with an outage in it while the database refuses the notifications."""
    harness.on = False
    await with_outage(harness, 20, 4, 8)
    harness.on = True
    await harness.restarts()
    repair = cannot_store_notes(harness)
    with pytest.raises(OSError, match="disk full"):
        await harness.pass_(MINUTE)
    assert notes(harness) == []
    return repair


async def test_what_could_not_be_stored_is_reported_at_the_next_look(harness: IncidentHarness) -> None:
    repair = await looks_in_vain(harness)
    repair()
    await harness.pass_(2 * MINUTE)
    (note,) = notes(harness)
    assert "Zadarma was down" in note.text
    assert len(await harness.incidents()) == 1


async def test_a_crash_between_looking_back_and_storing_loses_nothing(harness: IncidentHarness) -> None:
    await looks_in_vain(harness)
    await harness.restarts()
    await harness.pass_(2 * MINUTE)
    (note,) = notes(harness)
    assert "Zadarma was down" in note.text
    assert len(await harness.incidents()) == 1
