"""Audit: requests, decisions with reasons, and outcomes; readable and immutable."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.access import policy
from handlers import CATALOGUE
from tests.end_to_end.harness import (
    ANNA,
    ASKING,
    BORIS,
    GROUP,
    SAM,
    VERA,
    Seen,
    Standins,
    press,
    running_bot,
    running_standins,
)
from tests.end_to_end.people import OPERATOR, VIEWER, menu, newcomer, wait_for_menu
from tests.fixtures import stored

READERS = range(3001, 3021)
KNOCKS = 4
TRIER, TRIED = 3998, 11
CALCULATOR, FORMULA = 3999, "=cmd|' /C calc'!A0"
BEYOND_A_VIEWER = [
    command.name
    for command in CATALOGUE.commands.values()
    if command.rule.permission in policy.PERMISSIONS - policy.VIEWER.permissions and " " not in command.name
]
TRUNK = "✅ Anna Ivanova · Test: trunk.apply → changed: up"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def shared(folder: Path) -> Iterator[Standins]:
    """Audit with denied requests, one repeated, one stranger's, and with changes of an employee and a trunk."""
    admins = ",".join(map(str, (ANNA, *READERS)))
    with (
        running_standins(speed=ASKING) as harness,
        running_bot(harness, folder, ADMINS=admins, VIEWERS=f"{VERA},{TRIER}", POLL_INTERVAL="3"),
    ):
        harness.asks(newcomer(harness, FORMULA, id=CALCULATOR), "/status")
        harness.asks(VERA, "/add_employee 243 John Smith", GROUP)
        group = harness.new_group(members=[SAM])
        for _ in range(KNOCKS):
            harness.says(SAM, "/status", group)
        trier = newcomer(harness, "Tom", id=TRIER)
        for command in BEYOND_A_VIEWER[:TRIED]:
            harness.asks(trier, f"/{command}")
        employee = harness.asks(ANNA, '/edit_employee 201 name="Anna Bell" mobile=+79161234567', group)
        press(harness, employee, "Apply", "Changed: 201 Anna Bell")
        trunk = harness.asks(ANNA, "/edit_trunk zadar host=sip2.zadarma.com", group)
        harness.post("/control/speed", speed=30)
        press(harness, trunk, "Apply", "It works")
        harness.wait_for(lambda: "changed: up" in outcomes(folder) or None, "the trunk's change is written down")
        yield harness


def outcomes(folder: Path) -> list[str]:
    return [outcome for (outcome,) in stored.in_folder(folder).execute("SELECT outcome FROM audit_outcomes")]


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return iter(READERS)


@pytest.fixture
def reader(shared: Standins, numbers: Iterator[int]) -> int:
    """Return a new administrator for each test: Telegram limits messages to one person to one a second."""
    return newcomer(shared, "Rita", id=next(numbers))


def rows(page: Seen) -> list[str]:
    """Return the lines of the list without numbers and times."""
    return [f"{sign} {text}" for sign, text in re.findall(r"^\d+\. (.) \S+ (.+)$", page.text, re.MULTILINE)]


def test_the_newest_decision_stands_first(shared: Standins, reader: int) -> None:
    assert rows(shared.asks(reader, "/audit"))[0] == "✅ Rita: /audit → …"


@pytest.mark.parametrize(
    ("words", "heading", "expected"),
    [
        (
            f"{VERA} denied add_employee",
            f" · add_employee · {VERA} · denied",
            ["⛔ Vera Smirnova · PBX on call: /add_employee 243 John Smith → beyond role viewer"],
        ),
        ("@anna_ivanova today allowed trunk", f" · trunk · {ANNA} · allowed · ", [TRUNK]),
        (f"{CALCULATOR}", f" · {CALCULATOR}", [f"⛔ {FORMULA}: /status → stranger"]),
        (
            f"/edit_employee {ANNA}",
            f" · edit_employee · {ANNA}",
            ['✅ Anna Ivanova · Test: /edit_employee 201 name="Anna Bell" mobile=+79161234567 → asked for 201'],
        ),
        (f"{SAM} 3h", f" · {SAM} · ", [f"⛔ Sam Miller · Test: /status → stranger · and {KNOCKS - 1} more times"]),
        (f"{BORIS} 2020-01-01", f" · {BORIS} · Wed, Jan 1, 2020", []),
    ],
)
def test_the_list_shows_only_what_is_asked_for(
    shared: Standins, reader: int, words: str, heading: str, expected: list[str]
) -> None:
    page = shared.asks(reader, f"/audit {words}")
    assert heading in page.text.splitlines()[0]
    assert rows(page) == expected
    assert ("Nothing of that kind." in page) is not any(expected)


