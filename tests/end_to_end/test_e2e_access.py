"""Access as people meet it: asked for, given, shown, used and taken away again."""

import csv
import io
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.house import (
    ANNA,
    BORIS,
    GROUP,
    SAM,
    VERA,
    Program,
    Seen,
    Standins,
    ordinary_settings,
    press,
    running_bot,
    running_standins,
)

OLGA = 1010
RIGHTS = "calls.read,status.read"


@pytest.fixture
def house(standins: Standins, start_bot: Callable[..., Program]) -> Standins:
    """Two administrators who have both opened their private chat."""
    standins.post("/client/people", id=OLGA, first_name="Olga", username="olga")
    start_bot(ADMINS=f"{ANNA} {OLGA}", OPERATORS="", ROLE_reception=RIGHTS)
    standins.post("/client/start", **{"as": OLGA})
    return standins


def commands(standins: Standins, person: int, chat: int) -> set[str]:
    """What Telegram offers this person in this chat while typing."""
    offered = standins.get("/client/state", **{"as": person, "chat": chat})["commands"]
    return {one["command"] for one in offered}


def given(standins: Standins, words: str, chat: int = ANNA, **more: object) -> Seen:
    question = standins.asks(ANNA, f"/grant {words}", chat, **more)
    return press(standins, question, "Give", "Given")


def request_of(standins: Standins, person: int, admin: int) -> Seen:
    return standins.wait_for(
        lambda: next((m for m in standins.from_bot(admin, admin) if str(person) in m.text and m.buttons), None),
        "the request",
    )


def test_a_stranger_asks_for_access_and_an_administrator_gives_it(house: Standins) -> None:
    hello = house.asks(SAM, "/status")
    house.presses(SAM, hello, "Request access")
    for_anna, for_olga = request_of(house, SAM, ANNA), request_of(house, SAM, OLGA)
    assert all(word in for_anna for word in ("Sam Stranger", "@sam_stranger", "1009"))
    house.presses(ANNA, for_anna, "Viewer")
    told = house.wait_for_message("gave you access", SAM, hello.id, SAM)
    assert "viewer" in told
    house.wait_for(lambda: (m := house.again(for_olga, OLGA)) and (m if "Anna Ivanova made" in m.text else None))
    assert "Zadarma" in house.asks(SAM, "/status")
    assert "no right" in house.asks(SAM, "/add_employee 243 John Smith")
    house.wait_for(lambda: "cdr" in commands(house, SAM, SAM) or None, "the menu follows")
    assert "add_employee" not in commands(house, SAM, SAM)
    press(house, house.asks(ANNA, f"/revoke {SAM}"), "Take away", "Taken away")
    assert "We do not know each other" in house.asks(SAM, "/status")
    house.wait_for(lambda: "cdr" not in commands(house, SAM, SAM) or None, "the menu follows")


def test_a_request_that_was_refused_is_not_repeated_within_a_day(house: Standins) -> None:
    hello = house.asks(SAM, "/start")
    house.presses(SAM, hello, "Request access")
    asked = request_of(house, SAM, OLGA)
    house.presses(OLGA, asked, "Refuse")
    house.wait_for_message("did not give you access", SAM, hello.id, SAM)
    again = house.asks(SAM, "/start")
    press(house, again, "Request access", "within a day", SAM)
    assert len([m for m in house.from_bot(ANNA) if "asks for access" in m.text]) == 1


def test_roles_are_given_by_name_id_reply_and_to_a_group(house: Standins) -> None:
    assert "not met" in house.asks(ANNA, "/grant @boris_petrov operator")
    said = house.says(BORIS, "good morning", GROUP)
    assert "Boris Petrov" in given(house, "operator", GROUP, reply_to=said)
    assert "Zadarma" in house.asks(BORIS, "/status", GROUP)
    assert "Boris Petrov" in given(house, "@boris_petrov reception for 8h")
    assert "1009" in given(house, f"{SAM} viewer until 2030-12-31")
    for wrong, says in (("@olga king", "Write one role"), ("@olga viewer until 2020-01-01", "next ten years")):
        assert says in house.asks(ANNA, f"/grant {wrong}")
    card = given(house, "here viewer", GROUP)
    assert "Holds for those who are in the group" in card
    assert not any("admin" in label for row in card.buttons for label in row)
    everybody = house.asks(ANNA, "/access")
    assert all(word in everybody for word in ("Anna Ivanova", "Boris Petrov", "reception until", "in the settings"))
    for person in (BORIS, SAM):
        assert re.search("no right|know each other", house.asks(person, "/access").text)


def test_a_role_of_the_sites_own_is_exactly_what_it_says(house: Standins) -> None:
    house.asks(SAM, "/start")
    given(house, "@sam_stranger reception")
    assert "Zadarma" in house.asks(SAM, "/status")
    assert "no right" in house.asks(SAM, "/cdr today")
    help_ = house.asks(SAM, "/help").text
    assert set(re.findall(r"^/(\w+)", help_, re.MULTILINE)) == {"status", "calls", "help", "id", "start"}
    house.wait_for(lambda: commands(house, SAM, SAM) == {"status", "calls", "help", "id", "start"} or None)


