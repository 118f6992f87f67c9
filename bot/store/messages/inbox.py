"""Inbox of unfinished updates, and detection of poison updates, which crash the program each time.

A crash is counted for every unfinished update, since its cause is unknown. At the next start these updates are handled
one at a time, each marked as begun in its own transaction first, so that a second crash counts for that one only. In
normal operation updates are stored as begun, which costs no extra transaction.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from bot.store.tables.messages import Received
from bot.store.upsert import Upsert

# Telegram keeps an update for a day; ids received within that time must be known.
RETENTION = timedelta(days=2)
# Updates that were begun at this many crashes are not retried.
MAX_CRASHES = 2
# Core statements, built once: run for every update, where ORM overhead dominates.
_RECEIVED = Received.metadata.tables[Received.__tablename__]
_INSERT = Upsert(lambda insert: insert(_RECEIVED).on_conflict_do_nothing().returning(_RECEIVED.c.update_id))
_RECEIVED_AT = select(_RECEIVED.c.received_at).where(_RECEIVED.c.update_id == bindparam("about"))
_FINISH = (
    update(_RECEIVED).where(_RECEIVED.c.update_id == bindparam("about")).values(done_at=bindparam("now"), payload={})
)
_COUNT_CRASHES = (
    update(_RECEIVED)
    .where(_RECEIVED.c.done_at.is_(None), _RECEIVED.c.begun)
    .values(crashes=_RECEIVED.c.crashes + 1, begun=False)
)
_CRASHES = (
    select(_RECEIVED.c.update_id, _RECEIVED.c.received_at, _RECEIVED.c.crashes)
    .where(_RECEIVED.c.done_at.is_(None))
    .order_by(_RECEIVED.c.update_id)
)
_MARK_BEGUN = update(_RECEIVED).where(_RECEIVED.c.update_id == bindparam("about")).values(begun=True)
_MARK_CLEAN_SHUTDOWN = update(_RECEIVED).where(_RECEIVED.c.done_at.is_(None)).values(begun=False)


class UnfinishedUpdate(NamedTuple):
    """Update that an earlier run did not finish; `crashes` counts the crashes while it was begun."""

    update_id: int
    payload: dict[str, Any]
    received_at: datetime
    crashes: int

    @property
    def is_poison(self) -> bool:
        return self.crashes >= MAX_CRASHES


def add_new(session: Session, updates: dict[int, dict[str, Any]], now: datetime) -> list[int]:
    """Insert a batch of updates in the caller's session, which commits before they are queued; return the new ids in
    ascending order."""
    if not updates:
        return []
    rows = [{"update_id": i, "payload": payload, "received_at": now} for i, payload in updates.items()]
    new = session.connection().execute(_INSERT.of(session), rows)
    return sorted(new.scalars())


def unfinished_among(session: Session, update_ids: Collection[int]) -> set[int]:
    """Return those of the updates that are stored and not finished."""
    if not update_ids:
        return set()
    is_unfinished = (Received.update_id.in_(update_ids), Received.done_at.is_(None))
    found = session.execute(select(Received.update_id).where(*is_unfinished))
    return set(found.scalars())


def unfinished(session: Session) -> dict[int, dict[str, Any]]:
    """Return the payloads of unfinished updates, by ascending update id."""
    found = session.execute(select(Received).where(Received.done_at.is_(None)).order_by(Received.update_id))
    return {row.update_id: row.payload for row in found.scalars()}


def recover_unfinished(session: Session) -> list[UnfinishedUpdate]:
    """Return the unfinished updates of earlier runs, by update id.

    Those begun get one more crash and are marked as not begun. Call once at startup.
    """
    session.execute(_COUNT_CRASHES)
    payloads = unfinished(session)
    found = session.execute(_CRASHES)
    return [UnfinishedUpdate(row.update_id, payloads[row.update_id], row.received_at, row.crashes) for row in found]


def mark_begun(session: Session, update_id: int) -> None:
    """Mark a leftover update as begun: later crashes count for it."""
    session.execute(_MARK_BEGUN, {"about": update_id})


def mark_clean_shutdown(session: Session) -> None:
    """Mark unfinished updates as not begun, so that a regular shutdown does not count as a crash."""
    session.execute(_MARK_CLEAN_SHUTDOWN)


def received_at(session: Session, update_id: int) -> datetime | None:
    return session.connection().execute(_RECEIVED_AT, {"about": update_id}).scalar_one_or_none()


def finish(session: Session, update_id: int, now: datetime) -> None:
    """Mark an update as finished and delete its payload at once; only the id is kept."""
    session.connection().execute(_FINISH, {"about": update_id, "now": now})


def delete_expired(session: Session, now: datetime) -> None:
    session.execute(delete(Received).where(Received.done_at < now - RETENTION))
