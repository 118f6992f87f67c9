"""Two-person rule: a TWO_PERSON action runs once, when a second person approves it, in the name of the first."""

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.harness import ANNA, GROUP, VERA, Json, Program, Seen, Standins, press
from tests.fixtures import stored

OLGA = 1010


@pytest.fixture
def harness(standins: Standins, start_bot: Callable[..., Program]) -> Standins:
    standins.post("/client/people", id=OLGA, first_name="Olga", username="olga")
    standins.post("/client/members", chat=GROUP, by=ANNA, user=OLGA, status="member")
    start_bot(ADMINS=f"{ANNA} {OLGA}", TWO_PERSON="employees.delete,employees.write,trunks.write,access.grant")
    standins.post("/client/start", **{"as": OLGA})
    return standins


def asked(standins: Standins, person: int, pattern: str) -> Seen:
    """Return the approval request in the second person's private chat."""
    return standins.wait_for(
        lambda: next((m for m in standins.from_bot(person, person) if pattern in m.text and m.buttons), None), pattern
    )


def deletion(standins: Standins, chat: int) -> Seen:
    """Request and confirm the deletion of 203 as Anna; return the message that awaits approval."""
    question = standins.asks(ANNA, "/delete_employee 203", chat)
    return press(standins, question, "Delete", "needs a second person")


def test_in_a_group_the_second_person_confirms_and_the_first_cannot(harness: Standins) -> None:
    waiting = deletion(harness, GROUP)
    assert "another person has to confirm" in harness.presses(ANNA, waiting, "Confirm")["text"]
    assert not harness.writes("employees")
    press(harness, waiting, "Confirm", "Deleted", OLGA)
    assert [one["method"] for one in harness.writes("employees")] == ["DELETE"]


def test_in_private_the_second_person_is_asked_in_private(harness: Standins) -> None:
    waiting = deletion(harness, ANNA)
    assert waiting.buttons == [["✖ Take back"]]
    question = asked(harness, OLGA, "Anna Ivanova asks for a second person")
    assert "Delete an employee" in question
    assert "203" in question
    # Only the approval expires; the first question's own time limit is not shown.
    assert re.findall("Valid for .*", question.text) == ["Valid for 30 minutes."]
    press(harness, question, "Confirm", "You confirmed what Anna Ivanova asked for", OLGA)
    harness.wait_for(lambda: (m := harness.again(waiting)) and (m if "Deleted" in m.text else None), "done where asked")


def test_either_may_say_no(harness: Standins) -> None:
    waiting = deletion(harness, GROUP)
    assert harness.presses(VERA, waiting, "Confirm")["text"].startswith("You have no right")
    press(harness, waiting, "Refuse", "Refused by Olga", OLGA)
    taken_back = deletion(harness, ANNA)
    question = asked(harness, OLGA, "Delete an employee")
    press(harness, taken_back, "Take back", "Taken back by Anna Ivanova")
    assert "no longer open" in harness.presses(OLGA, question, "Confirm")["text"]
    assert not harness.writes("employees")


def test_the_second_person_reads_who_is_imported(harness: Standins) -> None:
    lines = "\n".join(f"{number};Person {number}" for number in range(300, 325))
    preview = harness.asks(ANNA, f"/import_employees\n{lines}")
    press(harness, preview, "Create", "needs a second person")
    question = asked(harness, OLGA, "asks for a second person")
    assert "· 300 Person 300" in question
    assert "· 319 Person 319" in question
    assert "and 5 more people" in question
    assert "this chat" not in question


def test_two_who_confirm_at_once_delete_once(harness: Standins) -> None:
    waiting, in_private = deletion(harness, GROUP), asked(harness, OLGA, "Delete an employee")
    presses = [
        threading.Thread(target=harness.post, args=("/client/press",), kwargs=_press(message))
        for message in (waiting, in_private)
    ]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    harness.wait_for(lambda: (m := harness.again(waiting)) and (m if "Deleted" in m.text else None), "deleted")
    assert len(harness.writes("employees")) == 1


def _press(message: Seen) -> Json:
    return {"as": OLGA, "chat": message.chat, "message": message.id, "row": 0, "column": 0, "wait": 10}


def test_a_trunk_is_changed_and_deleted_by_two(harness: Standins, tmp_path: Path) -> None:
    question = harness.asks(ANNA, "/edit_trunk Zadarma note=Bill")
    waiting = press(harness, question, "Apply", "needs a second person")
    ((latest,),) = stored.in_folder(tmp_path).execute("SELECT min(expires_at) FROM kept")
    assert datetime.fromisoformat(latest).replace(tzinfo=UTC) > harness.now() + timedelta(minutes=25)
    press(harness, asked(harness, OLGA, "Change a trunk"), "Confirm", "You confirmed", OLGA)
    harness.wait_for(lambda: (m := harness.again(waiting)) and (m if "Bill" in m.text else None), "changed")
    harness.asks(ANNA, "/delete_trunk Mango Office")
    waiting = harness.asks(ANNA, "Mango Office")
    assert "needs a second person" in waiting
    assert len(harness.writes("providers")) == 1
    press(harness, asked(harness, OLGA, "Delete a trunk"), "Confirm", "You confirmed", OLGA)
    harness.wait_for_message("Mango Office.*deleted|[Dd]eleted.*Mango Office", ANNA, waiting.id)


def test_access_is_given_by_two_and_the_audit_names_both(harness: Standins, tmp_path: Path) -> None:
    question = harness.asks(ANNA, "/grant @olga viewer", GROUP)
    waiting = press(harness, question, "Give", "needs a second person")
    given = press(harness, waiting, "Confirm", "Given", OLGA)
    assert "given by Anna Ivanova" in given
    found = "SELECT actor_id, arguments FROM audit WHERE what = 'access.give' AND allowed ORDER BY id"
    rows = stored.in_folder(tmp_path).execute(found)
    assert rows[-1] == (OLGA, f"asked by {ANNA} Anna Ivanova")


def test_without_a_second_person_nothing_is_done_and_it_is_said(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot(TWO_PERSON="employees.delete")
    question = standins.asks(ANNA, "/delete_employee 203")
    press(standins, question, "Delete", "there is none")
    assert not standins.writes("employees")
