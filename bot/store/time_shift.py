"""Shift the stored times of open objects after a step of the system clock.

Durations must not change: an outage of ten minutes lasts ten minutes. Closed objects keep their times as shown to
people, and so do times written before the machine's boot.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.messages.outbox import WAITING
from bot.store.tables.audit import AuditEntry
from bot.store.tables.base import Table
from bot.store.tables.chats import ChatHold, ClosedChat
from bot.store.tables.dialog import QuestionRow, TemporaryPayload
from bot.store.tables.incidents import Incident, IncidentEvent, SilenceRow, WatchState
from bot.store.tables.messages import AlertMessage, Keyboard, Outgoing

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
# Planned times are at most this far ahead; beyond it the clock that they were computed from is unknown.
PLANNED = timedelta(hours=1)
# The same limit for times in stored states.
REMEMBERED_AHEAD = timedelta(minutes=10)
# Buttons, questions and mutes live up to a day.
LIVES = timedelta(days=1)
PAST = {
    Incident: ("began_at", "opened_at", "acknowledged_at"),
    IncidentEvent: ("at", "noted_at"),
    AlertMessage: ("opened_at", "joined_at", "closed_at"),
    WatchState: ("updated_at",),
    Outgoing: ("created_at", "tried_at"),
    ClosedChat: ("at",),
    SilenceRow: ("begins_at",),
}
PLANS = {Incident: ("due_at", "warn_at"), Outgoing: ("not_before",)}
ENDS = {
    SilenceRow: "until",
    ChatHold: "until",
    Keyboard: "expires_at",
    QuestionRow: "expires_at",
    TemporaryPayload: "expires_at",
}
# Fact with a future time, computed from the incident's start.
FROM_BEGINNING = "gives_up_at"


@dataclass(frozen=True, slots=True)
class ClockSetting:
    """Step of the clock `by` that much at `now`; the machine booted at `began`. Both in the time before the step."""

    began: datetime
    now: datetime
    by: timedelta

    def past(self, moment: datetime) -> datetime:
        return moment + self.by if self.began <= moment <= self.now else moment

    def plan(self, moment: datetime, within: timedelta) -> datetime:
        return moment + self.by if self.began <= moment <= self.now + within else moment

    def inside(self, value: Any, *, began: bool = False) -> Any:
        """Return facts or a state with the times inside shifted."""
        match value:
            case dict():
                return {
                    key: inner if key == FROM_BEGINNING and not began else self._one(key, inner)
                    for key, inner in value.items()
                }
            case list():
                return [self.inside(one) for one in value]
            case str() if MOMENT.match(value):
                return self._text(value)
        return value

    def _one(self, key: str, inner: Any) -> Any:
        if key == FROM_BEGINNING and isinstance(inner, str):
            return (datetime.fromisoformat(inner) + self.by).isoformat()
        return self.inside(inner)

    def _text(self, value: str) -> str:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        # Without a zone the time is ambiguous.
        if moment.tzinfo is None or (moved := self.plan(moment, REMEMBERED_AHEAD)) == moment:
            return value
        return moved.isoformat()


async def newest_time(session: AsyncSession) -> datetime | None:
    """Return the newest time that an earlier run has written, the last its clock is known to have shown: at most a
    minute before it ended. None in an empty database."""
    found = [
        (await session.execute(asked)).scalar_one_or_none()
        for asked in (
            select(func.max(WatchState.updated_at)),
            select(Outgoing.created_at).order_by(Outgoing.id.desc()).limit(1),
            select(AuditEntry.at).order_by(AuditEntry.id.desc()).limit(1),
        )
    ]
    return max((moment for moment in found if moment is not None), default=None)


async def move(session: AsyncSession, setting: ClockSetting) -> None:
    """Shift the times in the caller's session, so that all are shifted or none."""
    for table, where in _open(setting):
        for row in (await session.execute(select(table).where(*where))).scalars():
            _move(row, setting)


def _open(setting: ClockSetting) -> Sequence[tuple[type[Table], Sequence[ColumnElement[bool]]]]:
    open_now = Incident.open_key.is_not(None)
    # Edits and alert messages that a closed chat missed are found by times before the chat's own, so they are shifted
    # with it.
    missed_card = exists().where(ClosedChat.chat_id == AlertMessage.chat_id, ClosedChat.at <= AlertMessage.closed_at)
    missed_edit = and_(
        Outgoing.state == "dead",
        Outgoing.action == "edit",
        exists().where(ClosedChat.chat_id == Outgoing.chat_id, ClosedChat.at <= Outgoing.tried_at),
    )
    return (
        (IncidentEvent, [IncidentEvent.incident_id.in_(select(Incident.id).where(open_now))]),
        (Incident, [open_now]),
        (AlertMessage, [or_(AlertMessage.closed_at.is_(None), missed_card)]),
        (WatchState, []),
        (Outgoing, [or_(Outgoing.state.in_((*WAITING, "sending")), missed_edit)]),
        (ClosedChat, []),
        (SilenceRow, [SilenceRow.ended_at.is_(None), SilenceRow.repeats.is_(None)]),
        (ChatHold, [ChatHold.until > setting.now]),
        (Keyboard, [Keyboard.expires_at > setting.now]),
        (QuestionRow, [QuestionRow.expires_at > setting.now]),
        (TemporaryPayload, [TemporaryPayload.expires_at > setting.now]),
    )


def _move(row: Table, setting: ClockSetting) -> None:
    kind = type(row)
    before = {name: getattr(row, name) for name in PAST.get(kind, ())}
    for name, moment in before.items():
        if moment is not None:
            setattr(row, name, setting.past(moment))
    # Times of an incident that was shifted are computed from its start, however far ahead.
    ahead = LIVES if isinstance(row, Incident) and row.began_at != before["began_at"] else PLANNED
    for name in PLANS.get(kind, ()):
        if (moment := getattr(row, name)) is not None:
            setattr(row, name, setting.plan(moment, ahead))
    # A mute that began before the boot keeps its end.
    was_there = isinstance(row, SilenceRow) and row.begins_at == before["begins_at"]
    end = ENDS.get(kind)
    if end is not None and not was_there and (moment := getattr(row, end)) is not None:
        setattr(row, end, setting.plan(moment, LIVES))
    match row:
        case Incident():
            row.facts = setting.inside(row.facts, began=row.began_at != before["began_at"])
        case WatchState():
            row.state = setting.inside(row.state)
        case Outgoing():
            row.facts = setting.inside(row.facts)