def test_words_that_it_does_not_know_are_explained(shared: Standins, reader: int) -> None:
    assert "I do not understand “yesterdayish”. Known: a @username" in shared.asks(reader, "/audit yesterdayish")
    assert "I have not met @nobody_knows yet" in shared.asks(reader, "/audit @nobody_knows")


def test_pages_turn_to_what_is_older_and_back_to_the_newest(shared: Standins, reader: int) -> None:
    newest = shared.asks(reader, f"/audit {TRIER}")
    assert f"Audit · {TRIED} · " in newest
    assert newest.buttons[2:] == [["Next ›"], ["📄 Export"]]
    shared.presses(reader, newest, "Next")
    older = shared.wait_for(lambda: (m := shared.again(newest, reader)) and (m if "\n2. " not in m.text else None))
    assert len(rows(older)) == 1
    assert older.buttons == [["1"], ["⏮ Newest"], ["📄 Export"]]
    assert press(shared, older, "Newest", "\n10. ", reader).text == newest.text


@pytest.mark.parametrize(
    ("what", "permission", "changes"),
    [
        ("employee", "create and change employees", ["Name: Anna Johnson → Anna Bell"]),
        ("trunk", "change trunks", ["Host: sip.zadarma.com → sip2.zadarma.com"]),
    ],
)
def test_a_card_shows_what_a_change_found_and_left(
    shared: Standins, reader: int, what: str, permission: str, changes: list[str]
) -> None:
    page = shared.asks(reader, f"/audit {what} {ANNA}")
    card = press(shared, page, "1", "•", reader)
    assert card.text.startswith(f"📜 ✅ allowed: role admin · {permission}\n")
    assert f"Anna Ivanova {ANNA}\nTest -100" in card
    for change in changes:
        assert f"• {change}" in card
    assert press(shared, card, "List", "Audit · 1", reader).text == page.text


def test_the_export_arrives_in_private_and_holds_no_formula(shared: Standins, reader: int) -> None:
    page = shared.asks(reader, f"/audit {CALCULATOR}")
    assert shared.presses(reader, page, "Export")["text"] == "It comes as a file."
    sent = shared.wait_for_message("1 decision · Head office", reader, seen_by=reader)
    assert re.fullmatch(r"audit-\d{4}-\d\d-\d\d\.csv", sent.raw["document"]["name"])
    heading, row = csv.reader(io.StringIO(shared.file_of(sent).decode("utf-8-sig")), delimiter=";")
    cells = dict(zip(heading, row, strict=True))
    assert cells["who"] == f"'{FORMULA}"
    assert (cells["what"], cells["decision"], cells["why"]) == ("/status", "denied", "stranger")
    assert (cells["where"], cells["id"], cells["PBX"]) == ("in private", str(CALCULATOR), "Head office")


def test_in_a_group_it_says_only_in_private(shared: Standins, group: int) -> None:
    assert "/audit only in our private chat" in shared.asks(ANNA, "/audit", group)
    assert "You may not use /audit in this chat." in shared.asks(ANNA, "/help audit", group)


def test_it_is_offered_to_administrators_in_private_only(shared: Standins, group: int, reader: int) -> None:
    assert "/audit [@username | id]" in shared.asks(reader, "/help audit")
    shared.wait_for(lambda: "audit" in menu(shared, reader) or None, "the menu of an administrator")
    assert "audit" not in menu(shared, ANNA, group)
    for person, offered in ((VERA, VIEWER), (BORIS, OPERATOR)):
        assert "no right to use /audit" in shared.asks(person, "/audit")
        wait_for_menu(shared, person, offered)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET allowed = true",
        "DELETE FROM audit",
        "UPDATE audit_outcomes SET outcome = ''",
        "DELETE FROM audit_outcomes",
    ],
)
def test_the_database_refuses_to_change_it(shared: Standins, folder: Path, statement: str) -> None:
    assert outcomes(folder)
    with pytest.raises(stored.REFUSED, match="the audit is only ever added to"):
        stored.in_folder(folder).execute(statement)
