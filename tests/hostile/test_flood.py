"""Floods of updates, and updates that crash the program: other people are not affected."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.harness import ANNA, BORIS, GROUP, SAM, VERA, Program, Standins

STRANGERS, EACH = 300, 5
# Requests of strangers that are answered: sixty at once, then twelve a minute; the test's clock runs faster.
LET_IN = 60 + 60


def sent(person: int, text: str, number: int, chat: int | None = None) -> dict[str, Any]:
    """Return a message as Telegram sends it."""
    where = {"id": person, "type": "private", "first_name": "Stranger"}
    if chat is not None:
        where = {"id": chat, "type": "supergroup", "title": "The office"}
    return {
        "message_id": number,
        "from": {"id": person, "is_bot": False, "first_name": "Stranger"},
        "chat": where,
        "date": int(time.time()),
        "text": text,
        "entities": [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}] if text[0] == "/" else [],
    }


def flood(standins: Standins, people: int, each: int, text: str, chat: int | None = None) -> None:
    def put() -> None:
        now = int(standins.clock.time())
        for number in range(people * each):
            message = sent(900_000 + number % people, text, 500_000 + number, chat) | {"date": now}
            standins.chats.queue.put("message", message)

    standins._server.look(put)


def free_address() -> str:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{sock.getsockname()[1]}"


def test_strangers_do_not_queue_before_the_person_on_call(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    health = free_address()
    program = start_bot(HEALTH_ADDRESS=health, COMMANDS_PER_MINUTE="30", ALERT_AFTER="1")
    standins.says(ANNA, "/start")
    standins.says(BORIS, "/start")
    standins.wait_until_known()
    # Repeated denials of one person are one audit row with a count.
    for _ in range(4):
        standins.asks(SAM, "/status")
    audit = standins.asks(ANNA, f"/audit {SAM}").text
    assert "· 1" in audit.splitlines()[0]
    assert "and 3 more times" in audit

    standins.breaks("Zadarma")
    alert = standins.wait_for_message("🔴.*Zadarma")

    for chat in (None, GROUP):
        flood(standins, STRANGERS, EACH, "/status", chat)
    began = time.monotonic()
    standins.presses(BORIS, alert, "I'm on it", wait=30)
    took = time.monotonic() - began
    standins.wait_for_message("Boris.*on it|on it.*Boris|taken by.*Boris|Boris")

    # Without the limit: 33 s with 200 strangers, no answer with 1,000.
    assert took < 15
    # The admitted updates are finished too.
    standins.wait_for(
        lambda: not program.database.execute("select 1 from inbox where done_at is null"), "the inbox is empty"
    )
    assert program.database.execute("select count(*) from inbox")[0][0] < LET_IN
    assert program.database.execute("select count(*) from audit where actor_id >= 900000")[0][0] < LET_IN
    metrics = httpx.get(f"http://{health}/metrics").text
    dropped = "mikopbx_bot_updates_dropped_total"
    limited = next(line for line in metrics.splitlines() if line.startswith(dropped) and "rate limited" in line)
    assert float(limited.rsplit(" ", 1)[1]) > 2 * STRANGERS * EACH - 2 * LET_IN
    assert program.log.read_text().count("updates of strangers dropped, rate limit exceeded") < 10

    # Messages that are not for the bot are not stored.
    before = program.database.execute("select count(*) from inbox")[0][0]
    for chat in (None, GROUP):
        flood(standins, STRANGERS, 1, "good morning", chat)
    assert str(BORIS) in standins.asks(BORIS, "/id").text
    assert program.database.execute("select count(*) from inbox")[0][0] < before + 20


def test_who_sends_more_than_anybody_reads_is_notified_and_holds_up_nobody(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot(COMMANDS_PER_MINUTE="30")
    standins.says(VERA, "/start")
    standins.wait_until_known()

    def put() -> None:
        now = int(standins.clock.time())
        for number in range(1000):
            standins.chats.queue.put("message", sent(VERA, "/id", 500_000 + number) | {"date": now})

    standins._server.look(put)
    began = time.monotonic()
    assert standins.asks(BORIS, "/id")
    assert time.monotonic() - began < 10
    notice = standins.wait_for_message("the rest was not read", VERA, seen_by=VERA)
    assert "Send again" in notice.text


def test_bursts_that_come_and_go_hold_up_nobody(standins: Standins, start_bot: Callable[..., Program]) -> None:
    program = start_bot()
    standins.says(VERA, "/start")
    standins.wait_until_known()

    def put() -> None:
        now = int(standins.clock.time())
        for number in range(300):
            chat = {"id": GROUP if number % 2 else -1009998887776, "type": "supergroup", "title": "A crowd"}
            ids = range(5_000_000 + 100 * number, 5_000_100 + 100 * number)
            crowd = [{"id": one, "is_bot": False, "first_name": "Stranger"} for one in ids]
            told = {"chat": chat, "from": crowd[0], "date": now}
            came = {"message_id": 500_000 + number, "new_chat_members": crowd}
            standins.chats.queue.put("message", told | came)
            gone = {"status": "left", "user": crowd[0]}
            standins.chats.queue.put("chat_member", told | {"old_chat_member": gone, "new_chat_member": gone})

    standins._server.look(put)
    looks, began = standins.looks(), time.monotonic()
    assert standins.asks(BORIS, "/id")
    # Without the limit: 28 s without a poll of the PBX, and no answer within a minute.
    assert time.monotonic() - began < 15
    standins.wait_for_looks(2)
    assert standins.looks() > looks
    assert program.database.execute("select count(*) from inbox")[0][0] < 20


@pytest.mark.parametrize(
    ("language", "told", "administrators"),
    [("en", "crashed me twice", "sent something"), ("ru", "дважды вызвало у меня сбой", "отправленное в")],
)
def test_a_command_that_ends_or_hangs_the_program_is_set_aside_after_the_second_time(
    standins: Standins, tmp_path: Path, start_bot: Callable[..., Program], language: str, told: str, administrators: str
) -> None:
    def starts() -> Program:
        return start_bot(first="tests.hostile.fixtures.deadly", LANGUAGE=language)

    def begun(name: str) -> int:
        file = tmp_path / "begun"
        return file.read_text().splitlines().count(name) if file.exists() else 0

    program = starts()
    for person in (ANNA, BORIS, VERA):
        standins.says(person, "/start")
    standins.wait_until_known()
    standins.says(VERA, "/missed")
    assert program.wait() == 70
    # In the inbox at the same crash, but not its cause.
    standins.says(BORIS, "/id")
    assert starts().wait() == 70

    program = starts()
    standins.wait_for_message(told, VERA, seen_by=VERA)
    standins.wait_for_message(administrators, ANNA)
    standins.wait_for_message(str(BORIS), BORIS, seen_by=BORIS)
    assert begun("missed") == 2
    outcomes = program.database.execute(
        "select o.outcome from audit a join audit_outcomes o on o.decision_id = a.id where what = '/missed'"
    )
    assert outcomes == [("set aside: the program ended twice while it was done",)]

    number = standins.says(BORIS, "/calls")
    for times in (1, 2):
        standins.wait_for(lambda times=times: begun("calls") == times, "it hangs")  # type: ignore[misc]
        program.kill()
        program = starts()
    standins.wait_for_message(told, BORIS, number, seen_by=BORIS)
    assert begun("calls") == 2
    assert str(VERA) in standins.asks(VERA, "/id").text
