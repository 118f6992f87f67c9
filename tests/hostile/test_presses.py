"""Forged button presses, commands that another person is made to own, and second persons that are the first.

Callback data is chosen by the client; Telegram guarantees only the message that was pressed.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.demo.telegram.bot_api import shapes
from bot.demo.telegram.bot_api.keyboards import inline_rows
from tests.end_to_end.harness import ANNA, BORIS, GROUP, VERA, Json, Program, Seen, Standins, press
from tests.fixtures import stored

OLGA, EVE = 1010, 1020
TWO = {"TWO_PERSON": "employees.delete,trunks.write,employees.write", "OPERATORS": "", "VIEWERS": f"{VERA} {GROUP}"}


def person(harness: Standins, number: int, name: str, *, status: str = "member", anonymous: bool = False) -> None:
    harness.post("/client/people", id=number, first_name=name, username=name.lower())
    harness.post("/client/members", chat=GROUP, by=ANNA, user=number, status=status, anonymous=anonymous)


def opened(harness: Standins, *people: int) -> None:
    """Start a private chat of each person with the bot, and drop the updates."""
    for one in people:
        harness.post("/client/start", **{"as": one})
    harness._server.look(harness.chats.queue.drop_all)


def data_of(harness: Standins, message: Seen, label: str) -> str:
    """Return the callback data of a button, which clients can read."""
    rows = harness._server.look(lambda: inline_rows(harness.chats.chats[message.chat].messages[message.id]))
    return next(str(button["callback_data"]) for row in rows for button in row if label in str(button["text"]))


def forged(harness: Standins, person: int, under: Seen, data: str) -> str:
    """Press with a modified client under a message that has other buttons; return the toast."""
    where = {"as": person, "chat": under.chat, "message": under.id, "row": 0, "column": 0, "data": data}
    answer: Json = harness.post("/client/press", **where, wait=10)["answer"] or {}
    return str(answer.get("text"))


def query(harness: Standins, person: int, message: Json, data: str) -> str:
    """Send a callback query with any message; return the toast."""
    one = harness.chats.person(person)

    def put() -> str:
        press: Json = {"id": harness.chats.presses.add(one.id), "from": shapes.person(one), "message": message}
        harness.chats.queue.put("callback_query", press | {"chat_instance": "1", "data": data})
        return str(press["id"])

    sent = harness._server.look(put)
    presses = harness.chats.presses._presses
    answer = harness.wait_for(lambda: harness._server.look(lambda: presses[sent].answer), "the note")
    return str(answer.get("text"))


def numbers(harness: Standins) -> set[str]:
    return harness._server.look(lambda: {one.number for one in harness.station.employees.values()})


def decided(folder: Path, reason: str) -> int:
    """Return the number of denials in the audit; repeated ones are one row."""
    denials = "SELECT count(*) FROM audit WHERE reason = ? AND NOT allowed"
    ((found,),) = stored.in_folder(folder).execute(denials, reason)
    return int(found)


def the_card_stays(harness: Standins, alert: Seen) -> None:
    now = harness.again(alert)
    assert now is not None
    assert (now.text.splitlines()[0], now.buttons) == (alert.text.splitlines()[0], alert.buttons)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_press_counts_only_under_its_own_message(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path, language: str
) -> None:
    harness, russian = standins, language == "ru"
    elsewhere = "от другого сообщения" if russian else "belongs to another message"
    opened(harness, ANNA, BORIS)
    start_bot(LANGUAGE=language, ADMINS=f"{ANNA} {BORIS}", **TWO)
    harness.wait_until_known()
    harness.breaks("Zadarma")
    alert = harness.wait_for_message("Zadarma", GROUP)
    alert = harness.wait_for(lambda: (m := harness.again(alert)) and (m if m.buttons else None), "its buttons")
    # A viewer's /status must not take the card's place, nor anybody's plain answer.
    status = harness.asks(VERA, "/status", GROUP)
    refresh = data_of(harness, status, "Обновить" if russian else "Refresh")
    assert elsewhere in forged(harness, VERA, alert, refresh)
    assert elsewhere in forged(harness, ANNA, alert, refresh)
    # Four eyes: 206 is asked for under the question about 210.
    victim = harness.asks(ANNA, "/delete_employee 206", GROUP)
    decoy = harness.asks(ANNA, "/delete_employee 210", GROUP)
    delete = "Удалить" if russian else "Delete"
    assert elsewhere in forged(harness, ANNA, decoy, data_of(harness, victim, delete))
    # Under a message without buttons, one too old to be told of, and one that was never there.
    for message_id in (victim.id - 1, decoy.id + 3):
        for bare in ({"date": 0}, {"date": int(harness.now().timestamp()), "text": "Delete 210 Warehouse?"}):
            chat = {"id": GROUP, "type": "supergroup", "title": "x"}
            under = {"message_id": message_id, "chat": chat} | bare
            assert elsewhere in query(harness, ANNA, under, data_of(harness, victim, delete))
    assert decided(tmp_path, "button of another message") == 3, "a row for who tried which button, and a count"
    the_card_stays(harness, alert)
    assert {"206", "210"} <= numbers(harness)
    # The honest presses of the same people work, and the second person reads what is really asked for.
    press(harness, victim, delete, "│")
    asked = harness.wait_for_message("│ .*206", BORIS, seen_by=BORIS)
    assert "210" not in asked
    assert delete in asked
    harness.presses(BORIS, asked, "Подтвердить" if russian else "Confirm")
    harness.wait_for(lambda: "206" not in numbers(harness) or None, "deleted")
    assert "210" in numbers(harness)
    harness.presses(ANNA, alert, "Занимаюсь" if russian else "on it")
    harness.wait_for(lambda: (m := harness.again(alert)) and ("Anna" in m.text or None), "taken")


def test_a_kill_between_sending_and_knowing_loses_no_press(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    """The alert was delivered, but its message id was not stored: it is sent again, and both messages are valid."""
    harness = standins
    opened(harness, ANNA)
    program = start_bot()
    harness.wait_until_known()
    harness.breaks("Zadarma")
    alert = harness.wait_for_message("Zadarma", GROUP)
    program.kill()
    with program.database.transaction() as execute:
        execute("DELETE FROM outbox WHERE action = 'edit'")
        execute("UPDATE outbox SET state = 'sending', message_id = NULL WHERE chat_id = ?", GROUP)
        execute("UPDATE keyboards SET message_id = NULL")
    start_bot()
    repeat = harness.wait_for_message("possible repeat", GROUP, alert.id)
    status = harness.asks(ANNA, "/status", GROUP)
    assert "another message" in forged(harness, ANNA, status, data_of(harness, alert, "on it"))
    assert data_of(harness, alert, "on it") == data_of(harness, repeat, "on it")
    harness.presses(ANNA, alert, "on it")
    harness.wait_for(lambda: (m := harness.again(repeat)) and ("Anna" in m.text or None), "taken")


def test_the_second_person_reads_which_button_was_pressed_and_what_was_written(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    harness = standins
    opened(harness, ANNA, BORIS)
    start_bot(ADMINS=f"{ANNA} {BORIS}", **TWO)
    # One question with several buttons: which of them it was is no matter of the text above.
    press(harness, harness.asks(ANNA, f"/grant {VERA} operator"), "for 7 d", "needs a second person")
    asked = harness.wait_for_message("Give access", BORIS, seen_by=BORIS)
    assert "Pressed: for 7 d" in asked
    harness.presses(BORIS, asked, "Refuse")
    harness.asks(ANNA, "/delete_trunk Mango Office")
    harness.asks(ANNA, "Mango Office")
    asked = harness.wait_for_message("Delete a trunk", BORIS, seen_by=BORIS)
    assert "Answered: «Mango Office»" in asked
    assert "│" in asked


def test_two_accounts_of_one_person_are_not_two_people(standins: Standins, start_bot: Callable[..., Program]) -> None:
    harness = standins
    person(harness, OLGA, "Olga")
    # Before two were needed Anna made Olga an administrator.
    first = start_bot()
    harness.asks(OLGA, "/start")
    press(harness, harness.asks(ANNA, f"/grant {OLGA} admin"), "Give", "Given")
    first.kill()
    second = start_bot(TWO_PERSON="employees.delete")
    harness.wait_for(lambda: "name two people in ADMINS" in second.log.read_text() or None, "the log says it")
    harness.asks(ANNA, "/start")
    missing = press(harness, harness.asks(ANNA, "/delete_employee 206"), "Delete", "there is none")
    assert "1 other person has it, but it comes from you" in missing
    assert "name a second person in ADMINS" in missing
    # Nor does anybody get the right alone: giving access needs two as well.
    press(harness, harness.asks(ANNA, f"/grant {VERA} admin"), "Give", "there is none")
    assert "206" in numbers(harness)
    # What Olga asks for, Anna confirms: she stands in the settings.
    waiting = press(harness, harness.asks(OLGA, "/delete_employee 206"), "Delete", "needs a second person", OLGA)
    harness.presses(ANNA, harness.wait_for_message("Delete an employee", ANNA), "Confirm")
    harness.wait_for(lambda: (m := harness.again(waiting, OLGA)) and ("Deleted" in m.text or None), "deleted")


@pytest.fixture(params=["en", "ru"])
def hidden(request: pytest.FixtureRequest, standins: Standins, start_bot: Callable[..., Program]) -> bool:
    """Eve and Anna are anonymous administrators of the group; Eve has no role."""
    start_bot(LANGUAGE=request.param)
    standins.asks(ANNA, "/start")
    person(standins, EVE, "Eve", status="administrator", anonymous=True)
    standins.post("/client/members", chat=GROUP, by=ANNA, user=ANNA, status="creator", anonymous=True)
    return bool(request.param == "ru")


def test_nobody_is_made_to_own_an_anonymous_command_unread(standins: Standins, hidden: bool, tmp_path: Path) -> None:
    harness, me, do_it = standins, "Это я" if hidden else "It is me", "Выполнить" if hidden else "Do it"
    offer = harness.asks(EVE, "/mute all for 6d  provider maintenance", GROUP)
    assert "/mute all for 6d provider maintenance" in offer
    harness.presses(EVE, offer, me)
    harness.presses(ANNA, offer, me)
    sure = harness.wait_for_message("Выполнить от имени Anna" if hidden else "Do it as Anna Ivanova", GROUP, offer.id)
    assert "/mute all for 6d provider maintenance" in sure
    assert silences(tmp_path) == 0
    assert harness.presses(EVE, sure, do_it)["text"]
    assert silences(tmp_path) == 0
    harness.presses(ANNA, sure, do_it)
    muted = harness.wait_for_message("provider maintenance", GROUP, sure.id)
    assert (silences(tmp_path), muted.text[0]) == (1, "🔕")
    # What only looks is done at once, what holds a secret or is too long to be read whole is offered to nobody.
    looked = harness.asks(ANNA, "/mutes", GROUP)
    harness.presses(ANNA, looked, me)
    harness.wait_for_message("Anna", GROUP, looked.id)
    assert not harness.asks(EVE, f"/mute all for 6d {'x' * 600}", GROUP).buttons
    # A secret is not repeated: its author is told to take another one, whether it was a command or not.
    address = "https://calendar.example.com/k3ep-me.ics"
    for said in ("/mute all for 6d password=hunter22", "password: hunter22", f"/oncall import {address}"):
        told = harness.asks(EVE, said, GROUP, reply_to=muted.id)
        assert told.text.startswith("⚠️")
        assert not told.buttons
        assert address not in told
    assert address not in harness.asks(EVE, f"/mute all for 6d {address}", GROUP)


def silences(folder: Path) -> int:
    ((count,),) = stored.in_folder(folder).execute("SELECT count(*) FROM silences WHERE ended_at IS NULL")
    return int(count)


NOT_TYPED_HERE_AND_NOW: dict[str, Json] = {
    "a scheduled message": {"is_from_offline": True},
    "a guest's": {"guest_query_id": "g"},
    "one that only one person sees": {"ephemeral_message_id": 5},
    "one of an edited text": {"edit_date": 5},
    "a paid post": {"is_paid_post": True},
    "of a field that nobody knows yet": {"is_scheduled_by_automation": True},
}


def test_what_nobody_typed_here_and_now_is_not_obeyed(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path
) -> None:
    harness = standins
    program = start_bot()
    harness.asks(ANNA, "/start")
    for more in (*NOT_TYPED_HERE_AND_NOW.values(), NOT_TYPED_HERE_AND_NOW["of a field that nobody knows yet"]):
        says(harness, "/mute Zadarma 2h", more)
    says(harness, "/mute Zadarma 2h", {"date": int(harness.now().timestamp()) + 86_400})
    harness.wait_for_message("dated in the future", ANNA)
    assert decided(tmp_path, "dated in the future") == 1
    # A new field may come with every message: that the bot refuses them all must not look as if it were down.
    told = [message for message in harness.from_bot(ANNA) if "that I do not know yet" in message.text]
    assert len(told) == 3
    assert len(re.findall("field=.?is_scheduled_by_automation", program.log.read_text())) == 1
    assert silences(tmp_path) == 0
    found = program.database.execute("SELECT reason FROM audit WHERE what = '/mute' AND NOT allowed")
    reasons = {"sent by itself", "to a guest", "edited", "as a post", "in a way not known", "dated in the future"}
    assert {reason for (reason,) in found} == reasons


def says(harness: Standins, text: str, more: Json) -> None:
    """Send a message with fields that the stand-in does not set."""
    anna = harness.chats.person(ANNA)
    written = {
        "message_id": 9000,
        "date": int(harness.now().timestamp()),
        "from": shapes.person(anna),
        "chat": {"id": ANNA, "type": "private", "first_name": "Anna"},
        "text": text,
        "entities": [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}],
    }
    harness._server.look(lambda: harness.chats.queue.put("message", written | more))
