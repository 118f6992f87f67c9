"""Search in the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from bot.store.access.denials import Denials
from bot.store.database import Database
from bot.store.tables.audit import AuditEntry, AuditOutcome


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Filter: all given fields must match. `until` is exclusive."""

    since: datetime | None = None
    until: datetime | None = None
    actor_id: int | None = None
    what: str = ""
    allowed: bool | None = None
    station: str | None = None

    def clauses(self) -> list[ColumnElement[bool]]:
        row, conditions = AuditEntry, list[ColumnElement[bool]]()
        if self.since is not None:
            conditions.append(row.at >= self.since)
        if self.until is not None:
            conditions.append(row.at < self.until)
        if self.actor_id is not None:
            conditions.append(row.actor_id == self.actor_id)
        if self.what:
            conditions.append(
                row.what.in_((self.what, f"/{self.what}"))
                | row.what.startswith(f"{self.what}.", autoescape=True)
                | row.what.startswith(f"/{self.what} ", autoescape=True)
            )
        if self.allowed is not None:
            conditions.append(row.allowed == self.allowed)
        if self.station is not None:
            conditions.append(row.station == self.station)
        return conditions


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Decision with its last outcome."""

    entry: AuditEntry
    outcome: AuditOutcome | None


class AuditReader:
    """Each search is a transaction, in which `newest` writes the counted `denials` first."""

    def __init__(self, database: Database, denials: Denials | None = None) -> None:
        self._database = database
        self._denials = denials

    async def count(self, criteria: AuditFilter) -> int:
        query = select(func.count()).select_from(AuditEntry).where(*criteria.clauses())
        return await self._database.run(lambda session: session.execute(query).scalar_one())

    async def newest(self, criteria: AuditFilter, limit: int, *, before: int | None = None) -> Sequence[AuditRow]:
        """Return rows, newest first; `before` is an exclusive row id."""
        latest = (
            select(func.max(AuditOutcome.id)).where(AuditOutcome.decision_id == AuditEntry.id).correlate(AuditEntry)
        ).scalar_subquery()
        query = (
            select(AuditEntry, AuditOutcome)
            .outerjoin(AuditOutcome, AuditOutcome.id == latest)
            .where(*criteria.clauses())
            .order_by(AuditEntry.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(AuditEntry.id < before)
        return await self._database.run(self._newest, query)

    async def find(self, entry_id: int) -> tuple[AuditEntry, Sequence[AuditOutcome]] | None:
        """Return a decision and its outcomes, oldest first."""
        return await self._database.run(_find, entry_id)

    def _newest(self, session: Session, query: Select[AuditEntry, AuditOutcome]) -> Sequence[AuditRow]:
        if self._denials is not None:
            self._denials.write(session)
        return [AuditRow(entry, outcome) for entry, outcome in session.execute(query).all()]


def _find(session: Session, entry_id: int) -> tuple[AuditEntry, Sequence[AuditOutcome]] | None:
    entry = session.get(AuditEntry, entry_id)
    if entry is None:
        return None
    outcomes = select(AuditOutcome).where(AuditOutcome.decision_id == entry_id).order_by(AuditOutcome.id)
    return entry, session.scalars(outcomes).all()
