"""Audit log of requests, decisions and outcomes. Append-only, enforced by triggers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.orm import Session

from bot.store.tables.audit import AuditEntry, AuditOutcome
from bot.store.typed_secrets import cut, names_secret, without_secrets

# Characters of input searched for secrets, and characters stored.
MAX_READ, MAX_STORED = 1024, 256
# Telegram retries an update for a day; ids jump after a week without updates.
REDELIVERY_WINDOW = timedelta(days=2)
# Core statements, built once: run for every decision, where the ORM's overhead is most of the cost.
_AUDIT = AuditEntry.metadata.tables[AuditEntry.__tablename__]
_OUTCOMES = AuditOutcome.metadata.tables[AuditOutcome.__tablename__]
_EARLIER = (
    select(
        _AUDIT.c.id,
        _AUDIT.c.at,
        _AUDIT.c.allowed,
        _AUDIT.c.reason,
        select(_OUTCOMES.c.id).where(_OUTCOMES.c.decision_id == _AUDIT.c.id).exists(),
    )
    .where(
        _AUDIT.c.update_id == bindparam("update_id"),
        _AUDIT.c.what == bindparam("what"),
        _AUDIT.c.at > bindparam("since"),
    )
    .order_by(_AUDIT.c.id)
    .limit(1)
)
_OPEN_DECISIONS = select(_AUDIT.c.id).where(
    _AUDIT.c.update_id == bindparam("update_id"),
    _AUDIT.c.at > bindparam("since"),
    _AUDIT.c.allowed,
    ~select(_OUTCOMES.c.id).where(_OUTCOMES.c.decision_id == _AUDIT.c.id).exists(),
)
_RECORD_DECISION = insert(_AUDIT).returning(_AUDIT.c.id)
_RECORD_OUTCOME = insert(_OUTCOMES)

# A decision as a row of its table.
NewAuditEntry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """Plain values before and after a write; None if absent."""

    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


NOTHING_CHANGED = Change()


@dataclass(frozen=True, slots=True)
class EarlierDecision:
    """Stored decision about an update."""

    id: int
    at: datetime
    allowed: bool
    reason: str
    is_finished: bool


def record_decision(session: Session, entry: NewAuditEntry) -> int:
    """Return the id of the new row."""
    row_id: int = session.connection().execute(_RECORD_DECISION, entry).scalar_one()
    return row_id


def record_outcome(session: Session, decision_id: int, outcome: str, change: Change, now: datetime) -> None:
    row = {
        "decision_id": decision_id,
        "at": now,
        "outcome": shortened(outcome, 128),
        "before": plain(change.before),
        "after": plain(change.after),
    }
    session.connection().execute(_RECORD_OUTCOME, row)


def earlier(session: Session, update_id: int, what: str, now: datetime) -> EarlierDecision | None:
    """Return the stored decision about an update that is retried."""
    found = session.connection().execute(
        _EARLIER, {"update_id": update_id, "what": shortened(what, 64), "since": now - REDELIVERY_WINDOW}
    )
    row = found.one_or_none()
    return EarlierDecision(*row) if row else None


def open_decisions(session: Session, update_id: int, now: datetime) -> Sequence[int]:
    """Return the ids of allowed decisions about the update that have no outcome."""
    found = session.execute(_OPEN_DECISIONS, {"update_id": update_id, "since": now - REDELIVERY_WINDOW})
    return found.scalars().all()


def newest(session: Session) -> int:
    """Return the id of the newest decision; 0 if there is none."""
    return session.execute(select(func.max(AuditEntry.id))).scalar_one() or 0


def shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plain(facts: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Convert to JSON values, without fields named like a secret."""
    if facts is None:
        return None
    return {key: _plain(value) for key, value in facts.items() if not names_secret(key)}


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case Mapping():
            return plain(value)
    return without_secrets(str(value))


def entry(
    *,
    at: datetime,
    update_id: int,
    actor_id: int,
    actor_name: str,
    chat_id: int,
    station: str,
    what: str,
    arguments: str,
    permission: str,
    allowed: bool,
    reason: str,
) -> NewAuditEntry:
    return {
        "at": at,
        "update_id": update_id,
        "actor_id": actor_id,
        "actor_name": shortened(actor_name, 128),
        "chat_id": chat_id,
        "station": station,
        "what": shortened(what, 64),
        "arguments": shortened(without_secrets(cut(arguments, MAX_READ)), MAX_STORED),
        "permission": permission,
        "allowed": allowed,
        "reason": shortened(reason, 64),
    }
