"""Temporary payloads under an unguessable id: buttons and questions carry the id only."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from bot.runtime.clock import Clock
from bot.store.database import Database
from bot.store.tables.dialog import TemporaryPayload

# Core statement, built once: run for every press, where ORM overhead dominates.
_PAYLOADS = TemporaryPayload.metadata.tables[TemporaryPayload.__tablename__]
_PEEK = select(_PAYLOADS.c.payload).where(_PAYLOADS.c.id == bindparam("of"), _PAYLOADS.c.expires_at > bindparam("now"))


class TemporaryPayloads:
    """Payloads are plain JSON. Each method is a transaction. Expired ones are not returned, and are deleted later."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def put(self, payload: dict[str, Any], lifetime: timedelta) -> str:
        row = TemporaryPayload(id=secrets.token_urlsafe(12), payload=payload, expires_at=self._clock() + lifetime)
        await self._database.run(Session.add, row)
        return row.id

    async def peek(self, payload_id: str) -> dict[str, Any] | None:
        return await self._database.run(peek, payload_id, self._clock())

    async def pop(self, payload_id: str) -> dict[str, Any] | None:
        """Return and delete a payload; exactly one of concurrent callers gets it."""
        return await self._database.run(pop, payload_id, self._clock())


def peek(session: Session, payload_id: str, now: datetime) -> dict[str, Any] | None:
    payload: dict[str, Any] | None = session.execute(_PEEK, {"of": payload_id, "now": now}).scalar_one_or_none()
    return payload


def pop(session: Session, payload_id: str, now: datetime) -> dict[str, Any] | None:
    """Return and delete a payload in the caller's session."""
    found = session.execute(
        delete(TemporaryPayload)
        .where(TemporaryPayload.id == payload_id, TemporaryPayload.expires_at > now)
        .returning(TemporaryPayload.payload)
    )
    return found.scalar_one_or_none()


def delete_expired(session: Session, now: datetime) -> None:
    session.execute(delete(TemporaryPayload).where(TemporaryPayload.expires_at <= now))
