"""/add_employee from the question to the password, with every interruption in between."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tests.end_to_end.harness import ANNA, BORIS, GROUP, KEY, Program, Seen, Standins
from tests.fixtures import stored


def employees(standins: Standins, search: str) -> list[dict[str, object]]:
    answer = standins.http.get(
        "/pbxcore/api/v3/employees", params={"search": search}, headers={"Authorization": f"Bearer {KEY}"}
    )
    found: list[dict[str, object]] = answer.json()["data"]["data"]
    return found


def owed_deletion(standins: Standins, folder: Path) -> float:
    """Return the delay in seconds of the password's queued deletion, once it is stored."""
    database, owed = stored.in_folder(folder), "SELECT created_at, not_before FROM outbox WHERE action = 'delete'"
    ((written, due),) = standins.wait_for(lambda: database.execute(owed), "a deletion is owed")
    return (datetime.fromisoformat(due) - datetime.fromisoformat(written)).total_seconds()


def create(standins: Standins, text: str, pattern: str) -> Seen:
    question = standins.asks(ANNA, text, GROUP)
    standins.presses(ANNA, question, "Create")
    return standins.wait_for(
        lambda: (m := standins.again(question)) and (m if pattern in m.text else None), pattern, within=60
    )


def test_an_employee_is_created_and_only_the_asker_sees_the_password(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path
) -> None:
    start_bot()
    done = create(standins, "/add_employee 243 John Smith john@company.com +79001234567", "Created")
    assert "243 John Smith" in done
    assert [e["user_username"] for e in employees(standins, "243")] == ["John Smith"]
    secret = standins.wait_for(lambda: next((m for m in standins.from_bot(ANNA) if "243" in m.text), None))
    assert secret.raw["protected"]
    password = secret.last_code()
    assert len(password) >= 16
    assert not any(password in m.text for m in standins.messages(GROUP))
    assert owed_deletion(standins, tmp_path) == 600


def test_without_a_number_the_next_free_one_is_taken(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot()
    question = standins.asks(ANNA, "/add_employee Anna Johnson", GROUP)
    assert "next free" in question
    standins.presses(ANNA, question, "Create")
    standins.wait_for_message("Created: .*Anna Johnson")


def test_a_mobile_that_can_be_two_numbers_is_chosen_by_a_button(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot(PBX_COUNTRY="RU")
    question = standins.asks(ANNA, "/add_employee 243 John Smith 4951110045", GROUP)
    assert "Which mobile is meant?" in question
    standins.presses(ANNA, question, "+7 495 111-00-45")
    preview = standins.wait_for_message("Create this employee")
    assert "+7 495 111-00-45" in preview
    standins.presses(ANNA, preview, "Create")
    standins.wait_for_message("Created")
    assert [e["mobile"] for e in employees(standins, "243")] == ["74951110045"]


def test_so_it_is_in_a_change_and_step_by_step(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot(PBX_COUNTRY="RU")
    question = standins.asks(ANNA, "/edit_employee 201 mobile=4951110046", GROUP)
    standins.presses(ANNA, question, "+7 495 111-00-46")
    assert "+7 495 111-00-46" in standins.wait_for_message("Change 201")
    standins.says(ANNA, "/start")
    standins.says(ANNA, "/add_employee")
    for said, asked in (("247", "Name"), ("John Smith", "E-mail"), ("-", "Mobile")):
        standins.says(ANNA, said)
        standins.wait_for_message(asked, ANNA)
    standins.says(ANNA, "4951110047")
    refused = standins.wait_for_message("can be two numbers", ANNA)
    standins.presses(ANNA, refused, "+49 511 10047")
    standins.wait_for_message("Mobile: .49 511 10047", ANNA)


def test_cancel_creates_nothing(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot()
    question = standins.asks(ANNA, "/add_employee 243 John Smith", GROUP)
    standins.presses(ANNA, question, "Cancel")
    standins.wait_for_message("Cancelled")
    assert not employees(standins, "243")


def test_nobody_else_can_press_create_and_nobody_twice(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot(ADMINS=f"{ANNA} {BORIS}")
    question = standins.asks(ANNA, "/add_employee 243 John Smith", GROUP)
    assert "Only whoever sent the command" in standins.presses(BORIS, question, "Create")["text"]
    for _ in range(2):
        standins.post(
            "/client/press",
            **{"as": ANNA, "chat": GROUP, "message": question.id, "row": 0, "column": 0, "wait": 0},
        )
    standins.wait_for_message("Created")
    assert len(employees(standins, "243")) == 1


def test_an_unopened_private_chat_is_said_before_anything_is_created(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot(ADMINS=f"{ANNA} {BORIS}")
    answer = standins.asks(BORIS, "/add_employee 243 John Smith", GROUP)
    assert "press Start" in answer
    assert not answer.buttons
    assert not employees(standins, "243")


def test_a_taken_number_is_one_clear_sentence(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot()
    taken = standins.get("/control/state")["extensions"][0]
    answer = standins.asks(ANNA, f"/add_employee {taken['number']} John Smith", GROUP)
    assert "already belongs to" in answer


def test_a_missing_right_names_the_row_in_the_pbx(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot()
    read = {f"/api/v3/{name}": "read" for name in ("employees", "providers", "sip", "cdr", "pbx-status")}
    standins.post("/control/key", permissions=read)
    done = create(standins, "/add_employee 243 John Smith", "right")
    assert "Employees" in done
    assert "Read and write" in done


def test_a_write_the_pbx_answered_too_late_is_looked_for(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot()
    question = standins.asks(ANNA, "/add_employee 243 John Smith", GROUP)
    standins.post("/control/fault", kind="lost_answer", delay=0, paths=["employees"])
    standins.presses(ANNA, question, "Create", wait=0)
    standins.wait_for_message("may still create")
    standins.post("/control/fault", kind="none", delay=0)
    standins.wait_for_message("Created: .*243 John Smith")
    assert len(employees(standins, "243")) == 1
    standins.wait_for(lambda: next((m for m in standins.from_bot(ANNA) if "Password" in m.text), None))


def test_words_that_make_no_employee_are_explained(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot()
    assert "2 to 8 digits" in standins.asks(ANNA, "/add_employee 20a John", GROUP)
    assert "A name is missing" in standins.asks(ANNA, "/add_employee 243", GROUP)
    assert "Write it like this" in standins.asks(ANNA, "/edit_employee", GROUP)
