"""The administrator of one customer tries to learn the staff of another customer."""

import re
from collections.abc import Iterator

import pytest

from tests.end_to_end.fleet_harness import FleetHarness, running_fleet, running_harness
from tests.end_to_end.harness import ANNA, Seen, press
from tests.end_to_end.people import grant, newcomer

TRUNK = "Mango Office"
SECRETS = ("Betasecretname", "bea_beta", "Secret project", "Delta Group")


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetHarness]:
    with (
        running_harness("acme", "beta") as harness,
        running_fleet(harness, tmp_path_factory.mktemp("fleet"), ALERT_CHATS="", OPERATORS="", VIEWERS=""),
    ):
        harness.wait_until_watched("acme", "beta")
        yield harness


@pytest.fixture(scope="module")
def mallory(harness: FleetHarness) -> int:
    """Administrator of acme only."""
    mallory = newcomer(harness, "Mallory", username="mallory")
    harness.post("/client/members", by=ANNA, chat=harness["acme"].chat, user=mallory, status="member")
    harness.asks(mallory, "/start")
    grant(harness, f"{mallory} admin acme")
    return mallory


@pytest.fixture(scope="module")
def bea(harness: FleetHarness) -> int:
    """Operator of beta, active in its chat."""
    bea = newcomer(harness, "Bea", last_name="Betasecretname", username="bea_beta")
    harness.post("/client/members", by=ANNA, chat=harness["beta"].chat, user=bea, status="member")
    harness.asks(bea, "/start")
    grant(harness, f"{bea} operator beta")
    harness.asks(bea, "/status", harness["beta"].chat)
    return bea


@pytest.fixture(scope="module")
def room(harness: FleetHarness, bea: int) -> int:
    """Another group of beta, with a confidential title."""
    room = harness.makes_group("Secret project of Delta Group", [bea])
    harness.wait_for_message("I look after", room)
    press(
        harness,
        harness.after(harness.says(ANNA, "/bind beta", room), room, "Is this group"),
        "✅ Bind",
        "is about Beta",
    )
    harness.asks(bea, "/status", room)
    return room


def shown(message: Seen, asked: str) -> str:
    """Return the bot's text without the words of the request."""
    said = f"{message.text} {message.buttons}"
    for word in asked.split():
        said = said.replace(word, "")
    return said


def test_no_word_of_one_customers_administrator_shows_another_customers_people(
    harness: FleetHarness, mallory: int, bea: int, room: int
) -> None:
    asked = [
        f"/grant {bea} viewer",
        "/grant @bea_beta viewer",
        "/grant @BEA_beta viewer for 1h",
        f"/grant {room} viewer",
        f"/grant {harness['beta'].chat} viewer",
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
    for chat in (mallory, harness["acme"].chat):
        for text in asked:
            said = shown(harness.asks(mallory, text, chat), text)
            assert not [word for word in SECRETS if word in said], f"{text}: {said}"


def test_a_role_given_to_a_number_tells_nobodys_name(harness: FleetHarness, mallory: int, bea: int, room: int) -> None:
    """Otherwise names could be enumerated by granting roles to all ids."""
    for subject, role in ((bea, "operator"), (room, "viewer")):
        question = harness.asks(mallory, f"/grant {subject} {role}")
        assert f"{subject} · name not known here" in question
        given = press(harness, question, "✅ Give", "Given", mallory)
        assert not [word for word in SECRETS if word in given]
    for text in ("/access", f"/oncall give {bea} 1h", "/oncall"):
        said = shown(harness.asks(mallory, text), text)
        assert not [word for word in SECRETS if word in said], f"{text}: {said}"
    for subject in (bea, room):
        press(harness, harness.asks(mallory, f"/revoke {subject}"), "Take away", "Taken away", mallory)


def test_whom_one_has_met_here_is_shown_and_found(harness: FleetHarness, mallory: int, bea: int) -> None:
    assert "I have not met @bea_beta here" in harness.asks(mallory, "/grant @bea_beta viewer")
    carl = newcomer(harness, "Carl", username="carl_acme")
    harness.post("/client/members", by=ANNA, chat=harness["acme"].chat, user=carl, status="member")
    harness.says(carl, "/id", harness["acme"].chat)
    met = lambda: "Carl @carl_acme" in harness.asks(mallory, "/grant @carl_acme viewer") or None  # noqa: E731
    harness.wait_for(met, "Carl, who wrote in acme's chat, though nobody answered him")
    assert "Bea Betasecretname @bea_beta" in harness.asks(ANNA, f"/grant {bea} viewer acme"), (
        "fleet administrators see all"
    )
    assert "Bea Betasecretname" not in harness.asks(ANNA, f"/grant {bea} viewer acme", harness["acme"].chat)
    assert "Acme" in harness.asks(mallory, "/access")


def test_outages_are_numbered_at_each_pbx(harness: FleetHarness, mallory: int, bea: int) -> None:
    acme, beta = harness["acme"], harness["beta"]
    for trunk in (TRUNK, "Zadarma"):
        beta.breaks(trunk)
    harness.wait_for(lambda: "Open incidents · 2" in harness.asks(bea, "/incidents", beta.chat) or None, "two outages")
    acme.breaks(TRUNK)
    alert = harness.wait_for_message(f"{TRUNK} is down", acme.chat)
    assert "#1 " in harness.asks(mallory, "/incidents")
    assert "has no incident 2" in harness.asks(mallory, "/why 2"), "what beta had counts for nothing here"
    assert "#2 " in harness.asks(bea, "/incidents", beta.chat)
    assert "· Acme" in harness.asks(mallory, "/why 1")
    history = harness.asks(mallory, "/history today")
    assert "#1 " in history
    assert "#1" in str(history.buttons)
    assert not re.search(r"#[2-9]", f"{history.text} {history.buttons}")
    assert "#1" in harness.asks(ANNA, "/why acme 1")
    assert "has no incident 7" in harness.asks(mallory, "/ack 7")
    assert "#1" in harness.asks(mallory, "/ack 1")
    harness.wait_until_it_says(alert, "Mallory is on it")
    again = harness.asks(mallory, "/audit")
    assert "incident 1: taken" in again
    assert not re.search(r"incident [2-9]", again.text)
    for chat, person in ((acme.chat, mallory), (beta.chat, bea)):
        muted = harness.asks(person, f"/mute {TRUNK} for 1h", chat)
        assert "Muted" in muted
        assert "1. 🔕" in harness.asks(person, "/mutes", chat)
