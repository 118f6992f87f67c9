"""Several PBXs looked after by one bot: whose chats hear what, whom a command is about, and what becomes of the others."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.fleet_house import FleetHouse, running_fleet, running_house
from tests.end_to_end.house import ANNA, BORIS, GROUP, SAM, VERA, press

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
    house.wait_for(lambda: ((m := house.again(fleets)) and "Boris Petrov is on it" in m) or None, "the fleet's copy")
    acme.mends(TRUNK)
    house.wait_for_message(f"{TRUNK} is up again", after=fleets.id)
    house.wait_for_message(f"{TRUNK} is up again", acmes, after=customers.id)
    beta.wait_for_looks(2)
    assert house.from_bot(betas) == before


def test_in_a_customers_chat_a_command_is_about_the_customers_pbx(house: FleetHouse) -> None:
    (betas,) = house["beta"].alert_chats
    answer = house.asks(VERA, "/status", betas)
    assert "Beta" in answer
    assert "of 5 trunks" in answer


def test_a_customers_chat_cannot_ask_about_another_pbx(house: FleetHouse) -> None:
    (betas,) = house["beta"].alert_chats
    answer = house.asks(BORIS, "/status acme", betas)
    assert "Acme" not in answer


def test_where_several_can_be_meant_the_bot_asks_once_which(house: FleetHouse) -> None:
    question = house.asks(BORIS, "/status", GROUP)
    assert question.buttons == [["Acme", "Beta"]]
    press(house, question, "Beta", "trunks work", BORIS)
    assert "Beta" in house.again(question)
    assert "Beta" in house.asks(BORIS, "/status", GROUP)
    assert "Which PBX" in house.asks(VERA, "/status", GROUP), "somebody else has chosen nothing"
    assert "Acme" in house.asks(BORIS, "/status acme", GROUP)
    assert "Acme" in house.asks(BORIS, "/status", GROUP), "what was named last is meant"


def test_a_right_at_one_pbx_is_none_at_another(house: FleetHouse) -> None:
    (acmes,) = house["acme"].alert_chats
    house.post("/client/members", by=ANNA, chat=acmes, user=SAM, status="member")
    house.post("/client/members", by=ANNA, chat=GROUP, user=SAM, status="member")
    house.asks(SAM, "/id", acmes)
    question = house.asks(ANNA, f"/grant {SAM} viewer", acmes)
    press(house, question, "✅ Give", "viewer")
    assert "trunks work" in house.asks(SAM, "/status", acmes)
    assert "trunks work" in house.asks(SAM, "/status acme", GROUP)
    refused = house.asks(SAM, "/status beta", GROUP)
    assert "trunks work" not in refused
    assert "trunks work" in house.asks(SAM, "/status", SAM), "in private only one can be meant"
    assert "trunks work" not in house.asks(SAM, "/status beta", SAM)
