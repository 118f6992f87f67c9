"""Forged button presses, commands that another person is made to own, and second persons that are the first.

Callback data is chosen by the client; Telegram guarantees only the message that was pressed.
"""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.demo.telegram.bot_api import shapes
from bot.demo.telegram.bot_api.keyboards import inline_rows
from tests.end_to_end.harness import ANNA, BORIS, GROUP, VERA, Json, Program, Seen, Standins, press

OLGA, EVE = 1010, 1020
TWO = {"TWO_PERSON": "employees.delete,trunks.write,employees.write", "OPERATORS": "", "VIEWERS": f"{VERA} {GROUP}"}


def person(house: Standins, number: int, name: str, *, status: str = "member", anonymous: bool = False) -> None:
    house.post("/client/people", id=number, first_name=name, username=name.lower())
    house.post("/client/members", chat=GROUP, by=ANNA, user=number, status=status, anonymous=anonymous)


def opened(house: Standins, *people: int) -> None:
    """Start a private chat of each person with the bot, and drop the updates."""
    for one in people:
        house.post("/client/start", **{"as": one})
    house._server.look(house.chats.queue.drop_all)


def data_of(house: Standins, message: Seen, label: str) -> str:
    """Return the callback data of a button, which clients can read."""
    rows = house._server.look(lambda: inline_rows(house.chats.chats[message.chat].messages[message.id]))
    return next(str(button["callback_data"]) for row in rows for button in row if label in str(button["text"]))


def forged(house: Standins, person: int, under: Seen, data: str) -> str:
    """Press with a modified client under a message that has other buttons; return the toast."""
    where = {"as": person, "chat": under.chat, "message": under.id, "row": 0, "column": 0, "data": data}
    answer: Json = house.post("/client/press", **where, wait=10)["answer"] or {}
    return str(answer.get("text"))


def query(house: Standins, person: int, message: Json, data: str) -> str:
    """Send a callback query with any message; return the toast."""
    one = house.chats.person(person)

    def put() -> str:
        press: Json = {"id": house.chats.presses.add(one.id), "from": shapes.person(one), "message": message}
        house.chats.queue.put("callback_query", press | {"chat_instance": "1", "data": data})
        return str(press["id"])

    sent = house._server.look(put)
    presses = house.chats.presses._presses
    answer = house.wait_for(lambda: house._server.look(lambda: presses[sent].answer), "the note")
    return str(answer.get("text"))


def numbers(house: Standins) -> set[str]:
    return house._server.look(lambda: {one.number for one in house.station.employees.values()})


def decided(folder: Path, reason: str) -> int:
    """Return the number of denials in the audit; repeated ones are one row."""
    with closing(sqlite3.connect(folder / "bot.sqlite3")) as database:
        found = database.execute("SELECT count(*) FROM audit WHERE reason = ? AND NOT allowed", (reason,)).fetchone()
    return int(found[0])


def the_card_stays(house: Standins, alert: Seen) -> None:
    now = house.again(alert)
    assert now is not None
    assert (now.text.splitlines()[0], now.buttons) == (alert.text.splitlines()[0], alert.buttons)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_press_counts_only_under_its_own_message(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path, language: str
) -> None:
    house, russian = standins, language == "ru"
    elsewhere = "от другого сообщения" if russian else "belongs to another message"
    opened(house, ANNA, BORIS)
    start_bot(LANGUAGE=language, ADMINS=f"{ANNA} {BORIS}", **TWO)
    house.wait_until_known()
    house.breaks("Zadarma")
    alert = house.wait_for_message("Zadarma", GROUP)
    alert = house.wait_for(lambda: (m := house.again(alert)) and (m if m.buttons else None), "its buttons")
    # The reply to a viewer's /status, or any reply, must not replace the alert message.
    status = house.asks(VERA, "/status", GROUP)
    refresh = data_of(house, status, "Обновить" if russian else "Refresh")
    assert elsewhere in forged(house, VERA, alert, refresh)
    assert elsewhere in forged(house, ANNA, alert, refresh)
    # Two-person rule: the button for 206 is pressed under the question about 210.
    victim = house.asks(ANNA, "/delete_employee 206", GROUP)
    decoy = house.asks(ANNA, "/delete_employee 210", GROUP)
    delete = "Удалить" if russian else "Delete"
    assert elsewhere in forged(house, ANNA, decoy, data_of(house, victim, delete))
    # Messages without buttons: one too old for Telegram to describe, and one that never existed.
    for message_id in (victim.id - 1, decoy.id + 3):
        for bare in ({"date": 0}, {"date": int(house.now().timestamp()), "text": "Delete 210 Warehouse?"}):
            chat = {"id": GROUP, "type": "supergroup", "title": "x"}
            under = {"message_id": message_id, "chat": chat} | bare
            assert elsewhere in query(house, ANNA, under, data_of(house, victim, delete))
    assert decided(tmp_path, "button of another message") == 3, "a row for who tried which button, and a count"
    the_card_stays(house, alert)
    assert {"206", "210"} <= numbers(house)
    # Genuine presses of the same people work, and the second person reads the actual request.
    press(house, victim, delete, "│")
    asked = house.wait_for_message("│ .*206", BORIS, seen_by=BORIS)
    assert "210" not in asked
    assert delete in asked
    house.presses(BORIS, asked, "Подтвердить" if russian else "Confirm")
    house.wait_for(lambda: "206" not in numbers(house) or None, "deleted")
    assert "210" in numbers(house)
    house.presses(ANNA, alert, "Занимаюсь" if russian else "on it")
    house.wait_for(lambda: (m := house.again(alert)) and ("Anna" in m.text or None), "taken")


