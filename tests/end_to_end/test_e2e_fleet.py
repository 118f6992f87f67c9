"""Several PBXs looked after by one bot: whose chats hear what, whom a command is about, and what becomes of the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.fleet_house import FleetHouse, running_fleet, running_house
from tests.end_to_end.house import ANNA, BORIS, GROUP, press

TRUNK = "Mango Office"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetHouse]:
    """GROUP is told of both PBXs; each has a chat of its own besides."""
    with running_house("acme", "beta") as house:
        house["acme"].alert_chats = [house.makes_group("Acme")]
        house["beta"].alert_chats = [house.makes_group("Beta")]
        with running_fleet(house, tmp_path_factory.mktemp("fleet")):
            house.wait_until_watched("acme", "beta")
            yield house


def test_an_outage_is_told_to_the_fleet_and_to_the_customer_and_to_nobody_else(house: FleetHouse) -> None:
    acme, beta = house["acme"], house["beta"]
    (acmes,), (betas,) = acme.alert_chats, beta.alert_chats
    before = house.from_bot(betas)
    acme.breaks(TRUNK)
    fleets = house.wait_for_message(f"{TRUNK} is down · Acme")
    customers = house.wait_for_message(f"{TRUNK} is down · Acme", acmes)
    press(house, customers, "I'm on it", "Boris Petrov is on it", BORIS)
    house.wait_for(lambda: (m := house.again(fleets)) and "Boris Petrov is on it" in m or None, "the fleet's copy")
    acme.mends(TRUNK)
    house.wait_for_message(f"{TRUNK} is up again", after=fleets.id)
    house.wait_for_message(f"{TRUNK} is up again", acmes, after=customers.id)
    beta.wait_for_looks(2)
    assert house.from_bot(betas) == before
