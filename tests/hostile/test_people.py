"""The administrator of one customer tries to learn the staff of another customer."""

import re
from collections.abc import Iterator

import pytest

from tests.end_to_end.fleet_harness import FleetHouse, running_fleet, running_house
from tests.end_to_end.harness import ANNA, Seen, press
from tests.end_to_end.people import grant, newcomer

TRUNK = "Mango Office"
SECRETS = ("Betasecretname", "bea_beta", "Secret project", "Delta Group")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetHouse]:
    with (
        running_house("acme", "beta") as house,
        running_fleet(house, tmp_path_factory.mktemp("fleet"), ALERT_CHATS="", OPERATORS="", VIEWERS=""),
    ):
        house.wait_until_watched("acme", "beta")
        yield house


@pytest.fixture(scope="module")
def mallory(house: FleetHouse) -> int:
    """Administrator of acme only."""
    mallory = newcomer(house, "Mallory", username="mallory")
    house.post("/client/members", by=ANNA, chat=house["acme"].chat, user=mallory, status="member")
    house.asks(mallory, "/start")
    grant(house, f"{mallory} admin acme")
    return mallory


@pytest.fixture(scope="module")
def bea(house: FleetHouse) -> int:
    """Operator of beta, active in its chat."""
    bea = newcomer(house, "Bea", last_name="Betasecretname", username="bea_beta")
    house.post("/client/members", by=ANNA, chat=house["beta"].chat, user=bea, status="member")
    house.asks(bea, "/start")
    grant(house, f"{bea} operator beta")
    house.asks(bea, "/status", house["beta"].chat)
    return bea


@pytest.fixture(scope="module")
def room(house: FleetHouse, bea: int) -> int:
    """Another group of beta, with a confidential title."""
    room = house.makes_group("Secret project of Delta Group", [bea])
    house.wait_for_message("I look after", room)
    press(house, house.after(house.says(ANNA, "/bind beta", room), room, "Is this group"), "✅ Bind", "is about Beta")
    house.asks(bea, "/status", room)
    return room


def shown(message: Seen, asked: str) -> str:
    """Return the bot's text without the words of the request."""
    said = f"{message.text} {message.buttons}"
    for word in asked.split():
        said = said.replace(word, "")
    return said


def test_no_word_of_one_customers_administrator_shows_another_customers_people(
    house: FleetHouse, mallory: int, bea: int, room: int
) -> None:
    asked = [
        f"/grant {bea} viewer",
        "/grant @bea_beta viewer",
        "/grant @BEA_beta viewer for 1h",
        f"/grant {room} viewer",
        f"/grant {house['beta'].chat} viewer",
        f"/revoke {bea}",
        f"/revoke {room}",
        "/revoke @bea_beta",
        f"/oncall give {bea} 1h",
        "/oncall give @bea_beta 1h",
        "/oncall swap @bea_beta",
        f"/oncall swap {bea}",
        f"/oncall set daily 09:00 {bea}",
        "/oncall set daily 09:00 @bea_beta",
        f"/audit {bea}",
        "/audit @bea_beta",
        "/access",
        "/oncall",
        "/bind",
        "/stations",
    ]
    for chat in (mallory, house["acme"].chat):
        for text in asked:
            said = shown(house.asks(mallory, text, chat), text)
            assert not [word for word in SECRETS if word in said], f"{text}: {said}"


def test_a_role_given_to_a_number_tells_nobodys_name(house: FleetHouse, mallory: int, bea: int, room: int) -> None:
    """Otherwise names could be enumerated by granting roles to all ids."""
    for subject, role in ((bea, "operator"), (room, "viewer")):
        question = house.asks(mallory, f"/grant {subject} {role}")
        assert f"{subject} · name not known here" in question
        given = press(house, question, "✅ Give", "Given", mallory)
        assert not [word for word in SECRETS if word in given]
    for text in ("/access", f"/oncall give {bea} 1h", "/oncall"):
        said = shown(house.asks(mallory, text), text)
        assert not [word for word in SECRETS if word in said], f"{text}: {said}"
    for subject in (bea, room):
        press(house, house.asks(mallory, f"/revoke {subject}"), "Take away", "Taken away", mallory)


def test_whom_one_has_met_here_is_shown_and_found(house: FleetHouse, mallory: int, bea: int) -> None:
    assert "I have not met @bea_beta here" in house.asks(mallory, "/grant @bea_beta viewer")
    carl = newcomer(house, "Carl", username="carl_acme")
    house.post("/client/members", by=ANNA, chat=house["acme"].chat, user=carl, status="member")
    house.says(carl, "/id", house["acme"].chat)
    met = lambda: "Carl @carl_acme" in house.asks(mallory, "/grant @carl_acme viewer") or None  # noqa: E731
    house.wait_for(met, "Carl, who wrote in acme's chat, though nobody answered him")
    assert "Bea Betasecretname @bea_beta" in house.asks(ANNA, f"/grant {bea} viewer acme"), (
        "fleet administrators see all"
    )
    assert "Bea Betasecretname" not in house.asks(ANNA, f"/grant {bea} viewer acme", house["acme"].chat)
    assert "Acme" in house.asks(mallory, "/access")


def test_outages_are_numbered_at_each_pbx(house: FleetHouse, mallory: int, bea: int) -> None:
    acme, beta = house["acme"], house["beta"]
    for trunk in (TRUNK, "Zadarma"):
        beta.breaks(trunk)
    house.wait_for(lambda: "Open incidents · 2" in house.asks(bea, "/incidents", beta.chat) or None, "two outages")
    acme.breaks(TRUNK)
    alert = house.wait_for_message(f"{TRUNK} is down", acme.chat)
    assert "#1 " in house.asks(mallory, "/incidents")
    assert "has no incident 2" in house.asks(mallory, "/why 2"), "what beta had counts for nothing here"
    assert "#2 " in house.asks(bea, "/incidents", beta.chat)
    assert "· Acme" in house.asks(mallory, "/why 1")
    assert "#1" in house.asks(ANNA, "/why acme 1")
    assert "has no incident 7" in house.asks(mallory, "/ack 7")
    assert "#1" in house.asks(mallory, "/ack 1")
    house.wait_until_it_says(alert, "Mallory is on it")
    again = house.asks(mallory, "/audit")
    assert "incident 1: taken" in again
    assert not re.search(r"incident [2-9]", again.text)
    for chat, person in ((acme.chat, mallory), (beta.chat, bea)):
        muted = house.asks(person, f"/mute {TRUNK} for 1h", chat)
        assert "Muted" in muted
        assert "1. 🔕" in house.asks(person, "/mutes", chat)
