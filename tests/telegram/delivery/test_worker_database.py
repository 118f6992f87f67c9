"""Delivery worker during database errors, and the age of queued messages."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bot.store.database import Store
from bot.store.database_errors import retry_on_database_error
from bot.store.messages import outbox
from tests.telegram.delivery.delivery_harness import Office, eventually
from tests.telegram.fake_telegram import FakeTelegram, refusal

TEAM, OTHERS = -1001, -1002
REFUSED = OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))


async def waits_since(office: Office) -> datetime | None:
    async with office.store.begin() as session:
        return await outbox.oldest_due(session, office.now)


@pytest.mark.parametrize("refused", range(1, 7))
async def test_whatever_transaction_the_store_refuses_nothing_is_lost(
    office: Office, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch, refused: int
) -> None:
    """Refuse the start, a poll of the queue, a claim, its data, or the delivery mark."""
    begun = 0
    begin = Store.begin

    def sometimes(store: Store) -> Any:
        nonlocal begun
        if asyncio.current_task() is not watching:
            begun += 1
            if begun == refused:
                raise REFUSED
        return begin(store)

    watching = asyncio.current_task()
    await office.owe(TEAM, "down")
    monkeypatch.setattr(Store, "begin", sometimes)
    monkeypatch.setattr("bot.store.database_errors.sleep_or_stop", lambda _stop, _seconds: asyncio.sleep(0))
    stop = asyncio.Event()
    running = asyncio.create_task(retry_on_database_error("courier", lambda: office.delivery_worker.run(stop), stop))
    await eventually(office.is_all_sent)
    stop.set()
    await asyncio.wait_for(running, 30)
    assert begun >= refused
    # Sent before the database failed to store it: it is repeated, with a label.
    assert all("possible repeat" in again.text for again in telegram.to(TEAM)[1:])


async def test_what_is_due_waits_since_it_could_go(office: Office) -> None:
    assert await waits_since(office) is None
    began = office.now
    await office.owe(TEAM, "down")
    await office.owe(OTHERS, "planned", not_before=began + timedelta(seconds=60))
    office.later(50)
    assert await waits_since(office) == began
    await office.deliver()
    assert await waits_since(office) is None
    office.later(50)
    assert await waits_since(office) == began + timedelta(seconds=60)


async def test_what_telegram_holds_back_is_not_late_nor_what_waits_behind_it(
    office: Office, telegram: FakeTelegram
) -> None:
    telegram.failures[TEAM].append(refusal(429, "Too Many Requests: retry after 60", retry_after=60))
    for text in ("one", "two", "three"):
        await office.owe(TEAM, text)
    await office.deliver()
    office.later(59)
    assert await waits_since(office) is None
    office.later(11)
    assert await waits_since(office) == office.now - timedelta(seconds=10)


async def test_a_chat_that_works_off_many_is_not_late(office: Office) -> None:
    first = await office.owe(TEAM, "one")
    await office.owe(TEAM, "two")
    office.later(300)
    async with office.store.begin() as session:
        assert await outbox.claim(session, first, office.now)
        await outbox.mark_sent(session, first, 101, office.now)
    office.later(3)
    assert await waits_since(office) == office.now - timedelta(seconds=3)


async def test_what_nobody_can_be_notified_is_not_late(office: Office, telegram: FakeTelegram) -> None:
    telegram.failures[TEAM].append(refusal(403, "Forbidden: bot was kicked from the supergroup chat"))
    await office.owe(TEAM, "down")
    await office.deliver()
    office.later(600)
    assert await waits_since(office) is None
