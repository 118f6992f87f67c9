"""Delete values encrypted with another token, which cannot be decrypted, and end the operations that need them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Text, cast, delete, select, tuple_, type_coerce, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.store.messages import outbox
from bot.store.oncall import calendars
from bot.store.sealing import SEALED, Unreadable, unseal
from bot.store.stations import imports
from bot.store.tables.base import Table
from bot.store.tables.dialog import Import, QuestionRow, TemporaryPayload
from bot.store.tables.messages import Outgoing, Received
from bot.store.tables.people import RotationRow


@dataclass(frozen=True, slots=True)
class UnreadableSecrets:
    """Counts by kind. `calendars`: stations and levels whose address must be given again."""

    drafts: int
    questions: int
    updates: int
    imports: int
    answers: int
    calendars: tuple[tuple[str, int], ...]

    def __bool__(self) -> bool:
        return bool(self.drafts or self.questions or self.updates or self.imports or self.answers or self.calendars)


def delete_unreadable(session: Session, now: datetime) -> UnreadableSecrets:
    """Delete in the caller's session; run once at the start, before any other session. With an unchanged token all
    values are readable."""
    drafts = _unreadable(session, TemporaryPayload, TemporaryPayload.payload)
    question_keys = _unreadable(session, QuestionRow, QuestionRow.data)
    updates = _unreadable(session, Received, Received.payload)
    import_keys = _unreadable(session, Import, Import.rows)
    answers = _unreadable(session, Outgoing, Outgoing.html)
    rotation_keys = _unreadable(session, RotationRow, RotationRow.source)
    session.execute(delete(TemporaryPayload).where(_key(TemporaryPayload).in_(drafts)))
    session.execute(delete(QuestionRow).where(_key(QuestionRow).in_(question_keys)))
    session.execute(update(Received).where(_key(Received).in_(updates)).values(payload={}, done_at=now))
    session.execute(update(Import).where(_key(Import).in_(import_keys)).values(state=imports.LAPSED, rows=[]))
    for (answer,) in answers:
        outbox.drop(session.get_one(Outgoing, answer), "sealed with another token")
    for station, level in rotation_keys:
        row = session.get_one(RotationRow, (station, level))
        row.source, row.calendar = None, {**(row.calendar or {}), "problem": calendars.UNREADABLE}
    calendar_keys = tuple((str(station), int(level)) for station, level in rotation_keys)
    return UnreadableSecrets(
        len(drafts), len(question_keys), len(updates), len(import_keys), len(answers), calendar_keys
    )


def _unreadable(session: Session, table: type[Table], column: InstrumentedAttribute[Any]) -> Sequence[tuple[Any, ...]]:
    """Return the keys of the unreadable rows."""
    stored = cast(type_coerce(column, JSON), Text)
    found = session.execute(select(*table.__mapper__.primary_key, stored).where(stored.like(f'"{SEALED}%')))
    return [tuple(key) for *key, sealed in found.all() if not _is_readable(json.loads(sealed))]


def _is_readable(sealed: str) -> bool:
    try:
        unseal(sealed)
    except Unreadable:
        return False
    return True


def _key(table: type[Table]) -> Any:
    return tuple_(*table.__mapper__.primary_key)
