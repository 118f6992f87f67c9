"""Delivery worker with its outbox and a clock that a test advances."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.store.database import Database
from bot.store.messages import outbox
from bot.store.tables.messages import Outgoing
from bot.telegram.delivery.worker import DeliveryWorker

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


async def eventually(condition: Callable[[], Awaitable[bool] | bool]) -> None:
    for _ in range(2500):
        found = condition()
        if found is True or (not isinstance(found, bool) and await found):
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it did not happen within 5 seconds")


class DeliveryHarness:
    delivery_worker: DeliveryWorker

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOON

    def clock(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def owe(self, chat: int, text: str, **more: Any) -> int:
        """Commit one row; returns its id."""
        with self.database.begin() as session:
            row = outbox.enqueue(
                session,
                **{"thread_id": None, "template": "plain", **more},
                chat_id=chat,
                facts={"station": "office", "text": text},
                now=self.now,
            )
            session.flush()
            return row.id

    async def deliver(self) -> None:
        while await self.delivery_worker.deliver_due():
            pass

    async def row(self, row_id: int) -> Outgoing:
        with self.database.begin() as session:
            return session.get_one(Outgoing, row_id)

    async def states(self) -> Sequence[str]:
        with self.database.begin() as session:
            found = session.execute(select(Outgoing.state).order_by(Outgoing.id))
            return found.scalars().all()

    async def is_all_sent(self) -> bool:
        return set(await self.states()) == {"sent"}
