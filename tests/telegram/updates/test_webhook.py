"""Updates by webhook: confirmed once stored, rejected without the secret, and the webhook kept set."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs
from telegram import Update, WebhookInfo
from telegram.error import BadRequest, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.runtime import metrics
from bot.store.database import Database
from bot.store.messages import inbox
from bot.telegram.errors import TokenRefused
from bot.telegram.updates import webhook
from bot.telegram.updates.foreign_webhook import WebhookNotice
from bot.telegram.updates.queue import WANTED, UpdateQueue
from bot.telegram.updates.webhook import MAX_BODY, SECRET_HEADER, Webhook
from tests.telegram.observers import source_observing
from tests.telegram.updates.update_handler import HandledBy

Lines = list[MutableMapping[str, Any]]

URL, SECRET = "https://bot.example.com/hook", "f00d" * 16
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def update(number: int, text: str = "x") -> dict[str, Any]:
    chat, person = {"id": 5, "type": "private"}, {"id": 5, "is_bot": False, "first_name": "Anna"}
    message = {"message_id": number, "date": int(NOW.timestamp()), "chat": chat, "from": person, "text": text}
    return {"update_id": number, "message": message}


class Telegram:
    """Telegram's state of the webhook. `refuses` are errors to return, one per call."""

    def __init__(self) -> None:
        self.info: dict[str, Any] = {"url": ""}
        self.done: list[str] = []
        self.refuses: list[TelegramError] = []

    async def get_webhook_info(self) -> WebhookInfo:
        if self.refuses:
            raise self.refuses.pop(0)
        plain = {"has_custom_certificate": False, "pending_update_count": 0}
        return WebhookInfo(**(plain | self.info))

    async def delete_webhook(self, *, drop_pending_updates: bool) -> bool:
        assert not drop_pending_updates
        self.done.append("deleted")
        self.info = {"url": ""}
        return True

    async def set_webhook(self, url: str, **more: Any) -> bool:
        assert more.pop("secret_token") == SECRET
        assert not more.pop("drop_pending_updates")
        self.done.append("set")
        self.info = {"url": url} | more
        return True

    def fails(self, seconds: int, message: str = "Wrong response from the webhook: 502 Bad Gateway") -> None:
        self.info |= {"last_error_date": NOW + timedelta(seconds=seconds), "last_error_message": message}


class Harness:
    """Webhook with a database, and Telegram as the other side. `handled` are the handled texts."""

    def __init__(self, database: Database) -> None:
        self.telegram = Telegram()
        self.database = database
        self.now = NOW
        self.handled: list[str] = []
        self.heard: list[str] = []
        self.updates = UpdateQueue(self.telegram, database, HandledBy(self._handle), clock=lambda: self.now)  # type: ignore[arg-type]
        self.webhook = Webhook(
            self.telegram,  # type: ignore[arg-type]
            self.updates,
            url=URL,
            secret=SECRET,
            clock=lambda: self.now,
            observer=source_observing(
                polled=lambda: self.heard.append("well"),
                conflict=lambda: self.heard.append("changed"),
                webhook_found=self._found,
            ),
        )
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.webhook.receive), base_url="http://bot", headers={SECRET_HEADER: SECRET}
        )

    async def _found(self, host: str, telling: WebhookNotice) -> None:
        self.heard.append(f"{telling}: {host}")

    async def _handle(self, update: Update) -> None:
        assert update.message is not None
        self.handled.append(str(update.message.text))

    async def brings(self, body: Any, **headers: str) -> int:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return (await self.http.post("/hook", content=content, headers=headers)).status_code

    async def unfinished(self) -> list[int]:
        await self.updates.drain(10)
        with self.database.begin() as session:
            return list(inbox.unfinished(session))


@pytest.fixture
async def harness(database: Database) -> AsyncIterator[Harness]:
    harness = Harness(database)
    yield harness
    await harness.http.aclose()


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Yield the program's log lines."""
    with capture_logs() as lines:
        yield lines


