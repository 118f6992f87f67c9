"""Whatever happens, no log line holds a secret; and every house that is taken down is searched for them."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.end_to_end.harness import (
    ANNA,
    BORIS,
    GROUP,
    KEY,
    TOKEN,
    Json,
    Program,
    Standins,
    running_bot,
    running_standins,
)

GENERATED = "/pbxcore/api/v3/passwords:generate"


def test_no_log_line_holds_the_token_the_key_or_a_password(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    program = start_bot(LOG_LEVEL="DEBUG")
    question = standins.asks(ANNA, "/add_employee 243 John Smith", GROUP)
    standins.presses(ANNA, question, "Create")
    secret = standins.wait_for(lambda: next((m for m in standins.from_bot(ANNA) if "Password" in m.text), None))
    password = secret.last_code()
    standins.asks(ANNA, "/status", GROUP)
    for kind in ("html", "unplugged", "cut"):
        standins.post("/control/fault", kind=kind, delay=0)
        standins.asks(ANNA, "/calls", GROUP)
    standins.post("/control/fault", kind="none", delay=0)
    for kind in ("html", "cut", "server_error"):
        standins.post("/client/faults", kind=kind, methods=["getUpdates", "sendMessage"], count=2)
        standins.says(ANNA, "/status", GROUP)
        standins.wait_for_looks(2)
    assert program.stop() == 0
    log = program.log.read_text()
    assert "listening" in log
    assert TOKEN not in log
    assert TOKEN.replace(":", "%3A") not in log
    assert KEY not in log
    assert password not in log
    assert not re.search(r"(?i)bearer [0-9a-f]{8}", log)


def generated(standins: Standins) -> str:
    """A password that the PBX has issued, and nobody uses."""
    return str(standins.http.get(GENERATED).json()["data"]["password"])


def bot_says(standins: Standins, chat: int, text: str) -> int:
    said: Json = standins.post(f"/bot{TOKEN}/sendMessage", chat_id=chat, text=text)
    number: int = said["result"]["message_id"]
    return number


def in_a_group(standins: Standins) -> None:
    bot_says(standins, GROUP, f"It is {generated(standins)}.")


def on_a_button_in_a_group(standins: Standins) -> None:
    button = {"text": generated(standins), "callback_data": "1"}
    standins.post(f"/bot{TOKEN}/sendMessage", chat_id=GROUP, text="x", reply_markup={"inline_keyboard": [[button]]})


def in_a_group_and_edited_away(standins: Standins) -> None:
    number = bot_says(standins, GROUP, generated(standins))
    standins.post(f"/bot{TOKEN}/editMessageText", chat_id=GROUP, message_id=number, text="•••")


def in_a_group_and_deleted(standins: Standins) -> None:
    number = bot_says(standins, GROUP, standins.station.employees[110].secret)
    standins.post(f"/bot{TOKEN}/deleteMessage", chat_id=GROUP, message_id=number)


def in_the_switches_of_the_pbx(standins: Standins) -> None:
    standins.post("/control/trunks", name=generated(standins))


def in_an_address_that_was_asked(standins: Standins) -> None:
    standins.http.get(f"/pbxcore/api/v3/employees?search={quote(TOKEN, safe='')}")


def the_token_in_private(standins: Standins) -> None:
    bot_says(standins, ANNA, f"/bot{TOKEN}/getMe")


@pytest.mark.parametrize(
    "leak",
    [
        in_a_group,
        on_a_button_in_a_group,
        in_a_group_and_edited_away,
        in_a_group_and_deleted,
        in_the_switches_of_the_pbx,
        in_an_address_that_was_asked,
        the_token_in_private,
    ],
)
def test_a_secret_that_somebody_saw_is_found(leak: Callable[[Standins], None]) -> None:
    with pytest.raises(AssertionError, match="may not be"), running_standins() as standins:
        leak(standins)


def test_what_people_type_and_what_they_ask_for_in_private_is_no_leak() -> None:
    with running_standins() as standins:
        password = generated(standins)
        bot_says(standins, ANNA, f"Password: {password}")
        standins.says(BORIS, f"/add_employee 243 John password={password}", GROUP)


def test_a_secret_that_the_program_kept_is_found(standins: Standins, tmp_path: Path) -> None:
    password = generated(standins)
    with pytest.raises(AssertionError) as found, running_bot(standins, tmp_path) as program:
        leave_behind(program, tmp_path / "bot.sqlite3", password)
    assert f"the log: {TOKEN}" in str(found.value)
    assert f"the audit: {password}" in str(found.value)
    assert f"bot.sqlite3-wal: {password}" in str(found.value)


def leave_behind(program: Program, database: Path, password: str) -> None:
    with program.log.open("a") as log:
        log.write(f"GET /bot{quote(TOKEN, safe='')}/getMe\n")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE audit_of_old (said TEXT)")
        connection.execute("INSERT INTO audit_of_old VALUES (?)", [f'["{password}"]'])
        connection.commit()
