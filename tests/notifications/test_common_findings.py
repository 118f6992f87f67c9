"""A fleet that shows one finding together, at its first start: who is told, how often, and who is not told twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.access.policy import EVERY_STATION, Grant
from bot.detection.pbx_findings import Reading
from bot.incidents.model import PBX_RELEASE
from bot.incidents.silence_store import SilenceRequest, Silences
from bot.pbx import Advice, AdviceLevel
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.tables.incidents import IncidentEvent
from tests.incident_harness.fleet import FLEET, FleetIncidentHarness
from tests.incident_harness.pbx import ANNA, BORIS, NAMES

SIZE = 12
OF_PBX_03 = 77
OLD = Reading(release="2026.1.223", advice=())
NEW = Reading(release="2026.9.5", advice=())
DEFAULT_PASSWORD = Advice("YouUseDefaultWebPassword", AdviceLevel.ERROR)


@pytest.fixture
async def fleet(database: Database) -> FleetIncidentHarness:
    fleet = FleetIncidentHarness(database, SIZE)
    await fleet.opens()
    for one in fleet.all:
        one.pbx.page = lambda path: f"https://pbx.invalid/{path}"  # type: ignore[attr-defined]
    return fleet


async def shows(fleet: FleetIncidentHarness, *places: int, reading: Reading, every: float = 8) -> None:
    """Look at these PBXs one after another, as the looks of a fleet are spread."""
    for place in places:
        await fleet.fleet[fleet.all[place].name].checks.health._record(reading, fleet.clock.now)
        fleet.stir()
        await fleet.fleet.findings.run_once()
        await fleet.pass_(every)


def heard(fleet: FleetIncidentHarness, chat: int, words: str) -> set[int]:
    """Return the messages of a chat that once had these words."""
    return {one.row for one in fleet.heard if one.chat == chat and words in one.text}


async def test_the_first_start_of_a_fleet_is_one_message_and_not_one_for_each_pbx(fleet: FleetIncidentHarness) -> None:
    await shows(fleet, *range(SIZE), reading=OLD)
    loud = {one.row for one in fleet.heard if one.chat == FLEET and one.loud}
    # The first ones, before it was known that they are many; then the one of all.
    assert len(loud) <= 3
    (common,) = heard(fleet, FLEET, f"{SIZE} of {SIZE} PBXs: the release of the PBX has a known fault")
    assert common in loud
    # Whoever has one PBX is told of it.
    for one in fleet.all:
        assert heard(fleet, one.chat, "MikoPBX 2026.1.223 has a known fault")
    # One that comes a day later is told by itself.
    await shows(fleet, 0, reading=NEW)
    fleet.clock.pass_(86_400)
    before = len(heard(fleet, FLEET, "2026.1.223 has a known fault"))
    await shows(fleet, 0, reading=OLD)
    await fleet.pass_(60)
    assert len(heard(fleet, FLEET, "2026.1.223 has a known fault")) == before + 1
    await shows(fleet, *range(SIZE), reading=NEW, every=1)
    await fleet.pass_(60)
    assert heard(fleet, FLEET, "No PBX any more: the release of the PBX has a known fault")


async def test_what_only_administrators_are_told_is_gathered_for_those_of_the_fleet(
    fleet: FleetIncidentHarness,
) -> None:
    fleet.grants._settings += (Grant(OF_PBX_03, "admin", "PBX 03"),)
    reading = Reading(release="2026.9.5", advice=(DEFAULT_PASSWORD,))
    await shows(fleet, *range(SIZE), reading=reading)
    words = "The web password of the PBX is the default one"
    for person in (ANNA, BORIS):
        assert len(heard(fleet, person, words)) <= 3
        assert heard(fleet, person, f"{SIZE} of {SIZE} PBXs: {words}")
        # The message of all names the first five.
        assert not heard(fleet, person, "PBX 10")
    assert not [one for one in fleet.heard if one.chat in NAMES and one.loud and words in one.text]
    assert heard(fleet, OF_PBX_03, words)
    assert not heard(fleet, OF_PBX_03, "PBXs: ")
    assert not heard(fleet, FLEET, words)


async def test_after_a_restart_nothing_is_told_again_and_the_end_is(fleet: FleetIncidentHarness) -> None:
    await shows(fleet, *range(SIZE), reading=OLD)
    before = len(fleet.heard)
    await fleet.restarts()
    for one in fleet.all:
        one.pbx.page = lambda path: f"https://pbx.invalid/{path}"  # type: ignore[attr-defined]
    await shows(fleet, *range(SIZE), reading=OLD, every=1)
    await fleet.pass_(60)
    assert len(fleet.heard) == before
    # Ended while it was away.
    await fleet.restarts()
    await shows(fleet, *range(SIZE), reading=NEW, every=1)
    await fleet.pass_(60)
    assert heard(fleet, FLEET, "No PBX any more: the release of the PBX has a known fault")


async def test_a_mute_of_the_one_message_holds_the_finding_at_every_pbx(fleet: FleetIncidentHarness) -> None:
    await shows(fleet, *range(4), reading=OLD)
    silences = Silences(fleet.database, fleet.clock, Signal())
    now = fleet.clock.now
    request = SilenceRequest(EVERY_STATION, PBX_RELEASE, "", ANNA, "Anna", "")
    await silences.mute(request, now, now + timedelta(days=30))
    fleet.clock.pass_(86_400)
    before = len(heard(fleet, FLEET, "has a known fault"))
    await shows(fleet, 5, reading=OLD)
    await fleet.pass_(30)
    assert len(heard(fleet, FLEET, "has a known fault")) == before
    assert not heard(fleet, fleet.all[5].chat, "has a known fault")


async def test_why_says_that_the_fleet_is_told_once(fleet: FleetIncidentHarness) -> None:
    await shows(fleet, *range(6), reading=OLD)
    with fleet.database.begin() as session:
        steps = session.execute(select(IncidentEvent).where(IncidentEvent.what == "left_to_fleet")).scalars().all()
        assert len(steps) == 3