def test_administrators_of_the_settings_stay_and_a_question_can_be_left(house: Standins) -> None:
    assert "stands in the bot's settings" in house.asks(ANNA, f"/revoke {OLGA}")
    card = press(house, house.asks(ANNA, "/access"), "1", "May:")
    asked = press(house, card, "➕ viewer", "Give this role")
    assert "No" not in press(house, asked, "Cancel", "admin").text


def test_grants_outlive_a_restart_and_end_by_themselves(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path
) -> None:
    bot = start_bot()
    standins.asks(SAM, "/start")
    given(standins, "@sam_stranger viewer for 8h")
    bot.kill()
    start_bot()
    assert "Zadarma" in standins.asks(SAM, "/status")
    with sqlite3.connect(tmp_path / "bot.sqlite3") as database:
        ended = (datetime.now(UTC) - timedelta(seconds=1)).replace(tzinfo=None).isoformat(" ")
        database.execute("UPDATE grants SET until = ?", (ended,))
    assert "We do not know each other" in standins.asks(SAM, "/status")


def report(address: str, folder: Path, *who: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME")} | ordinary_settings(address, folder)
    command = [sys.executable, "-m", "bot", "access", *who]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_command_line_tells_who_may_do_what_and_why(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path
) -> None:
    start_bot()
    standins.asks(BORIS, "/start")
    everything = report(standins.address, tmp_path).stdout
    assert re.search(r"/add_employee +employees.write +anywhere +admin", everything)
    assert re.search(r"1003 +viewer +every +for good +the settings", everything)
    boris = report(standins.address, tmp_path, "@boris_petrov").stdout
    assert re.search(r"Boris Petrov @boris_petrov \(1002\) in private", boris)
    assert re.search(r"/add_employee +denied +beyond role operator; needs employees.write", boris)
    assert re.search(r"/status +allowed +role operator, from the settings", boris)
    unknown = report(standins.address, tmp_path, "@nobody")
    assert (unknown.returncode, len(unknown.stderr.splitlines())) == (1, 1)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Standins, Path]]:
    """A house in which some things were done and some refused."""
    folder = tmp_path_factory.mktemp("archive")
    with running_standins() as standins, running_bot(standins, folder):
        standins.post("/client/people", id=OLGA, first_name="=cmd|' /C calc'!A0")
        assert "no right" in standins.asks(VERA, "/add_employee 243 John Smith", GROUP)
        standins.asks(OLGA, "/status")
        question = standins.asks(ANNA, "/edit_employee 201 mobile=+79001234567")
        press(standins, question, "Apply", "+7 900 123-45-67")
        yield standins, folder


def test_the_audit_tells_what_was_decided_and_what_came_of_it(archive: tuple[Standins, Path]) -> None:
    standins, _ = archive
    assert "only in our private chat" in standins.asks(ANNA, "/audit", GROUP)
    assert "no right" in standins.asks(VERA, "/audit")
    denied = standins.asks(ANNA, "/audit denied today")
    assert "/add_employee 243 John Smith → beyond role viewer" in denied
    assert "changed 201" not in denied
    assert "John Smith" in standins.asks(ANNA, f"/audit {VERA}")
    changed = standins.asks(ANNA, "/audit employee")
    card = press(standins, changed, "1", "employees.write")
    assert re.search(r"mobile: \S+ → \+?79001234567", card.text)
    assert "/audit" in commands_in(standins.asks(ANNA, "/help"))
    assert "/audit" not in commands_in(standins.asks(ANNA, "/help", GROUP))


def commands_in(message: Seen) -> set[str]:
    return set(re.findall(r"^(/\w+)", message.text, re.MULTILINE))


def test_the_audit_is_exported_without_formulas(archive: tuple[Standins, Path]) -> None:
    standins, _ = archive
    page = standins.asks(ANNA, "/audit")
    standins.presses(ANNA, page, "Export")
    sent = standins.wait_for(lambda: next((m for m in standins.from_bot(ANNA) if m.raw["document"]), None), "a file")
    rows = list(csv.DictReader(io.StringIO(standins.file_of(sent).decode("utf-8-sig")), delimiter=";"))
    assert {row["decision"] for row in rows} == {"allowed", "denied"}
    assert any(row["who"] == "'=cmd|' /C calc'!A0" for row in rows)
    assert not any(cell.lstrip().startswith(("=", "+", "@")) for row in rows for cell in row.values())


@pytest.mark.parametrize("deed", ["UPDATE audit SET allowed = 1", "DELETE FROM audit", "DELETE FROM audit_outcomes"])
def test_nothing_changes_the_audit(archive: tuple[Standins, Path], deed: str) -> None:
    with sqlite3.connect(archive[1] / "bot.sqlite3") as database, pytest.raises(sqlite3.IntegrityError):
        database.execute(deed)
