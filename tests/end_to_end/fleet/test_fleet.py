"""Several PBXs of one bot: alert chats of each, and the station that a command applies to."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.fleet_harness import FleetHarness, running_fleet, running_harness
from tests.end_to_end.harness import ANNA, BORIS, GROUP, SAM, VERA, press

TRUNK = "Mango Office"


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetHarness]:
    """Both PBXs alert GROUP."""
    with running_harness("acme", "beta") as harness, running_fleet(harness, tmp_path_factory.mktemp("fleet")):
        harness.wait_until_watched("acme", "beta")
        yield harness


def test_an_outage_is_reported_to_the_fleet_and_to_the_customer_and_to_nobody_else(harness: FleetHarness) -> None:
    acme, beta = harness["acme"], harness["beta"]
    before = harness.from_bot(beta.chat)
    acme.breaks(TRUNK)
    fleets = harness.wait_for_message(f"{TRUNK} is down · Acme")
    customers = harness.wait_for_message(f"{TRUNK} is down · Acme", acme.chat)
    press(harness, customers, "I'm on it", "Boris Petrov is on it", BORIS)
    harness.wait_until_it_says(fleets, "Boris Petrov is on it")
    acme.mends(TRUNK)
    harness.wait_for_message(f"{TRUNK} is up again", after=fleets.id)
    harness.wait_for_message(f"{TRUNK} is up again", acme.chat, after=customers.id)
    beta.wait_for_looks(2)
    assert harness.from_bot(beta.chat) == before


def test_in_a_customers_chat_a_command_is_about_the_customers_pbx(harness: FleetHarness) -> None:
    assert " Beta · " in harness.asks(VERA, "/status", harness["beta"].chat)


def test_in_a_customers_chat_nobody_asks_about_another_pbx(harness: FleetHarness) -> None:
    assert "Acme" not in harness.asks(BORIS, "/status acme", harness["beta"].chat)


def test_where_several_can_be_meant_the_bot_asks_once_which(harness: FleetHarness) -> None:
    question = harness.asks(BORIS, "/status", GROUP)
    assert question.text.startswith("🏢 Which PBX do you mean?")
    assert question.buttons == [["Acme", "Beta"]]
    harness.presses(BORIS, question, "Beta")
    harness.wait_for_message(" Beta · ", after=question.id)
    assert " Beta · " in harness.asks(BORIS, "/status", GROUP)
    assert "Which PBX" in harness.asks(VERA, "/status", GROUP), "what one person chose is nobody else's choice"
    assert " Acme · " in harness.asks(BORIS, "/status acme", GROUP)
    assert " Acme · " in harness.asks(BORIS, "/status", GROUP), "what was named last is meant"


def test_a_right_at_one_pbx_is_none_at_another(harness: FleetHarness) -> None:
    for chat in (harness["acme"].chat, GROUP):
        harness.post("/client/members", by=ANNA, chat=chat, user=SAM, status="member")
    press(harness, harness.asks(ANNA, f"/grant {SAM} viewer", harness["acme"].chat), "✅ Give", "✅ Given")
    assert " Acme · " in harness.asks(SAM, "/status", harness["acme"].chat)
    assert " Acme · " in harness.asks(SAM, "/status acme", GROUP)
    asked = harness.says(SAM, "/status beta", GROUP)
    assert " Acme · " in harness.asks(SAM, "/status", GROUP), "only one can be meant"
    assert " Beta · " not in harness.asks(SAM, "/status beta"), "nor in private"
    assert not [m for m in harness.from_bot(GROUP) if m.id > asked and "Beta" in m]


def test_what_is_about_no_pbx_alone_begins_with_none(harness: FleetHarness) -> None:
    for text in ("/help", "/id", "/start"):
        assert "Acme" not in harness.asks(ANNA, text, ANNA)
        assert "Beta" not in harness.asks(ANNA, text, ANNA)
