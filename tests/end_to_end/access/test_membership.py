"""Group roles apply to current members only; secrets typed in groups, anonymous administrators, masked numbers."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.harness import ANNA, BORIS, SAM, VERA, Seen, Standins, press, running_bot, running_standins
from tests.fixtures import stored

PASSWORD, ANOTHER_PASSWORD = "hunter22", "qwerty12345"
ANOTHER_TOKEN = "7777777777:AAanotherAnotherAnotherAnotherAnother0"
OUTSIDE = "79161234567"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("membership")


@pytest.fixture(scope="module")
def harness(folder: Path) -> Iterator[Standins]:
    """Numbers are masked; Sam has no role of his own."""
    with running_standins() as standins:
        standins.keys |= {PASSWORD, ANOTHER_PASSWORD, ANOTHER_TOKEN}
        with running_bot(standins, folder, MASK_NUMBERS="true", POLL_INTERVAL="10"):
            yield standins


@pytest.fixture
def bot_id(harness: Standins) -> int:
    number: int = harness.get("/client/state", **{"as": ANNA})["bot"]["id"]
    return number


def group_with(standins: Standins, role: str, *members: int) -> int:
    """Create a group whose members have a role that Anna has given it."""
    chat = standins.new_group(ANNA, members)
    press(standins, standins.asks(ANNA, f"/grant here {role}", chat), "Give", "✅ Given")
    return chat


def set_member(standins: Standins, chat: int, person: int, status: str, **more: object) -> None:
    standins.post("/client/members", chat=chat, by=ANNA, user=person, status=status, **more)


def deaf(standins: Standins) -> None:
    """Fail all getUpdates calls until `hears_again`, which delivers the queued updates at once."""
    standins.post("/client/faults", kind="server_error", methods=["getUpdates"], count=-1)
    standins.says(ANNA, "/id")
    standins.wait_for(lambda: any(not call["ok"] for call in standins.calls("getUpdates")[-1:]) or None, "is deaf")


def hears_again(standins: Standins) -> None:
    standins.post("/client/faults", kind="none")


def decided(folder: Path, chat: int, what: str) -> list[tuple[bool, str]]:
    """Return the decisions in a chat with their reasons, in order."""
    found = "SELECT allowed, reason FROM audit WHERE chat_id = ? AND what = ? ORDER BY id"
    return [(bool(allowed), reason) for allowed, reason in stored.in_folder(folder).execute(found, chat, what)]


def test_a_group_gives_its_role_to_whoever_is_in_it(harness: Standins) -> None:
    chat = group_with(harness, "operator", SAM)
    assert "Zadarma" in harness.asks(SAM, "/status", chat)
    assert "no right to use /edit_trunk" in harness.asks(SAM, "/edit_trunk Zadarma port=1", chat)
    assert "no access yet" in harness.asks(SAM, "/status")


@pytest.mark.parametrize("bots_status", ["member", "administrator"])
def test_who_is_removed_has_nothing_from_that_moment_on(
    harness: Standins, folder: Path, bot_id: int, bots_status: str
) -> None:
    """The bot still caches Sam's membership, and receives his command, his press and his removal at once."""
    chat = group_with(harness, "operator", SAM)
    set_member(harness, chat, bot_id, bots_status)
    card = harness.asks(SAM, "/status", chat)
    deaf(harness)
    harness.says(SAM, "/trunks", chat)
    harness.presses(SAM, card, "Refresh", wait=0)
    set_member(harness, chat, SAM, "kicked")
    hears_again(harness)
    refused = (False, "not a member of the chat")
    harness.wait_for(lambda: decided(folder, chat, "/trunks") == [refused] or None, "the command is refused")
    harness.wait_for(lambda: decided(folder, chat, "status.view") == [refused] or None, "the press is refused")
    set_member(harness, chat, SAM, "restricted")
    assert "Zadarma" in harness.asks(SAM, "/status", chat)


@pytest.mark.parametrize("kind", ["bad_request", "server_error"])
def test_when_telegram_does_not_tell_who_is_there_nothing_is_done_and_that_is_said(
    harness: Standins, folder: Path, kind: str
) -> None:
    chat = group_with(harness, "operator", SAM)
    card = harness.asks(ANNA, "/status", chat)
    harness.post("/client/faults", kind=kind, methods=["getChatMember"], count=-1)
    answer = harness.asks(SAM, "/trunks", chat)
    assert "Nothing was done" in answer
    assert "make me an administrator" in answer
    assert "administrator" in harness.presses(SAM, card, "Refresh")["text"]
    assert decided(folder, chat, "/trunks") == [(False, "membership not known")]
    assert "Zadarma" in harness.asks(VERA, "/trunks"), "who has a role needs no group"
    harness.post("/client/faults", kind="none")
    assert "Zadarma" in harness.asks(SAM, "/trunks", chat)


