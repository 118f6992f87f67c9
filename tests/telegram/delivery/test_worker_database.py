"""Delivery worker during database errors, and the age of queued messages."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bot.store.database import Database
from bot.store.database_errors import retry_on_database_error
from bot.store.messages import outbox
from tests.telegram.delivery.delivery_harness import DeliveryHarness, eventually
from tests.telegram.fake_telegram import FakeTelegram, refusal

TEAM, OTHERS = -1001, -1002
REFUSED = OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))


async def waits_since(delivery: DeliveryHarness) -> datetime | None:
    with delivery.database.begin() as session:
        return outbox.oldest_due(session, delivery.now)


@pytest.mark.parametrize("refused", range(1, 10))
async def test_whatever_transaction_the_store_refuses_nothing_is_lost(
    delivery: DeliveryHarness, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    """Refuse the start, a poll of the queue, a claim, its data, or the delivery mark."""
    begun = 0
    run = Database.run

    async def sometimes(database: Database, *work: Any) -> Any:
        nonlocal begun
        if asyncio.current_task() is not watching:
            begun += 1
            if begun == refused:
                raise REFUSED
        return await run(database, *work)

    watching = asyncio.current_task()
    await delivery.owe(TEAM, "down")
    monkeypatch.setattr(Database, "run", sometimes)
    monkeypatch.setattr("bot.store.database_errors.sleep_or_stop", lambda _stop, _seconds: asyncio.sleep(0))
    stop = asyncio.Event()
    running = asyncio.create_task(
        retry_on_database_error("delivery worker", lambda: delivery.delivery_worker.run(stop), stop)
    )
    await eventually(delivery.is_all_sent)
    stop.set()
    await asyncio.wait_for(running, 30)
    assert begun >= refused
    # Sent before the database failed to store it: it is repeated, with a label.
    assert all("possible repeat" in again.text for again in telegram.to(TEAM)[1:])


async def test_what_is_due_waits_since_it_could_go(delivery: DeliveryHarness) -> None:
    assert await waits_since(delivery) is None
    began = delivery.now
    await delivery.owe(TEAM, "down")
    await delivery.owe(OTHERS, "planned", not_before=began + timedelta(seconds=60))
    delivery.later(50)
    assert await waits_since(delivery) == began
    await delivery.deliver()
    assert await waits_since(delivery) is None
    delivery.later(50)
    assert await waits_since(delivery) == began + timedelta(seconds=60)


async def test_what_telegram_holds_back_is_not_late_nor_what_waits_behind_it(
    delivery: DeliveryHarness, telegram: FakeTelegram
) -> None:
    telegram.failures[TEAM].append(refusal(429, "Too Many Requests: retry after 60", retry_after=60))
    for text in ("one", "two", "three"):
        await delivery.owe(TEAM, text)
    await delivery.deliver()
    delivery.later(59)
    assert await waits_since(delivery) is None
    delivery.later(11)
    assert await waits_since(delivery) == delivery.now - timedelta(seconds=10)


async def test_a_chat_that_works_off_many_is_not_late(delivery: DeliveryHarness) -> None:
    first = await delivery.owe(TEAM, "one")
    await delivery.owe(TEAM, "two")
    delivery.later(300)
    with delivery.database.begin() as session:
        assert outbox.claim(session, first, delivery.now)
        outbox.mark_sent(session, first, 101, delivery.now)
    delivery.later(3)
    assert await waits_since(delivery) == delivery.now - timedelta(seconds=3)


async def test_what_nobody_can_be_notified_is_not_late(delivery: DeliveryHarness, telegram: FakeTelegram) -> None:
    telegram.failures[TEAM].append(refusal(403, "Forbidden: bot was kicked from the supergroup chat"))
    await delivery.owe(TEAM, "down")
    await delivery.deliver()
    delivery.later(600)
    assert await waits_since(delivery) is None
