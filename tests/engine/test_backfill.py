"""Backfill after a monitoring gap: past outages are notified once, silently, and page no person."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.engine.backfill import TRIES
from bot.incidents.model import Kind, MonitoringGap, StateChange
from bot.pbx import Answer, Forbidden, PbxError, TimedOut, TrunkEvent, Unreachable
from bot.store.database import Store
from tests.incident_harness.pbx import ANNA, BORIS, GROUP, World
from tests.incident_harness.phones import Heard
from tests.incident_harness.station import DEAD, START, UP

MINUTE = 60


@pytest.fixture
async def world(store: Store) -> World:
    world = World(store)
    for trunk in ("zadarma", "mango"):
        world.pbx.shows(trunk, UP, START - timedelta(days=1))
    await world.opens()
    await world.pass_(10 * MINUTE)
    return world


async def is_away(world: World, *, minutes: float, down_from: float = 0, down_for: float = 0) -> None:
    """Stop the bot while zadarma is down; start it and run for two minutes."""
    world.on = False
    await with_outage(world, minutes, down_from, down_for)
    world.on = True
    await world.restarts()
    await world.pass_(2 * MINUTE)


async def is_lost(world: World, *, minutes: float, down_from: float = 0, down_for: float = 0) -> None:
    """Lose the connection to the PBX while zadarma is down."""
    world.pbx.error = Unreachable("no route")
    await with_outage(world, minutes, down_from, down_for)
    world.pbx.error = None
    await world.pass_(2 * MINUTE)


async def with_outage(world: World, minutes: float, down_from: float, down_for: float) -> None:
    await world.pass_(down_from * MINUTE)
    if down_for:
        world.pbx.shows("zadarma", DEAD)
        await world.pass_(down_for * MINUTE)
        world.pbx.shows("zadarma", UP)
    await world.pass_((minutes - down_from - down_for) * MINUTE)


def notes(world: World) -> list[Heard]:
    return [one for one in world.heard if one.template == "note_blind"]


async def test_what_happened_while_the_bot_was_off_is_reported_once_and_wakes_nobody(world: World) -> None:
    await is_away(world, minutes=21, down_from=4, down_for=8)
    (note,) = notes(world)
    assert (note.chat, note.loud) == (GROUP, False)
    # The time of the last poll is stored once a minute.
    assert "I was blind 15:09:00 – 15:31:00" in note.text
    assert "Zadarma was down 15:14:00 – 15:22:00 (8 min)" in note.text
    assert world.heard == [note]
    (incident,) = await world.incidents()
    assert (incident.kind, incident.open_key, incident.step) == (Kind.TRUNK_DOWN, None, 0)
    assert (incident.began_at, incident.ended_at) == (START + timedelta(minutes=14), START + timedelta(minutes=22))
    await world.restarts()
    await world.pass_(5 * MINUTE)
    assert len(world.heard) == 1


async def test_a_restart_is_no_absence(world: World) -> None:
    await is_away(world, minutes=0.5)
    assert world.heard == []


@pytest.mark.parametrize(("minutes", "said"), [(10, False), (20, True)])
async def test_that_nothing_happened_is_worth_a_word_only_after_long(world: World, minutes: float, said: bool) -> None:
    await is_away(world, minutes=minutes)
    assert ["no trunk was down meanwhile" in note.text for note in notes(world)] == [True] * said


async def test_an_outage_too_short_to_be_reported_is_not_reported_afterwards(world: World) -> None:
    await is_away(world, minutes=10, down_from=4, down_for=1 / 3)
    assert world.heard == []
    assert await world.incidents() == []


async def test_what_happened_while_the_pbx_could_not_be_reached_is_reported_when_it_answers(world: World) -> None:
    await is_lost(world, minutes=20, down_from=5, down_for=6)
    (note,) = notes(world)
    assert "Zadarma was down 15:15:00 – 15:21:00 (6 min)" in note.text
    assert len(world.pages(ANNA)) == 1
    assert "Head office" in world.pages(ANNA)[0].text


async def test_a_trunk_that_went_down_meanwhile_and_still_is_wakes_as_ever(world: World) -> None:
    world.on = False
    await world.pass_(5 * MINUTE)
    world.pbx.shows("zadarma", DEAD)
    await world.pass_(5 * MINUTE)
    world.on = True
    await world.restarts()
    await world.pass_(2 * MINUTE)
    (note,) = notes(world)
    assert "Zadarma went down at 15:15:00" in note.text
    (page,) = world.pages(ANNA)
    assert "Since 15:15:00" in page.text


# --- no page for resolved outages -----------------------------------------------------------------------------------


async def test_an_outage_that_ended_while_the_bot_was_off_is_not_escalated_by_its_return(world: World) -> None:
    world.pbx.shows("zadarma", DEAD)
    await world.pass_(2 * MINUTE)
    assert len(world.pages(ANNA)) == 1
    world.on = False
    await world.pass_(30 * MINUTE)
    world.pbx.shows("zadarma", UP)
    await world.pass_(30 * MINUTE)
    world.on = True
    await world.restarts()
    await world.pass_(5 * MINUTE)
    assert len(world.pages(ANNA)) == 1
    assert world.pages(BORIS) == []
    assert "Zadarma is up again" in world.pages(ANNA)[0].text


async def test_one_that_lasts_goes_on_to_the_next_person_once(world: World) -> None:
    world.pbx.shows("zadarma", DEAD)
    await world.pass_(2 * MINUTE)
    world.on = False
    await world.pass_(60 * MINUTE)
    world.on = True
    await world.restarts()
    await world.pass_(MINUTE)
    assert len(world.pages(ANNA)) == 1
    assert len(world.pages(BORIS)) == 1


async def test_an_outage_that_ended_while_the_pbx_was_lost_is_not_reminded_of_when_it_answers(world: World) -> None:
    world.pbx.shows("zadarma", DEAD)
    await world.pass_(2 * MINUTE)
    world.pbx.error = Unreachable("no route")
    await world.pass_(10 * MINUTE)
    world.pbx.shows("zadarma", UP)
    await world.pass_(10 * MINUTE)
    before = len(world.pages(ANNA))
    world.pbx.error = None
    await world.pass_(5 * MINUTE)
    assert len(world.pages(ANNA)) == before


# --- history not available ------------------------------------------------------------------------------------------


def refuses(world: World, error: PbxError, times: int = 10**6) -> Callable[[], int]:
    """Fail the history `times` times; returns a counter of the requests."""
    asked, tells = 0, world.pbx.history

    async def history(trunk: str, limit: int = 100) -> Answer[tuple[TrunkEvent, ...]]:
        nonlocal asked
        asked += 1
        if asked <= times:
            raise error
        return await tells(trunk, limit)

    world.pbx.history = history  # type: ignore[method-assign]
    return lambda: asked


@pytest.mark.parametrize(("minutes", "said"), [(10, False), (20, True)])
async def test_without_the_right_to_history_it_is_said_that_nobody_knows(
    world: World, minutes: float, said: bool
) -> None:
    asked = refuses(world, Forbidden("SIP Providers", "read"))
    await is_away(world, minutes=minutes, down_from=4, down_for=2)
    assert ["The PBX does not tell what happened meanwhile" in note.text for note in notes(world)] == [True] * said
    assert asked() == 1


async def test_a_pbx_that_has_only_just_come_back_is_asked_again(world: World) -> None:
    refuses(world, TimedOut("30 s"), times=2)
    await is_lost(world, minutes=10, down_from=3, down_for=4)
    (note,) = notes(world)
    assert "Zadarma was down 15:13:00 – 15:17:00 (4 min)" in note.text


async def test_it_is_not_asked_for_ever(world: World) -> None:
    asked = refuses(world, TimedOut("30 s"))
    await is_lost(world, minutes=20, down_from=3, down_for=4)
    await world.pass_(10 * MINUTE)
    assert len(notes(world)) == 1
    assert asked() == TRIES


# --- database errors ------------------------------------------------------------------------------------------------


def cannot_store_notes(world: World) -> Callable[[], None]:
    """Fail the first write of backfilled incidents; returns a function that repairs it."""
    apply = world.incident_manager.record

    async def failing(
        changed: Mapping[str, dict[str, Any] | None], happened: Sequence[StateChange], now: datetime
    ) -> None:
        if any(isinstance(one.transition, MonitoringGap) for one in happened):
            raise OSError("disk full")
        await apply(changed, happened, now)

    world.incident_manager.record = failing  # type: ignore[method-assign]

    def repair() -> None:
        world.incident_manager.record = apply  # type: ignore[method-assign]

    return repair


async def looks_in_vain(world: World) -> Callable[[], None]:
    """Return from a long gap with an outage in it while the database refuses the notifications."""
    world.on = False
    await with_outage(world, 20, 4, 8)
    world.on = True
    await world.restarts()
    repair = cannot_store_notes(world)
    with pytest.raises(OSError, match="disk full"):
        await world.pass_(MINUTE)
    assert notes(world) == []
    return repair


async def test_what_could_not_be_stored_is_reported_at_the_next_look(world: World) -> None:
    repair = await looks_in_vain(world)
    repair()
    await world.pass_(2 * MINUTE)
    (note,) = notes(world)
    assert "Zadarma was down" in note.text
    assert len(await world.incidents()) == 1


async def test_a_crash_between_looking_back_and_storing_loses_nothing(world: World) -> None:
    await looks_in_vain(world)
    await world.restarts()
    await world.pass_(2 * MINUTE)
    (note,) = notes(world)
    assert "Zadarma was down" in note.text
    assert len(await world.incidents()) == 1
