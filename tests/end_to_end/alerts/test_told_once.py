"""Presses take effect once, when simultaneous and after a kill; rate limits of commands."""

import threading
from collections.abc import Callable

from tests.end_to_end.harness import ANNA, BORIS, GROUP, KEY, VERA, Json, Program, Seen, Standins


def created(standins: Standins, number: str) -> list[Json]:
    answer = standins.http.get(
        "/pbxcore/api/v3/employees", params={"limit": "1000"}, headers={"Authorization": f"Bearer {KEY}"}
    )
    return [one for one in answer.json()["data"]["data"] if one["number"] == number]


def press_of(person: int, message: Seen, wait: float = 10) -> Json:
    return {"as": person, "chat": message.chat, "message": message.id, "row": 0, "column": 0, "wait": wait}


def test_pressed_by_two_and_twice_at_once_it_is_created_once(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    question = standins.asks(ANNA, "/add_employee 243 John Smith", GROUP)
    people = (ANNA, BORIS, ANNA, VERA, ANNA)
    presses = [
        threading.Thread(target=standins.post, args=("/client/press",), kwargs=press_of(person, question))
        for person in people
    ]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    standins.wait_for(lambda: (m := standins.again(question)) and (m if "Created" in m.text else None), "created")
    assert len(created(standins, "243")) == 1
    assert len(standins.writes("/employees")) == 1


def test_a_press_that_a_kill_interrupted_is_gone_on_with_and_done_once(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    bot = start_bot()
    question = standins.asks(ANNA, "/add_employee 243 John Smith")
    standins.post("/control/fault", kind="slow", delay=15)
    standins.post("/client/press", **press_of(ANNA, question, wait=0))
    standins.wait_for(lambda: standins.writes("/employees") or None, "the PBX was asked")
    bot.kill()
    standins.post("/control/fault", kind="none", delay=0)
    start_bot(TESTS_HURRY="20")
    standins.wait_for(lambda: (m := standins.again(question)) and (m if "Created" in m.text else None), "created")
    assert len(standins.writes("/employees")) == 2
    assert len(created(standins, "243")) == 1


def test_who_asks_too_much_hears_it_once_and_can_still_take_an_incident(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot(COMMANDS_PER_MINUTE="4", COSTLY_COMMANDS_PER_MINUTE="1")
    standins.wait_until_known()
    standins.asks(BORIS, "/cdr today", GROUP)
    assert "too many commands" in standins.asks(BORIS, "/cdr today", GROUP)
    cards = [standins.asks(BORIS, "/id", GROUP) for _ in range(3)]
    for _ in range(3):
        standins.says(BORIS, "/status", GROUP)
    standins.breaks("Zadarma")
    alert = standins.wait_for_message("Zadarma is down")
    assert "yours" in standins.presses(BORIS, alert, "I'm on it")["text"]
    standins.wait_for_message("too many commands", after=cards[-1].id)
    assert len([m for m in standins.from_bot(GROUP) if m.id > cards[-1].id and "too many commands" in m.text]) == 1


def test_a_chat_has_a_limit_of_its_own(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot(CHAT_COMMANDS_PER_MINUTE="2")
    card = standins.asks(VERA, "/status", GROUP)
    standins.asks(BORIS, "/id", GROUP)
    assert "too many commands" in standins.asks(ANNA, "/id", GROUP)
    assert "Too much at once" in standins.presses(VERA, card, "Refresh")["text"]
    assert "1001" in standins.asks(ANNA, "/id")
