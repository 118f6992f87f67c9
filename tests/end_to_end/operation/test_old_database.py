"""The database of a bot that was killed before modules and names moved is opened, and all that was open in it goes on.

The recording has an open incident with its alert, a silence, a pending question, a pending outbox row, a stored
keyboard, a press that was being handled, and a checkpoint whose reply was not sent.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.harness import ANNA, BORIS, TOKEN, VERA, Json, Seen, Standins, press, running_bot
from tests.fixtures import stored
from tests.fixtures.old_database import LAST_UPDATE, recorded

pytestmark = stored.about_a_file
# Telegram's numbers of the messages.
ALERT, STATUS = 3, 7


def buttons(database: Path, message: int) -> list[list[Json]]:
    """Return the buttons of a message as Telegram has them: the id of the stored keyboard and a position."""
    with closing(sqlite3.connect(database)) as connection:
        ((number, rows),) = connection.execute(
            "SELECT id, json_array_length(rows) FROM keyboards WHERE message_id = ?", (message,)
        ).fetchall()
    return [[{"text": f"Button {row}", "callback_data": f"{number}:{row}:0"}] for row in range(rows)]


@pytest.fixture
def upgraded(standins: Standins, tmp_path: Path) -> Iterator[Standins]:
    database = tmp_path / "bot.sqlite3"
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(recorded(standins.now()))
    standins.post("/client/limits", enforced=False)
    # One count numbers the messages of all chats. The bot writes only to people that have written to it.
    for number, chat in enumerate((ANNA, ANNA, ANNA, ANNA, VERA, BORIS, VERA), 1):
        if number in (ALERT, STATUS):
            keyboard = {"inline_keyboard": buttons(database, number)}
            body = {"chat_id": chat, "text": "before", "reply_markup": keyboard}
            standins.http.post(f"/bot{TOKEN}/sendMessage", json=body).raise_for_status()
        else:
            assert standins.says(chat, "before") == number
    standins.chats.queue.drop_all()
    standins.chats.queue._last_id = LAST_UPDATE
    standins.breaks("Zadarma")
    with running_bot(standins, tmp_path, ALERT_CHATS=str(ANNA)):
        yield standins


def message(standins: Standins, chat: int, number: int) -> Seen:
    return next(one for one in standins.from_bot(chat, chat) if one.id == number)


def test_all_that_was_open_goes_on(upgraded: Standins) -> None:
    # The press that was being handled, the outbox, and the reply of the checkpoint.
    def refreshed() -> Seen | None:
        found = message(upgraded, VERA, STATUS)
        return found if "3 of 4 trunks work" in found else None

    assert "Refresh" in str(upgraded.wait_for(refreshed).buttons)
    assert "Branch IAX" in upgraded.wait_for_message("Trunks", VERA, STATUS, VERA)
    assert "by Boris Petrov." in upgraded.wait_for_message("🔕 Branch IAX", BORIS, seen_by=BORIS)
    # The keyboard, the question and the silences.
    taken = press(upgraded, message(upgraded, ANNA, ALERT), "Button 0", "Anna Ivanova is on it")
    assert "Zadarma is down" in taken
    assert "2/4" in upgraded.asks(ANNA, "214")
    muted = upgraded.asks(ANNA, "/mutes")
    assert "Mutes and maintenance · 2" in muted
    assert muted.text.count("Branch IAX") == 1
    # The incident.
    upgraded.mends("Zadarma")
    end = upgraded.wait_for_message("🟢.*Zadarma is up again", ANNA, ALERT)
    assert end.raw["reply_to"] == ALERT
