"""Notifications of common causes: the fleet once for all, each customer for their own PBX."""

import pytest

from bot.incidents.model import Kind
from bot.store.database import Database
from tests.fixtures.examples import PROFILE, example_count
from tests.incident_harness.fleet import FLEET, FleetIncidentHarness
from tests.incident_harness.pbx import ANNA, BORIS

COUNT = example_count(daily=12, ci=20)
EVERYBODY = range(COUNT)


@pytest.fixture
async def harness(database: Database) -> FleetIncidentHarness:
    harness = FleetIncidentHarness(database, COUNT)
    await harness.opens()
    return harness


async def provider_dies(harness: FleetIncidentHarness) -> None:
    """Break the provider within 10 s."""
    for begin in range(0, COUNT, 4):
        harness.dies(*range(begin, begin + 4))
        await harness.pass_(2)
    await harness.pass_(120)


async def test_a_provider_that_dies_is_one_message_to_the_fleet_and_one_to_each_customer(
    harness: FleetIncidentHarness,
) -> None:
    await provider_dies(harness)
    for chat in (FLEET, ANNA):
        (told,) = harness.alerts(chat)
        assert told.loud is (chat == ANNA), "whoever is on call is woken, and once"
        assert told.text.replace("\u2060", "").startswith(
            f"🔴 sip.provider.example is down for {COUNT} of {COUNT} PBXs"
        )
    for one in harness.all:
        (own,) = harness.alerts(one.chat)
        assert own.text.startswith(f"🔴 Shared is down · {one.name}")
    harness.lives(*EVERYBODY)
    await harness.pass_(180)
    for chat in (FLEET, ANNA, *(one.chat for one in harness.all)):
        assert len(harness.alerts(chat)) == len(harness.ends(chat)) == 1
    assert not [one for one in await harness.incidents() if one.ended_at is None]


async def test_the_fleet_hears_of_it_no_later_than_the_first_customer(harness: FleetIncidentHarness) -> None:
    await provider_dies(harness)
    assert harness.alerts(FLEET)[0].at <= min(harness.alerts(one.chat)[0].at for one in harness.all)


async def test_who_is_on_call_for_one_pbx_is_called_all_the_same(harness: FleetIncidentHarness) -> None:
    harness.all[3].on_call.levels = [[BORIS]]
    await provider_dies(harness)
    (told,) = harness.alerts(BORIS)
    assert "PBX 03" in told.text
    assert len(harness.alerts(ANNA)) == 1


async def test_a_trunk_that_stays_down_when_the_provider_is_back_is_told_then(harness: FleetIncidentHarness) -> None:
    await provider_dies(harness)
    harness.lives(*range(1, COUNT))
    await harness.pass_(180)
    for chat in (FLEET, ANNA):
        common, left = harness.alerts(chat)
        assert common.text.startswith("🟢")
        assert left.text.startswith("🔴 Shared is down · PBX 00")
    assert len(harness.alerts(harness.all[0].chat)) == 1, "the customer knew of it"
    harness.lives(0)
    await harness.pass_(60)
    assert len(harness.ends(FLEET)) == 2


async def test_another_trunk_that_is_down_meanwhile_is_told_to_everybody(harness: FleetIncidentHarness) -> None:
    await provider_dies(harness)
    harness.dies(5, trunk="own")
    await harness.pass_(60)
    for chat in (FLEET, ANNA):
        assert any("Own is down · PBX 05" in one.text for one in harness.alerts(chat)[1:])


async def test_our_own_internet_is_one_page_and_customers_hear_nothing(harness: FleetIncidentHarness) -> None:
    harness.hidden(*EVERYBODY)
    await harness.pass_(example_count(daily=600, ci=1200))
    for chat in (FLEET, ANNA):
        (told,) = harness.alerts(chat)
        assert told.text.startswith(f"🔴 The bot cannot reach any of {COUNT} PBXs: it is its own internet")
    harness.seen(*EVERYBODY)
    await harness.pass_(300)
    for chat in (FLEET, ANNA):
        told, over = (one for one in harness.heard if one.chat == chat)
        assert over.text.startswith("🟢 The bot reaches the PBXs again")
    assert not [one for one in harness.heard if one.chat <= -1000]
    held = [one for one in await harness.incidents() if one.kind == Kind.STATION]
    assert len(held) == COUNT
    assert all(one.held_by == "internet" and one.step == 0 for one in held)


async def test_a_pbx_that_stays_unreachable_when_the_internet_is_back_is_told_then(
    harness: FleetIncidentHarness,
) -> None:
    harness.hidden(*EVERYBODY)
    await harness.pass_(300)
    harness.seen(*range(1, COUNT))
    await harness.pass_(180)
    first = harness.all[0]
    assert [one.text.splitlines()[0] for one in harness.alerts(first.chat)] == ["🔴 PBX 00"]
    assert harness.alerts(FLEET)[1].text.startswith("🔴 PBX 00")
    assert harness.alerts(ANNA)[1].text.startswith("🔴 PBX 00")
    assert not [one for one in harness.heard if one.chat < first.chat]


async def test_a_trunk_that_was_down_while_the_internet_was_is_not_lost(harness: FleetIncidentHarness) -> None:
    harness.hidden(*EVERYBODY)
    await harness.pass_(120)
    harness.dies(7, trunk="own")
    harness.seen(*EVERYBODY)
    await harness.pass_(120)
    assert any("Own is down · PBX 07" in one for one in harness.everything(harness.all[7].chat))
    assert any("Own is down · PBX 07" in one for one in harness.everything(FLEET))


@pytest.mark.parametrize("after", [20, 60] if PROFILE == "ci" else [20])
async def test_a_restart_amid_it_tells_nobody_anything_new(harness: FleetIncidentHarness, after: int) -> None:
    harness.hidden(*EVERYBODY)
    await harness.pass_(after)
    await harness.restarts()
    await harness.pass_(120)
    await harness.restarts()
    harness.seen(*EVERYBODY)
    await harness.pass_(180)
    assert len(harness.alerts(FLEET)) == len(harness.ends(FLEET)) == 1
    assert not [one for one in harness.heard if one.chat <= -1000]


async def test_a_hiccup_shorter_than_the_hold_off_is_told_to_nobody(harness: FleetIncidentHarness) -> None:
    harness.hidden(*EVERYBODY)
    await harness.pass_(20)
    harness.seen(*EVERYBODY)
    await harness.pass_(180)
    assert harness.heard == []


async def test_two_pbxs_that_are_hit_together_are_told_one_by_one(harness: FleetIncidentHarness) -> None:
    harness.hidden(3, 4)
    await harness.pass_(60)
    assert [len(harness.alerts(harness.all[number].chat)) for number in (3, 4)] == [1, 1]
    (both,) = harness.alerts(FLEET)
    assert "PBX 03" in both.text
    assert "PBX 04" in both.text
