"""The audit as an administrator reads it, takes it away as a file, and cannot change it."""

import csv
import io
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.house import ANNA, GROUP, VERA, Seen, Standins, press, running_bot, running_standins

CALCULATOR = 1010


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Standins, Path]]:
    """A house in which some things were done and some refused."""
    folder = tmp_path_factory.mktemp("archive")
    with running_standins() as standins, running_bot(standins, folder):
        standins.post("/client/people", id=CALCULATOR, first_name="=cmd|' /C calc'!A0")
        assert "no right" in standins.asks(VERA, "/add_employee 243 John Smith", GROUP)
        standins.asks(CALCULATOR, "/status")
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
