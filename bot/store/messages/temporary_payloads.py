"""Temporary payloads under an unguessable id: buttons and questions carry the id only."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.runtime.clock import Clock
from bot.store.database import Store
from bot.store.tables.dialog import TemporaryPayload

# Core statement, built once: run for every press, where ORM overhead dominates.
_KEPT = TemporaryPayload.metadata.tables[TemporaryPayload.__tablename__]
_PEEK = select(_KEPT.c.payload).where(_KEPT.c.id == bindparam("of"), _KEPT.c.expires_at > bindparam("now"))


class TemporaryPayloads:
    """Payloads are plain JSON. Each method opens a session. Expired ones are not returned, and are deleted later."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def put(self, payload: dict[str, Any], lifetime: timedelta) -> str:
        kept = TemporaryPayload(id=secrets.token_urlsafe(12), payload=payload, expires_at=self._clock() + lifetime)
        async with self._store.begin() as session:
            session.add(kept)
        return kept.id

    async def peek(self, kept_id: str) -> dict[str, Any] | None:
        async with self._store.begin() as session:
            return await peek(session, kept_id, self._clock())

    async def pop(self, kept_id: str) -> dict[str, Any] | None:
        """Return and delete a payload; exactly one of concurrent callers gets it."""
        async with self._store.begin() as session:
            return await take_out(session, kept_id, self._clock())


async def peek(session: AsyncSession, kept_id: str, now: datetime) -> dict[str, Any] | None:
    payload: dict[str, Any] | None = (await session.execute(_PEEK, {"of": kept_id, "now": now})).scalar_one_or_none()
    return payload


async def take_out(session: AsyncSession, kept_id: str, now: datetime) -> dict[str, Any] | None:
    """Return and delete a payload in the caller's session."""
    found = await session.execute(
        delete(TemporaryPayload)
        .where(TemporaryPayload.id == kept_id, TemporaryPayload.expires_at > now)
        .returning(TemporaryPayload.payload)
    )
    return found.scalar_one_or_none()


async def empty_expired(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(TemporaryPayload).where(TemporaryPayload.expires_at <= now))
