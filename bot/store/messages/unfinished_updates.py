"""Checkpoint of an update in progress: resources taken for it, then its unsent replies.

Kept from authorization until the person has the reply, so that the next run can resume after a kill at any point.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from bot.store.messages.temporary_payloads import peek
from bot.store.tables.dialog import TemporaryPayload

# As long as an update id is kept in the inbox.
RETENTION = timedelta(days=2)
CHECKPOINT_PREFIX = "deed "
# Core statement, built once: run for every command, where ORM overhead dominates.
_PAYLOADS = TemporaryPayload.metadata.tables[TemporaryPayload.__tablename__]
_DELETE = delete(_PAYLOADS).where(_PAYLOADS.c.id == bindparam("deed"))

Checkpoint = dict[str, Any]


def write(session: Session, update_id: int, checkpoint: Checkpoint, now: datetime) -> None:
    """Insert or replace the checkpoint of an update."""
    session.merge(TemporaryPayload(id=_id(update_id), payload=checkpoint, expires_at=now + RETENTION))


def find(session: Session, update_id: int, now: datetime) -> Checkpoint:
    return peek(session, _id(update_id), now) or {}


def remove(session: Session, update_id: int) -> None:
    session.connection().execute(_DELETE, {"deed": _id(update_id)})


def updates(session: Session) -> set[int]:
    """Return the ids of updates with a checkpoint."""
    found = session.execute(select(TemporaryPayload.id).where(TemporaryPayload.id.startswith(CHECKPOINT_PREFIX)))
    return {int(payload_id.removeprefix(CHECKPOINT_PREFIX)) for payload_id in found.scalars()}


def _id(update_id: int) -> str:
    # Ids of temporary payloads are longer and contain no space.
    return f"{CHECKPOINT_PREFIX}{update_id}"