async def test_an_update_is_handled_once_however_often_it_is_brought(harness: Harness) -> None:
    assert [await harness.brings(update(number, f"/{number}")) for number in (7, 8, 7, 9)] == [200] * 4
    assert await harness.unfinished() == []
    assert harness.handled == ["/7", "/8", "/9"]
    assert harness.webhook.last_success == NOW


async def test_brought_twice_at_the_same_moment_it_is_handled_once(harness: Harness) -> None:
    assert await asyncio.gather(*(harness.brings(update(7)) for _ in range(5))) == [200] * 5
    assert await harness.unfinished() == []
    assert harness.handled == ["x"]


@pytest.mark.parametrize(
    "shown", [None, b"", b"wrong", SECRET[:-1].encode(), SECRET.upper().encode(), "пароль".encode(), b"\xff\xfe"]
)
async def test_who_does_not_know_the_secret_is_turned_away_and_learns_nothing(
    harness: Harness, shown: bytes | None
) -> None:
    before = metrics.STRANGERS._value.get()
    del harness.http.headers[SECRET_HEADER]
    headers = {} if shown is None else {SECRET_HEADER.encode(): shown}
    answer = await harness.http.post("/hook", json=update(7), headers=headers)
    assert (answer.status_code, answer.content) == (401, b"")
    assert metrics.STRANGERS._value.get() == before + 1
    assert (await harness.unfinished(), harness.handled, harness.webhook.last_success) == ([], [], None)


async def test_strangers_are_reported_once_an_hour(harness: Harness, lines: Lines) -> None:
    for minutes in (0, 1, 59, 61):
        harness.now = NOW + timedelta(minutes=minutes)
        await harness.brings(update(7), **{SECRET_HEADER: "wrong"})
    assert len(lines) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json: s3cret",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        [],
        {"message": {"text": "s3cret"}},
        {"update_id": "7", "text": "s3cret"},
        {"update_id": True},
        {"update_id": -1},
        {"update_id": 2**63},
        {"update_id": 7, "text": "s3cret" * MAX_BODY},
    ],
    ids=lambda body: repr(body)[:40],
)
async def test_what_is_no_update_is_set_aside_and_blocks_nobody(harness: Harness, body: object, lines: Lines) -> None:
    assert await harness.brings(body) == 200
    assert "set aside" in str(lines)
    assert "s3cret" not in str(lines)
    assert await harness.unfinished() == []
    assert await harness.brings(update(8)) == 200


async def test_an_update_nobody_can_parse_is_taken_and_blocks_nobody(harness: Harness) -> None:
    assert await harness.brings({"update_id": 7, "message": {"text": "no chat"}}) == 200
    assert await harness.brings(update(8)) == 200
    assert await harness.unfinished() == []
    assert harness.handled == ["x"]


async def test_what_the_store_refuses_is_brought_again(harness: Harness, lines: Lines) -> None:
    take_in = harness.updates.enqueue

    async def refuse(_batch: object) -> None:
        raise OperationalError("INSERT", {"payload": "s3cret"}, Exception("database is locked"))

    harness.updates.enqueue = refuse  # type: ignore[assignment,method-assign]
    assert await harness.brings(update(7, "s3cret")) == 500
    assert harness.webhook.last_success is None
    assert "database is locked" in str(lines)
    assert "s3cret" not in str(lines)
    harness.updates.enqueue = take_in  # type: ignore[method-assign]
    assert await harness.brings(update(7, "s3cret")) == 200
    assert await harness.unfinished() == []
    assert harness.handled == ["s3cret"]


async def test_the_answer_waits_until_the_update_is_stored(harness: Harness) -> None:
    stored = asyncio.Event()
    harness.updates.enqueue = stored_by(harness.updates.enqueue, stored)  # type: ignore[assignment,method-assign]
    bringing = asyncio.create_task(harness.brings(update(7)))
    await asyncio.sleep(0.05)
    assert not bringing.done()
    stored.set()
    assert await bringing == 200


