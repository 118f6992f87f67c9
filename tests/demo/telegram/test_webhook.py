"""Webhook delivery of the stand-in as Telegram's: with the secret, in order for each chat, retried until accepted."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Bot
from telegram.error import BadRequest, Conflict, RetryAfter

from bot.demo.telegram import Telegram
from tests.demo.telegram.standin import ANNA, BORIS, ON_CALL, VERA, Clock, Inbox, People, serving

MESSAGES = ["message"]


class Harness:
    """Receiver of updates. `statuses` are the answers to the next ones of a chat; further ones are accepted."""

    def __init__(self) -> None:
        self.address = ""
        self.statuses: dict[int, list[int]] = defaultdict(list)
        self.brought: list[tuple[str, int]] = []
        self.secrets: set[str | None] = set()
        self.inside = self.most_inside = 0
        self.open = asyncio.Event()
        self.open.set()
        self._news = asyncio.Event()

    async def take(self, request: Request) -> Response:
        message: dict[str, Any] = (await request.json())["message"]
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        self.inside += 1
        self._news.set()
        self.most_inside = max(self.most_inside, self.inside)
        await self.open.wait()
        self.inside -= 1
        chat: int = message["chat"]["id"]
        status = self.statuses[chat].pop(0) if self.statuses[chat] else 200
        self.brought.append((message["text"], status))
        self._news.set()
        return Response(status_code=status, headers={"Retry-After": "1000"} if status == 429 else {})

    async def when(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not reached():
                self._news.clear()
                await self._news.wait()

    async def until(self, *brought: tuple[str, int]) -> None:
        await self.when(lambda: len(self.brought) >= len(brought))
        assert self.brought == list(brought)


@pytest.fixture
async def harness(world: Telegram) -> AsyncIterator[Harness]:
    # Retry pauses as short as a step of the program: one that ends between two clock readings must not be lost.
    world.webhook.pace = 100_000
    harness = Harness()
    async with serving(Starlette(routes=[Route("/hook", harness.take, methods=["POST"])])) as address:
        harness.address = f"{address}/hook"
        yield harness
        world.webhook.set(None)


async def write(people: People, texts: Sequence[str], chat: int = ANNA) -> None:
    for text in texts:
        await people.write(ANNA, chat, text)


async def test_what_waits_and_what_comes_is_brought_once_with_the_secret(
    bot: Bot, people: People, inbox: Inbox, harness: Harness
) -> None:
    await write(people, ["/waited"])
    await bot.set_webhook(harness.address, secret_token="A-z_9", allowed_updates=MESSAGES)
    await harness.until(("/waited", 200))
    await write(people, ["/came"])
    await harness.until(("/waited", 200), ("/came", 200))
    assert harness.secrets == {"A-z_9"}
    assert (await bot.get_webhook_info()).pending_update_count == 0
    await bot.delete_webhook()
    assert await inbox.read() == []


async def test_what_is_refused_is_brought_again_and_holds_up_its_own_chat_only(
    bot: Bot, people: People, harness: Harness, world: Telegram
) -> None:
    harness.statuses[ANNA] = [500, 401, 302]
    await write(people, ["/first", "/second"])
    await bot.set_webhook(harness.address, allowed_updates=MESSAGES)
    tries = [("/first", 500), ("/first", 401), ("/first", 302), ("/first", 200), ("/second", 200)]
    await harness.until(*tries)
    info = await bot.get_webhook_info()
    assert (info.pending_update_count, info.last_error_message) == (0, "Wrong response from the webhook: 302 Found")
    world.webhook.pace = 1
    harness.statuses[ANNA] = [429]
    await write(people, ["/third"])
    await harness.until(*tries, ("/third", 429))
    await write(people, ["/else"], ON_CALL)
    await harness.until(*tries, ("/third", 429), ("/else", 200))


async def test_a_new_webhook_begins_at_once_and_the_same_once_more_changes_nothing(
    bot: Bot, people: People, harness: Harness, world: Telegram, clock: Clock
) -> None:
    world.webhook.pace = 1
    harness.statuses[ANNA] = [429]
    await write(people, ["/it"])
    await bot.set_webhook(harness.address, allowed_updates=MESSAGES)
    await harness.until(("/it", 429))
    with pytest.raises(RetryAfter):
        await bot.set_webhook(harness.address, allowed_updates=MESSAGES)
    clock.pass_by(1)
    await bot.set_webhook(harness.address, allowed_updates=MESSAGES)
    assert (await bot.get_webhook_info()).last_error_message == "Wrong response from the webhook: 429 Too Many Requests"
    clock.pass_by(1)
    await bot.delete_webhook()
    await bot.set_webhook(harness.address, allowed_updates=MESSAGES)
    await harness.until(("/it", 429), ("/it", 200))
    assert (await bot.get_webhook_info()).last_error_date is None


@pytest.mark.parametrize(("connections", "at_once"), [(1, 1), (2, 2), (None, 3)])
async def test_as_many_at_once_as_there_may_be_connections(
    bot: Bot, people: People, harness: Harness, connections: int | None, at_once: int
) -> None:
    for person in (BORIS, VERA):
        await people.do("start", **{"as": person})
    await bot.set_webhook(
        harness.address, allowed_updates=MESSAGES, max_connections=connections, drop_pending_updates=True
    )
    harness.open.clear()
    for person in (ANNA, BORIS, VERA):
        await people.write(person, person, f"/{person}")
    await harness.when(lambda: harness.inside == at_once)
    harness.open.set()
    await harness.when(lambda: len(harness.brought) == 3)
    assert harness.most_inside == at_once
    assert sorted(harness.brought) == [(f"/{person}", 200) for person in (ANNA, BORIS, VERA)]


async def test_webhook_and_polling_exclude_each_other(bot: Bot, world: Telegram) -> None:
    before = world.queue.bell.seq
    polling = asyncio.create_task(bot.get_updates(timeout=20))
    await world.queue.bell.heard(before, 20)
    await bot.set_webhook("https://example.com/hook", allowed_updates=MESSAGES)
    with pytest.raises(Conflict, match="terminated by setWebhook request"):
        await polling
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    info = await bot.get_webhook_info()
    assert (info.url, info.allowed_updates, info.max_connections) == ("https://example.com/hook", ("message",), 40)
    assert await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()


async def test_an_address_that_does_not_answer_is_reported(
    bot: Bot, people: People, harness: Harness, world: Telegram
) -> None:
    world.webhook.pace = 1
    await bot.set_webhook("http://127.0.0.1:9/hook", allowed_updates=MESSAGES)
    await write(people, ["/it"])
    async with asyncio.timeout(30):
        while (info := await bot.get_webhook_info()).last_error_date is None:
            await world.queue.bell.heard(world.queue.bell.seq, 1)
    assert (info.pending_update_count, info.last_error_message) == (1, "Connection refused")


@pytest.mark.parametrize(
    ("url", "secret", "reason"),
    [
        ("http://example.com", "x", "An HTTPS URL must be provided for webhook"),
        ("https://example.com:8080", "x", "only on ports 80, 88, 443 or 8443"),
        ("https://example.com", "what?", "secret token contains unallowed characters"),
        ("https://example.com", "x" * 257, "secret token is too long"),
    ],
)
async def test_what_telegram_would_refuse_is_refused(bot: Bot, url: str, secret: str, reason: str) -> None:
    with pytest.raises(BadRequest, match=f"(?i){reason}"):
        await bot.set_webhook(url, secret_token=secret)
