"""Import of employees: the dry run, the run, and every interruption in between."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.end_to_end import secret_scan
from tests.end_to_end.harness import ANNA, GROUP, KEY, TOKEN, VERA, Program, Seen, Standins
from tests.fixtures import stored


def people(standins: Standins) -> dict[str, str]:
    """Return number and name of all employees on the PBX; fails on a duplicate number."""
    answer = standins.http.get("/pbxcore/api/v3/employees", headers={"Authorization": f"Bearer {KEY}"})
    rows = answer.json()["data"]["data"]
    found = {row["number"]: row["user_username"] for row in rows}
    assert len(found) == len(rows)
    return found


def crowd(count: int) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["number", "name", "email", "mobile"])
    for place in range(count):
        sheet.append([1000 + place, f"Person {place}", f"p{place}@company.com", f"+7900{place:07d}"])
    stored = io.BytesIO()
    book.save(stored)
    return stored.getvalue()


def preview(standins: Standins, content: bytes, name: str = "people.xlsx") -> Seen:
    number = standins.sends_file(ANNA, name, content, "/import_employees")
    return standins.after(number, ANNA, "read")


def ends(standins: Standins, message: Seen, pattern: str = "Done", within: float = 60) -> Seen:
    return standins.wait_for(
        lambda: (m := standins.again(message)) and (m if pattern in m.text else None), pattern, within
    )


def report(standins: Standins, after: int, says: str = "deletes itself") -> list[list[Any]]:
    message = standins.wait_for(
        lambda: next((m for m in standins.from_bot(ANNA) if m.id > after and m.raw["document"]), None), "the report"
    )
    assert says in message
    sheet = openpyxl.load_workbook(io.BytesIO(standins.file_of(message))).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def test_five_hundred_in_one_go(standins: Standins, start_bot: Callable[..., Program], tmp_path: Path) -> None:
    bot = start_bot()
    before = people(standins)
    question = preview(standins, crowd(500))
    assert "500 to create" in question
    standins.presses(ANNA, question, "Create")
    assert "500 of 500" in ends(standins, question)
    after = people(standins)
    assert len(after) == len(before) + 500
    rows = report(standins, question.id)
    passwords = {row[3]: row[7] for row in rows[1:]}
    assert len(set(passwords.values())) == 500
    one = next(iter(passwords))
    answer = standins.http.get(f"/pbxcore/api/v3/sip/{one}:getSecret", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.json()["data"]["secret"] == passwords[one]
    standins.wait_for(lambda: not kept_secrets(tmp_path, passwords[one]) or None, "the passwords are forgotten")
    assert passwords[one] not in bot.log.read_text()
    assert "500 already there" in preview(standins, crowd(500))


def kept_secrets(folder: Path, secret: str) -> bool:
    return secret in secret_scan.known_with(TOKEN, stored.in_folder(folder))


def test_the_dry_run_names_every_bad_line_and_every_conflict(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    (number, name), (other, _) = list(people(standins).items())[:2]
    table = f"number;name;mobile\n20a;A\n{number};{name}\n{other};Somebody Else\n301;B;abc\n302;C\n302;D\n"
    question = preview(standins, table.encode(), "people.csv")
    assert "1 to create" in question
    assert "1 already there" in question
    assert "conflicts: 1" in question
    assert all(f"Line {line}" in question for line in (2, 4, 5, 7))
    assert "Line 3" not in question
    standins.presses(ANNA, question, "Lines left out")
    file = standins.wait_for(lambda: next((m for m in standins.from_bot(ANNA) if m.raw["document"]), None))
    assert len(list(openpyxl.load_workbook(io.BytesIO(standins.file_of(file))).worksheets[0].iter_rows())) == 6
    standins.presses(ANNA, question, "Cancel")
    assert "302" not in people(standins)


def test_killed_in_the_middle_it_goes_on_by_itself_and_nobody_is_lost_or_twice(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    bot = start_bot()
    before = people(standins)
    standins.post("/control/fault", kind="slow", delay=1.5, paths=["employees"])
    question = preview(standins, crowd(200))
    standins.presses(ANNA, question, "Create", wait=0)
    standins.wait_for(lambda: len(people(standins)) >= len(before) + 40 or None, "forty are created")
    bot.kill()
    standins.post("/control/fault", kind="none")
    assert len(people(standins)) < len(before) + 200
    # After a kill between storing and sending a batch, the bot waits 45 s until the PBX can no longer carry it out.
    start_bot(TESTS_HURRY="20")
    told = standins.after(question.id, ANNA, "200")
    ends(standins, told, within=150)
    assert len(people(standins)) == len(before) + 200
    rows = report(standins, told.id)
    assert sorted(row[3] for row in rows[1:] if row[1] == "created") == sorted(str(1000 + n) for n in range(200))


def test_killed_in_the_middle_and_sent_again_while_it_goes_on_nobody_is_twice(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    bot = start_bot()
    before = people(standins)
    standins.post("/control/fault", kind="slow", delay=1.5, paths=["employees"])
    question = preview(standins, crowd(100))
    standins.presses(ANNA, question, "Create", wait=0)
    standins.wait_for(lambda: len(people(standins)) >= len(before) + 20 or None, "twenty are created")
    bot.kill()
    standins.post("/control/fault", kind="none")
    start_bot(TESTS_HURRY="20")
    again = preview(standins, crowd(100))
    assert "already there" in again
    if any("Create" in label for row in again.buttons for label in row):
        standins.presses(ANNA, again, "Create")
        ends(standins, again)
    standins.wait_for(lambda: len(people(standins)) == len(before) + 100 or None, "all are there")


def test_stopped_and_continued(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot()
    before = people(standins)
    standins.post("/control/fault", kind="slow", delay=1.5, paths=["employees"])
    question = preview(standins, crowd(100))
    standins.presses(ANNA, question, "Create", wait=0)
    running = ends(standins, question, "▓")
    standins.presses(ANNA, running, "Stop", wait=0)
    stopped = ends(standins, question, "Stopped")
    assert len(people(standins)) < len(before) + 100
    standins.post("/control/fault", kind="none")
    standins.presses(ANNA, stopped, "Continue", wait=0)
    ends(standins, question)
    assert len(people(standins)) == len(before) + 100


def test_a_batch_that_was_not_answered_is_looked_for(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot()
    before = people(standins)
    question = preview(standins, crowd(30))
    standins.post("/control/fault", kind="lost_answer", paths=["employees"], verbs=["POST"])
    standins.presses(ANNA, question, "Create", wait=0)
    standins.wait_for(lambda: len(people(standins)) >= len(before) + 20 or None, "the first batch is there")
    standins.post("/control/fault", kind="none")
    ends(standins, question)
    assert len(people(standins)) == len(before) + 30
    assert all(row[1] == "created" for row in report(standins, question.id)[1:])


def test_a_batch_of_which_nobody_can_be_created_is_reported_line_by_line(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    question = preview(standins, b"number;name\n301;Anna\n302;Boris\n", "people.csv")
    for number in ("301", "302"):
        body = {"number": number, "user_username": "Faster", "sip_secret": "Qw3rtyUi9pAs"}
        standins.http.post("/pbxcore/api/v3/employees", json=body, headers={"Authorization": f"Bearer {KEY}"})
    standins.presses(ANNA, question, "Create")
    assert "0 of 2 employees created" in ends(standins, question)
    lines = report(standins, question.id)[1:]
    assert [line[1] for line in lines] == ["failed", "failed"]
    assert all("the number is taken" in line[2] for line in lines)


def test_a_pbx_that_refuses_the_key_stops_it_and_says_what_was_done(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    question = preview(standins, crowd(30))
    read = {f"/api/v3/{name}": "read" for name in ("employees", "providers", "sip", "call-queues", "cdr")}
    standins.post("/control/key", permissions=read)
    standins.presses(ANNA, question, "Create", wait=0)
    stopped = ends(standins, question, "Stopped")
    assert "0 of 30" in stopped
    assert "Employees Management" in stopped


def test_russian_excel_and_pasted_lines_in_russian(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot(LANGUAGE="ru")
    table = "Номер;Имя;Мобильный\r\n301;Анна Иванова;89001234567\r\n".encode("cp1251")
    number = standins.sends_file(ANNA, "люди.csv", table, "/import_employees")
    question = standins.after(number, ANNA, "будет создано: 1")
    standins.presses(ANNA, question, "Создать")
    ends(standins, question, "Готово")
    assert report(standins, question.id, "удалится")[0][:4] == ["строка", "результат", "причина", "Номер"]
    assert people(standins)["301"] == "Анна Иванова"
    waiting = standins.asks(ANNA, "/import_employees")
    pasted = standins.asks(ANNA, "302 Пётр Иванов petr@company.ru\n303 Вера")
    assert "будет создано: 2" in pasted
    assert waiting.id < pasted.id


@pytest.mark.parametrize(("language", "says"), [("en", "come out as garbage"), ("ru", "выходит мусор")])
def test_letters_that_stay_garbage_are_refused(
    standins: Standins, start_bot: Callable[..., Program], language: str, says: str
) -> None:
    start_bot(LANGUAGE=language)
    table = "301;Łukasz Żółć\n".encode("cp1250")
    sent = standins.sends_file(ANNA, "people.csv", table, "/import_employees")
    assert says in standins.after(sent, ANNA, "UTF-8")


def test_after_a_file_that_is_none_another_one_is_read(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot()
    for caption in ("/import_employees", ""):
        sent = standins.sends_file(ANNA, "people.xlsx", b"PK\x03\x04 no table", caption)
        assert "paste the lines here" in standins.after(sent, ANNA, "cannot be read")
    assert "1 to create" in standins.asks(ANNA, "302 Boris")
    wrong = standins.sends_file(ANNA, "duty.ics", b"no calendar", "/oncall import")
    assert standins.after(wrong, ANNA, "iCal")
    assert "address" in standins.asks(ANNA, "my calendar")


def test_a_file_from_a_group_goes_on_in_private(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot()
    number = standins.sends_file(ANNA, "people.csv", b"301;Anna", "/import_employees", GROUP)
    standins.after(number, GROUP, "continue in private")
    assert "1 to create" in standins.wait_for_message("read", chat=ANNA)


def test_a_template_is_given_and_understood(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot()
    how = standins.asks(ANNA, "/import_employees")
    standins.presses(ANNA, how, "Excel")
    file = standins.wait_for(lambda: next((m for m in standins.from_bot(ANNA) if m.raw["document"]), None))
    assert "2 to create" in preview(standins, standins.file_of(file))


@pytest.mark.parametrize("form", ["", "csv", "full", "passwords"])
def test_what_is_exported_can_be_imported(standins: Standins, start_bot: Callable[..., Program], form: str) -> None:
    start_bot()
    standins.asks(ANNA, f"/export_employees {form}".strip(), GROUP)
    file = standins.wait_for(lambda: next((m for m in standins.from_bot(ANNA) if m.raw["document"]), None), form)
    assert ("passwords" in file.text) == (form == "passwords")
    content = standins.file_of(file)
    assert f"{len(people(standins))} already there" in preview(standins, content, "back")


def test_others_import_and_export_nothing(shared: Standins, group: int) -> None:
    for text in ("/import_employees", "/export_employees"):
        assert "no right" in shared.asks(VERA, text, group)
    number = shared.sends_file(VERA, "people.csv", b"301;Anna", "/import_employees", group)
    assert "no right" in shared.after(number, group, "right", VERA)