@pytest.mark.parametrize("may_delete", [True, False])
@pytest.mark.parametrize(
    ("text", "hides"),
    [
        (f"/status password={PASSWORD}", PASSWORD),
        (f"/cdr {ANOTHER_TOKEN}", ANOTHER_TOKEN),
        (f"пароль: {ANOTHER_PASSWORD}", ANOTHER_PASSWORD),
    ],
)
def test_a_secret_typed_in_a_group_ends_the_matter(
    harness: Standins, folder: Path, bot_id: int, text: str, hides: str, may_delete: bool
) -> None:
    chat = harness.new_group()
    set_member(harness, chat, bot_id, "administrator" if may_delete else "member")
    card = harness.asks(VERA, "/trunks Zadarma", chat)
    number = harness.says(VERA, text, chat, reply_to=card.id)
    answer = harness.wait_for_message("password", chat, number)
    assert "Nothing was done" in answer or "nothing was done" in answer
    assert ("I deleted your message" in answer) is may_delete
    assert any(hides in message.text for message in harness.messages(chat)) is not may_delete
    assert not any(allowed for allowed, _ in decided(folder, chat, text.split()[0]))
    database = stored.in_folder(folder)
    harness.wait_for(lambda: hides not in database.dump() or None, "it is kept nowhere")


def test_an_anonymous_administrator_presses_and_is_obeyed_with_their_own_rights(harness: Standins) -> None:
    chat = harness.new_group(ANNA, [BORIS, VERA, SAM])
    for person in (ANNA, VERA):
        set_member(harness, chat, person, "creator" if person == ANNA else "administrator", anonymous=True)
    offer = harness.asks(VERA, "/add_employee 243 John Smith", chat)
    assert "cannot see who asks for this" in offer
    assert "/add_employee 243 John Smith" in offer
    assert "writes anonymously" in harness.presses(BORIS, offer, "It is me")["text"]
    assert "no right" in harness.presses(SAM, offer, "It is me")["text"]
    harness.presses(VERA, offer, "It is me")
    harness.presses(VERA, harness.wait_for_message("Do it as Vera", chat, offer.id), "Do it")
    assert "no right to use /add_employee" in harness.wait_for_message("no right", chat, offer.id)
    harness.presses(ANNA, offer, "It is me")
    sure = harness.wait_for_message("Do it as Anna", chat, offer.id)
    harness.presses(ANNA, sure, "Do it")
    question = harness.wait_for_message("Create[^🕶]*243", chat, sure.id)
    answered = harness.again(offer)
    assert answered is not None
    assert answered.buttons == []
    assert "Only whoever sent the command" in harness.presses(VERA, question, "Create")["text"]
    press(harness, question, "Create", "Created")


def number_in(answer: Seen) -> str:
    found = re.search(r"\+7 916 [\d•]{3}-[\d•]{2}-67", answer.text)
    assert found, answer.text
    return found[0]


def test_a_number_is_whole_only_for_who_may_read_it_or_asks_in_private(harness: Standins) -> None:
    whole, part = "+7 916 123-45-67", "+7 916 •••-••-67"
    order = {"kind": "incoming", "src": OUTSIDE, "dst": "201", "ring_seconds": 0, "talk_seconds": 600}
    call = harness.post("/control/calls", **order)
    lookers, takers = group_with(harness, "viewer", SAM, VERA, BORIS), group_with(harness, "operator", SAM, VERA)
    for question in ("/calls", f"/cdr from {OUTSIDE}"):
        if question != "/calls":
            harness.post(f"/control/calls/{call['linkedid']}/hangup")
        for person in (VERA, SAM):
            assert number_in(harness.asks(person, question, lookers)) == part
            assert number_in(harness.asks(person, question, takers)) == whole
        assert number_in(harness.asks(BORIS, question, lookers)) == whole
        assert number_in(harness.asks(VERA, question)) == whole


def copied(message: Seen) -> list[str]:
    return [button["copies"] for row in message.raw["buttons"] for button in row if button["kind"] == "copy"]


def test_a_number_is_copied_only_where_it_is_whole(harness: Standins) -> None:
    """On the card of a call, among who called in vain, and on the card of an employee."""
    midnight = f"{harness.now():%Y-%m-%d} 00:00:0"
    trunk = harness.trunk("Zadarma")["id"]
    leg = {"src_num": OUTSIDE, "dst_num": "201", "from_account": trunk, "to_account": "201", "disposition": "NOANSWER"}
    leg |= {"start": f"{midnight}1", "answer": "", "endtime": f"{midnight}9"}
    harness.post("/control/records", clear=True, records=[{"legs": [leg]}])
    lookers, takers = group_with(harness, "viewer", SAM), group_with(harness, "operator", SAM)
    for chat, whole in ((lookers, []), (takers, ["+79161234567"])):
        calls = harness.asks(SAM, f"/cdr today from {OUTSIDE}", chat)
        assert copied(press(harness, calls, "1", "Trunk Zadarma", SAM)) == whole
        assert copied(harness.asks(SAM, "/missed today", chat)) == whole
        extension, *mobile = copied(harness.asks(SAM, "/employees 201", chat))
        assert (extension, len(mobile)) == ("201", len(whole))