def stored_by(enqueue: Callable[[Any], Awaitable[None]], stored: asyncio.Event) -> Callable[[Any], Awaitable[None]]:
    async def enqueue_once_stored(batch: Any) -> None:
        await enqueue(batch)
        await stored.wait()

    return enqueue_once_stored


async def test_who_brings_too_slowly_is_not_waited_for(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"update_id"'
        await asyncio.sleep(60)

    monkeypatch.setattr(webhook, "BODY_TIMEOUT", 0.01)
    assert (await harness.http.post("/hook", content=slowly())).status_code == 408
    assert await harness.unfinished() == []


async def test_at_the_start_the_webhook_is_made_new_and_what_failed_before_is_not_reported(
    harness: Harness, lines: Lines
) -> None:
    harness.telegram.info = {"url": URL, "allowed_updates": WANTED, "max_connections": 1}
    harness.telegram.fails(-600)
    await harness.webhook.check()
    assert harness.telegram.done == ["deleted", "set"]
    assert harness.telegram.info == {"url": URL, "allowed_updates": WANTED, "max_connections": 1}
    assert (harness.webhook.last_success, harness.heard, lines) == (NOW, ["well"], [])
    harness.now += timedelta(minutes=1)
    await harness.webhook.check()
    assert harness.telegram.done == ["deleted", "set"]
    assert harness.webhook.last_success == harness.now


@pytest.mark.parametrize(
    ("change", "heard"),
    [
        ({"url": ""}, "changed"),
        ({"url": "https://evil.example.com/"}, "once: evil.example.com"),
        ({"allowed_updates": ("message",)}, "changed"),
        ({"max_connections": 40}, "changed"),
    ],
)
async def test_what_somebody_changed_is_set_again(harness: Harness, change: dict[str, Any], heard: str) -> None:
    await harness.webhook.check()
    harness.telegram.info |= change
    await harness.webhook.check()
    await harness.webhook.check()
    assert harness.telegram.done == ["deleted", "set"] * 2
    assert harness.heard == ["well", heard, "well"]


async def test_what_telegram_cannot_bring_is_reported_once_tried_anew_and_is_no_health_signal(
    harness: Harness, lines: Lines
) -> None:
    await harness.webhook.check()
    for seconds in (60, 110, 160):
        harness.now = NOW + timedelta(seconds=seconds)
        harness.telegram.fails(seconds)
        await harness.webhook.check()
    assert harness.telegram.done == ["deleted", "set"] * 4
    assert harness.webhook.last_success == NOW
    assert [line["error"] for line in lines] == ["Wrong response from the webhook: 502 Bad Gateway"]
    await harness.webhook.check()
    assert harness.webhook.last_success == harness.now
    harness.telegram.fails(300)
    await harness.webhook.check()
    assert len(lines) == 2


async def until_calm(harness: Harness, monkeypatch: pytest.MonkeyPatch, *errors: TelegramError) -> list[float]:
    """Keep the webhook set until there is no error; return the pauses before that."""
    pauses: list[float] = []
    stop = asyncio.Event()

    async def wait(_stop: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)
        if seconds == webhook.CHECK_EVERY:
            stop.set()

    harness.telegram.refuses = list(errors)
    monkeypatch.setattr("bot.telegram.updates.webhook.sleep_or_stop", wait)
    await harness.webhook._keep_set(stop)
    return pauses[:-1]


async def test_telegram_being_away_is_waited_out(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = await until_calm(harness, monkeypatch, *[NetworkError("away")] * 12, RetryAfter(7), BadRequest("no host"))
    assert pauses[:3] == [1.0, 1.5, 2.25]
    assert pauses[11:] == [30.0, 7.0, 10.5]
    assert harness.telegram.done == ["deleted", "set"]


async def test_an_unknown_token_ends_the_run(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TokenRefused):
        await until_calm(harness, monkeypatch, InvalidToken("Unauthorized"))
