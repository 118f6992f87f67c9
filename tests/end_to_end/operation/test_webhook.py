"""Webhook mode and the change between webhook and polling: no update is lost or handled twice."""

import hashlib
import hmac
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.harness import ANNA, GROUP, LOOK_EVERY, TOKEN, Json, Program, Standins, running_standins
from tests.fixtures import stored

SECRET = hmac.new(TOKEN.encode(), b"webhook", hashlib.sha256).hexdigest()
Start = Callable[..., Program]


@pytest.fixture
def standins() -> Iterator[Standins]:
    """At normal speed: requests in progress at shutdown get the real timeout."""
    with running_standins(speed=1.0) as standins:
        yield standins


def by_webhook(standins: Standins, path: str = "/telegram") -> dict[str, str]:
    """Return the webhook settings; there is no proxy in between."""
    standins.post("/client/webhook", pace=20)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{sock.getsockname()[1]}"
    return {"WEBHOOK_URL": f"http://{address}{path}", "WEBHOOK_ADDRESS": address}


def info(standins: Standins) -> Json:
    answer: Json = standins.get(f"/bot{TOKEN}/getWebhookInfo")["result"]
    return answer


def wait_until_all_is_taken(standins: Standins) -> None:
    standins.wait_for(lambda: not info(standins)["pending_update_count"] or None, "all taken", every=LOOK_EVERY)


def wait_until_all_is_done(standins: Standins, folder: Path) -> None:
    wait_until_all_is_taken(standins)
    open_ones = "SELECT count(*) FROM inbox WHERE done_at IS NULL"
    database = stored.in_folder(folder)
    standins.wait_for(lambda: database.execute(open_ones) == [(0,)] or None, "all done", every=LOOK_EVERY)


def answers(standins: Standins, typed: Sequence[str], chat: int = ANNA) -> list[str]:
    """Return the typed commands that were answered, in order."""
    shown = [m.text.removeprefix("🔁 possible repeat\n") for m in standins.from_bot(chat)]
    return [command for text in shown for command in typed if text.startswith(f"/{command.split()[1]} ")]


def test_a_command_is_answered_and_a_forged_one_is_not(standins: Standins, start_bot: Start) -> None:
    settings = by_webhook(standins)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        health = f"127.0.0.1:{sock.getsockname()[1]}"
    program = start_bot(**settings, HEALTH_ADDRESS=health)
    standins.asks(ANNA, "/id")
    genuine = next(call for call in standins.calls("setWebhook"))["params"]
    assert genuine["secret_token"] == SECRET
    chat, anna = {"id": ANNA, "type": "private"}, {"id": ANNA, "is_bot": False, "first_name": "Anna"}
    message = {"message_id": 999, "date": 2**31, "chat": chat, "from": anna, "text": "/id"}
    for secret in ({}, {"X-Telegram-Bot-Api-Secret-Token": TOKEN}):
        answer = httpx.post(settings["WEBHOOK_URL"], json={"update_id": 1, "message": message}, headers=secret)
        assert (answer.status_code, answer.content) == (401, b"")
    before = len(standins.from_bot(ANNA))
    standins.asks(ANNA, "/help id")
    assert len(standins.from_bot(ANNA)) == before + 1
    assert program.database.execute("SELECT count(*) FROM inbox WHERE update_id = 1") == [(0,)]
    assert httpx.get(f"http://{health}/healthz").text == "ok"
    assert "mikopbx_bot_webhook_strangers_total 2.0" in httpx.get(f"http://{health}/metrics").text
    assert program.stop() == 0
    assert info(standins)["url"] == settings["WEBHOOK_URL"]
    assert SECRET not in program.log.read_text()


def test_killed_with_commands_in_hand_and_more_to_come_each_is_answered_once(
    standins: Standins, start_bot: Start
) -> None:
    settings = by_webhook(standins)
    program = start_bot(**settings)
    standins.post("/control/fault", kind="slow", delay=30)
    number = standins.says(ANNA, "/calls")
    typed = [f"/help {name}" for name in ("cdr", "missed", "stats", "status")]
    for text in typed[:2]:
        standins.says(ANNA, text)
    wait_until_all_is_taken(standins)
    program.kill()
    assert answers(standins, typed) == []
    for text in typed[2:]:
        standins.says(ANNA, text)
    standins.post("/control/fault", kind="none", delay=0)
    start_bot(**settings)
    last = standins.says(ANNA, "/help id")
    standins.after(last, ANNA, "^/id")
    assert answers(standins, typed) == typed
    assert (
        len(
            [
                m
                for m in standins.from_bot(ANNA)
                if m.id > number and re.search("Active calls|No calls right now", m.text)
            ]
        )
        == 1
    )


def test_from_polling_to_a_webhook_to_another_and_back_nothing_is_lost(
    standins: Standins, start_bot: Start, tmp_path: Path
) -> None:
    first, second = by_webhook(standins), by_webhook(standins, "/elsewhere")
    names = iter(("cdr", "missed", "stats", "status", "trunks", "why", "calls", "history"))
    typed = []

    def types() -> None:
        typed.append(f"/help {next(names)}")
        standins.says(ANNA, typed[-1])

    for settings in ({}, first, second, {}):
        types()
        program = start_bot(**settings)
        standins.wait_for(lambda: answers(standins, typed) == typed or None, str(typed))
        assert info(standins)["url"] == settings.get("WEBHOOK_URL", "")
        if settings == first:
            # A message sent but not stored as sent would be repeated.
            wait_until_all_is_done(standins, tmp_path)
            program.kill()
            types()
        else:
            types()
            assert program.stop() == 0
    start_bot()
    standins.wait_for(lambda: answers(standins, typed) == typed or None, str(typed))


def test_a_kill_among_many_leaves_each_handled_once(standins: Standins, start_bot: Start, tmp_path: Path) -> None:
    settings = by_webhook(standins)
    program = start_bot(**settings)
    standins.asks(ANNA, "/id", GROUP)
    for _ in range(3):
        standins.says(ANNA, "/id")
        standins.says(ANNA, "/id", GROUP)
    program.kill()
    start_bot(**settings)
    standins.asks(ANNA, "/help id")
    wait_until_all_is_done(standins, tmp_path)
    finished = program.database.execute(
        "SELECT count(DISTINCT update_id), count(*) FROM audit JOIN audit_outcomes ON decision_id = audit.id"
        " WHERE what = '/id'"
    )
    assert finished == [(7, 7)]
