"""Notifications of common causes: the fleet once for all, each customer for their own PBX."""

import pytest

from bot.incidents.model import Kind
from bot.store.database import Store
from tests.fixtures.examples import PROFILE
from tests.fixtures.examples import number as how_many
from tests.incident_harness.fleet import FLEET, FleetWorld
from tests.incident_harness.pbx import ANNA, BORIS

COUNT = how_many(daily=12, ci=20)
EVERYBODY = range(COUNT)


@pytest.fixture
async def world(store: Store) -> FleetWorld:
    world = FleetWorld(store, COUNT)
    await world.opens()
    return world


async def provider_dies(world: FleetWorld) -> None:
    """Break the provider within 10 s."""
    for begin in range(0, COUNT, 4):
        world.dies(*range(begin, begin + 4))
        await world.pass_(2)
    await world.pass_(120)


async def test_a_provider_that_dies_is_one_message_to_the_fleet_and_one_to_each_customer(world: FleetWorld) -> None:
    await provider_dies(world)
    for chat in (FLEET, ANNA):
        (told,) = world.alerts(chat)
        assert told.loud is (chat == ANNA), "whoever is on call is woken, and once"
        assert told.text.replace("\u2060", "").startswith(
            f"🔴 sip.provider.example is down for {COUNT} of {COUNT} PBXs"
        )
    for one in world.all:
        (own,) = world.alerts(one.chat)
        assert own.text.startswith(f"🔴 Shared is down · {one.name}")
    world.lives(*EVERYBODY)
    await world.pass_(180)
    for chat in (FLEET, ANNA, *(one.chat for one in world.all)):
        assert len(world.alerts(chat)) == len(world.ends(chat)) == 1
    assert not [one for one in await world.incidents() if one.ended_at is None]


async def test_the_fleet_hears_of_it_no_later_than_the_first_customer(world: FleetWorld) -> None:
    await provider_dies(world)
    assert world.alerts(FLEET)[0].at <= min(world.alerts(one.chat)[0].at for one in world.all)


async def test_who_is_on_call_for_one_pbx_is_called_all_the_same(world: FleetWorld) -> None:
    world.all[3].on_call.levels = [[BORIS]]
    await provider_dies(world)
    (told,) = world.alerts(BORIS)
    assert "PBX 03" in told.text
    assert len(world.alerts(ANNA)) == 1


async def test_a_trunk_that_stays_down_when_the_provider_is_back_is_reported_then(world: FleetWorld) -> None:
    await provider_dies(world)
    world.lives(*range(1, COUNT))
    await world.pass_(180)
    for chat in (FLEET, ANNA):
        common, left = world.alerts(chat)
        assert common.text.startswith("🟢")
        assert left.text.startswith("🔴 Shared is down · PBX 00")
    assert len(world.alerts(world.all[0].chat)) == 1, "the customer knew of it"
    world.lives(0)
    await world.pass_(60)
    assert len(world.ends(FLEET)) == 2


async def test_another_trunk_that_is_down_meanwhile_is_reported_to_everybody(world: FleetWorld) -> None:
    await provider_dies(world)
    world.dies(5, trunk="own")
    await world.pass_(60)
    for chat in (FLEET, ANNA):
        assert any("Own is down · PBX 05" in one.text for one in world.alerts(chat)[1:])


async def test_our_own_internet_is_one_page_and_customers_hear_nothing(world: FleetWorld) -> None:
    world.hidden(*EVERYBODY)
    await world.pass_(how_many(daily=600, ci=1200))
    for chat in (FLEET, ANNA):
        (told,) = world.alerts(chat)
        assert told.text.startswith(f"🔴 The bot cannot reach any of {COUNT} PBXs: it is its own internet")
    world.seen(*EVERYBODY)
    await world.pass_(300)
    for chat in (FLEET, ANNA):
        told, over = (one for one in world.heard if one.chat == chat)
        assert over.text.startswith("🟢 The bot reaches the PBXs again")
    assert not [one for one in world.heard if one.chat <= -1000]
    held = [one for one in await world.incidents() if one.kind == Kind.STATION]
    assert len(held) == COUNT
    assert all(one.held_by == "internet" and one.step == 0 for one in held)


async def test_a_pbx_that_stays_unreachable_when_the_internet_is_back_is_reported_then(world: FleetWorld) -> None:
    world.hidden(*EVERYBODY)
    await world.pass_(300)
    world.seen(*range(1, COUNT))
    await world.pass_(180)
    first = world.all[0]
    assert [one.text.splitlines()[0] for one in world.alerts(first.chat)] == ["🔴 PBX 00"]
    assert world.alerts(FLEET)[1].text.startswith("🔴 PBX 00")
    assert world.alerts(ANNA)[1].text.startswith("🔴 PBX 00")
    assert not [one for one in world.heard if one.chat < first.chat]


async def test_a_trunk_that_was_down_while_the_internet_was_is_not_lost(world: FleetWorld) -> None:
    world.hidden(*EVERYBODY)
    await world.pass_(120)
    world.dies(7, trunk="own")
    world.seen(*EVERYBODY)
    await world.pass_(120)
    assert any("Own is down · PBX 07" in one for one in world.everything(world.all[7].chat))
    assert any("Own is down · PBX 07" in one for one in world.everything(FLEET))


@pytest.mark.parametrize("after", [20, 60] if PROFILE == "ci" else [20])
async def test_a_restart_amid_it_tells_nobody_anything_new(world: FleetWorld, after: int) -> None:
    world.hidden(*EVERYBODY)
    await world.pass_(after)
    await world.restarts()
    await world.pass_(120)
    await world.restarts()
    world.seen(*EVERYBODY)
    await world.pass_(180)
    assert len(world.alerts(FLEET)) == len(world.ends(FLEET)) == 1
    assert not [one for one in world.heard if one.chat <= -1000]


async def test_a_hiccup_shorter_than_the_hold_off_is_reported_to_nobody(world: FleetWorld) -> None:
    world.hidden(*EVERYBODY)
    await world.pass_(20)
    world.seen(*EVERYBODY)
    await world.pass_(180)
    assert world.heard == []


async def test_two_pbxs_that_are_hit_together_are_reported_one_by_one(world: FleetWorld) -> None:
    world.hidden(3, 4)
    await world.pass_(60)
    assert [len(world.alerts(world.all[number].chat)) for number in (3, 4)] == [1, 1]
    (both,) = world.alerts(FLEET)
    assert "PBX 03" in both.text
    assert "PBX 04" in both.text