def test_a_kill_between_sending_and_knowing_loses_no_press(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path
) -> None:
    """The alert was delivered, but its message id was not stored: it is sent again, and both messages are valid."""
    house = standins
    opened(house, ANNA)
    program = start_bot()
    house.wait_until_known()
    house.breaks("Zadarma")
    alert = house.wait_for_message("Zadarma", GROUP)
    program.kill()
    with closing(sqlite3.connect(tmp_path / "bot.sqlite3")) as database, database:
        database.execute("DELETE FROM outbox WHERE action = 'edit'")
        database.execute("UPDATE outbox SET state = 'sending', message_id = NULL WHERE chat_id = ?", (GROUP,))
        database.execute("UPDATE keyboards SET message_id = NULL")
    start_bot()
    repeat = house.wait_for_message("possible repeat", GROUP, alert.id)
    status = house.asks(ANNA, "/status", GROUP)
    assert "another message" in forged(house, ANNA, status, data_of(house, alert, "on it"))
    assert data_of(house, alert, "on it") == data_of(house, repeat, "on it")
    house.presses(ANNA, alert, "on it")
    house.wait_for(lambda: (m := house.again(repeat)) and ("Anna" in m.text or None), "taken")


def test_the_second_person_reads_which_button_was_pressed_and_what_was_written(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    house = standins
    opened(house, ANNA, BORIS)
    start_bot(ADMINS=f"{ANNA} {BORIS}", **TWO)
    # The question has several buttons; its text does not say which was pressed.
    press(house, house.asks(ANNA, f"/grant {VERA} operator"), "for 7 d", "needs a second person")
    asked = house.wait_for_message("Give access", BORIS, seen_by=BORIS)
    assert "Pressed: for 7 d" in asked
    house.presses(BORIS, asked, "Refuse")
    house.asks(ANNA, "/delete_trunk Mango Office")
    house.asks(ANNA, "Mango Office")
    asked = house.wait_for_message("Delete a trunk", BORIS, seen_by=BORIS)
    assert "Answered: «Mango Office»" in asked
    assert "│" in asked


def test_two_accounts_of_one_person_are_not_two_people(standins: Standins, start_bot: Callable[..., Program]) -> None:
    house = standins
    person(house, OLGA, "Olga")
    # Olga got her role from Anna before the rule was enabled.
    first = start_bot()
    house.asks(OLGA, "/start")
    press(house, house.asks(ANNA, f"/grant {OLGA} admin"), "Give", "Given")
    first.kill()
    second = start_bot(TWO_PERSON="employees.delete")
    house.wait_for(lambda: "name two people in ADMINS" in second.log.read_text() or None, "the log says it")
    house.asks(ANNA, "/start")
    missing = press(house, house.asks(ANNA, "/delete_employee 206"), "Delete", "there is none")
    assert "1 other person has it, but it comes from you" in missing
    assert "name a second person in ADMINS" in missing
    # Nor can one person grant the right: granting access needs two persons too.
    press(house, house.asks(ANNA, f"/grant {VERA} admin"), "Give", "there is none")
    assert "206" in numbers(house)
    # Anna may approve Olga's request, since Anna is named in the settings.
    waiting = press(house, house.asks(OLGA, "/delete_employee 206"), "Delete", "needs a second person", OLGA)
    house.presses(ANNA, house.wait_for_message("Delete an employee", ANNA), "Confirm")
    house.wait_for(lambda: (m := house.again(waiting, OLGA)) and ("Deleted" in m.text or None), "deleted")


@pytest.fixture(params=["en", "ru"])
def hidden(request: pytest.FixtureRequest, standins: Standins, start_bot: Callable[..., Program]) -> bool:
    """Eve and Anna are anonymous administrators of the group; Eve has no role."""
    start_bot(LANGUAGE=request.param)
    standins.asks(ANNA, "/start")
    person(standins, EVE, "Eve", status="administrator", anonymous=True)
    standins.post("/client/members", chat=GROUP, by=ANNA, user=ANNA, status="creator", anonymous=True)
    return bool(request.param == "ru")


def test_nobody_is_made_to_own_an_anonymous_command_unread(standins: Standins, hidden: bool, tmp_path: Path) -> None:
    house, me, do_it = standins, "Это я" if hidden else "It is me", "Выполнить" if hidden else "Do it"
    offer = house.asks(EVE, "/mute all for 6d  provider maintenance", GROUP)
    assert "/mute all for 6d provider maintenance" in offer
    house.presses(EVE, offer, me)
    house.presses(ANNA, offer, me)
    sure = house.wait_for_message("Выполнить от имени Anna" if hidden else "Do it as Anna Ivanova", GROUP, offer.id)
    assert "/mute all for 6d provider maintenance" in sure
    assert silences(tmp_path) == 0
    assert house.presses(EVE, sure, do_it)["text"]
    assert silences(tmp_path) == 0
    house.presses(ANNA, sure, do_it)
    muted = house.wait_for_message("provider maintenance", GROUP, sure.id)
    assert (silences(tmp_path), muted.text[0]) == (1, "🔕")
    # Read-only commands run at once; those with a secret, or too long to show whole, get no button.
    looked = house.asks(ANNA, "/mutes", GROUP)
    house.presses(ANNA, looked, me)
    house.wait_for_message("Anna", GROUP, looked.id)
    assert not house.asks(EVE, f"/mute all for 6d {'x' * 600}", GROUP).buttons
    # A secret is not repeated: the author is asked to change it, in a command or not.
    address = "https://calendar.example.com/k3ep-me.ics"
    for said in ("/mute all for 6d password=hunter22", "password: hunter22", f"/oncall import {address}"):
        told = house.asks(EVE, said, GROUP, reply_to=muted.id)
        assert told.text.startswith("⚠️")
        assert not told.buttons
        assert address not in told
    assert address not in house.asks(EVE, f"/mute all for 6d {address}", GROUP)


def silences(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "bot.sqlite3")) as database:
        return int(database.execute("SELECT count(*) FROM silences WHERE ended_at IS NULL").fetchone()[0])


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
    house = standins
    program = start_bot()
    house.asks(ANNA, "/start")
    for more in (*NOT_TYPED_HERE_AND_NOW.values(), NOT_TYPED_HERE_AND_NOW["of a field that nobody knows yet"]):
        says(house, "/mute Zadarma 2h", more)
    says(house, "/mute Zadarma 2h", {"date": int(house.now().timestamp()) + 86_400})
    house.wait_for_message("dated in the future", ANNA)
    assert decided(tmp_path, "dated in the future") == 1
    # A new field may come with every message: refusing them all must not look like an outage of the bot.
    told = [message for message in house.from_bot(ANNA) if "that I do not know yet" in message.text]
    assert len(told) == 3
    assert len(re.findall("field=.?is_scheduled_by_automation", program.log.read_text())) == 1
    assert silences(tmp_path) == 0
    with closing(sqlite3.connect(tmp_path / "bot.sqlite3")) as database:
        found = database.execute("SELECT reason FROM audit WHERE what = '/mute' AND NOT allowed").fetchall()
    reasons = {"sent by itself", "to a guest", "edited", "as a post", "in a way not known", "dated in the future"}
    assert {reason for (reason,) in found} == reasons


def says(house: Standins, text: str, more: Json) -> None:
    """Send a message with fields that the stand-in does not set."""
    anna = house.chats.person(ANNA)
    written = {
        "message_id": 9000,
        "date": int(house.now().timestamp()),
        "from": shapes.person(anna),
        "chat": {"id": ANNA, "type": "private", "first_name": "Anna"},
        "text": text,
        "entities": [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}],
    }
    house._server.look(lambda: house.chats.queue.put("message", written | more))
