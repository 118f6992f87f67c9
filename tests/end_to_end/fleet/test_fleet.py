"""Several PBXs of one bot: alert chats of each, and the station that a command applies to."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.fleet_harness import FleetHouse, running_fleet, running_house
from tests.end_to_end.harness import ANNA, BORIS, GROUP, SAM, VERA, press

TRUNK = "Mango Office"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetHouse]:
    """Both PBXs alert GROUP."""
    with running_house("acme", "beta") as house, running_fleet(house, tmp_path_factory.mktemp("fleet")):
        house.wait_until_watched("acme", "beta")
        yield house


def test_an_outage_is_told_to_the_fleet_and_to_the_customer_and_to_nobody_else(house: FleetHouse) -> None:
    acme, beta = house["acme"], house["beta"]
    before = house.from_bot(beta.chat)
    acme.breaks(TRUNK)
    fleets = house.wait_for_message(f"{TRUNK} is down · Acme")
    customers = house.wait_for_message(f"{TRUNK} is down · Acme", acme.chat)
    press(house, customers, "I'm on it", "Boris Petrov is on it", BORIS)
    house.wait_until_it_says(fleets, "Boris Petrov is on it")
    acme.mends(TRUNK)
    house.wait_for_message(f"{TRUNK} is up again", after=fleets.id)
    house.wait_for_message(f"{TRUNK} is up again", acme.chat, after=customers.id)
    beta.wait_for_looks(2)
    assert house.from_bot(beta.chat) == before


def test_in_a_customers_chat_a_command_is_about_the_customers_pbx(house: FleetHouse) -> None:
    assert "🟢 Beta" in house.asks(VERA, "/status", house["beta"].chat)


def test_in_a_customers_chat_nobody_asks_about_another_pbx(house: FleetHouse) -> None:
    assert "Acme" not in house.asks(BORIS, "/status acme", house["beta"].chat)


def test_where_several_can_be_meant_the_bot_asks_once_which(house: FleetHouse) -> None:
    question = house.asks(BORIS, "/status", GROUP)
    assert question.text.startswith("🏢 Which PBX do you mean?")
    assert question.buttons == [["Acme", "Beta"]]
    house.presses(BORIS, question, "Beta")
    house.wait_for_message("🟢 Beta", after=question.id)
    assert "🟢 Beta" in house.asks(BORIS, "/status", GROUP)
    assert "Which PBX" in house.asks(VERA, "/status", GROUP), "what one person chose is nobody else's choice"
    assert "🟢 Acme" in house.asks(BORIS, "/status acme", GROUP)
    assert "🟢 Acme" in house.asks(BORIS, "/status", GROUP), "what was named last is meant"


def test_a_right_at_one_pbx_is_none_at_another(house: FleetHouse) -> None:
    for chat in (house["acme"].chat, GROUP):
        house.post("/client/members", by=ANNA, chat=chat, user=SAM, status="member")
    press(house, house.asks(ANNA, f"/grant {SAM} viewer", house["acme"].chat), "✅ Give", "✅ Given")
    assert "🟢 Acme" in house.asks(SAM, "/status", house["acme"].chat)
    assert "🟢 Acme" in house.asks(SAM, "/status acme", GROUP)
    asked = house.says(SAM, "/status beta", GROUP)
    assert "🟢 Acme" in house.asks(SAM, "/status", GROUP), "only one can be meant"
    assert "🟢 Beta" not in house.asks(SAM, "/status beta"), "nor in private"
    assert not [m for m in house.from_bot(GROUP) if m.id > asked and "Beta" in m]


def test_what_is_about_no_pbx_alone_begins_with_none(house: FleetHouse) -> None:
    for text in ("/help", "/id", "/start"):
        assert "Acme" not in house.asks(ANNA, text, ANNA)
        assert "Beta" not in house.asks(ANNA, text, ANNA)
