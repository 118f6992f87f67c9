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
from sqlalchemy.orm import Session

from bot.store.messages.outbox import QUEUED_STATES
from bot.store.tables.audit import AuditEntry
from bot.store.tables.base import Table
from bot.store.tables.calls import CallChat, CallSubscription, MissedCard, MissedGathering
from bot.store.tables.chats import ClosedChat, FloodWait
from bot.store.tables.dialog import QuestionRow, TemporaryPayload
from bot.store.tables.incidents import Incident, IncidentEvent, SilenceRow, WatchState
from bot.store.tables.messages import AlertMessage, Keyboard, Outgoing

ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
# Planned times are at most this far ahead; beyond it the clock that they were computed from is unknown.
MAX_PLANNED_AHEAD = timedelta(hours=1)
# The same limit for times in stored states.
MAX_STATE_AHEAD = timedelta(minutes=10)
# Buttons, questions and mutes live up to a day.
MAX_LIFETIME = timedelta(days=1)
PAST_COLUMNS = {
    Incident: ("began_at", "opened_at", "acknowledged_at"),
    IncidentEvent: ("at", "noted_at"),
    AlertMessage: ("opened_at", "joined_at", "closed_at"),
    WatchState: ("updated_at",),
    Outgoing: ("created_at", "tried_at"),
    ClosedChat: ("at",),
    CallSubscription: ("at", "read_until", "unread_since"),
    CallChat: ("hours_at", "remind_at"),
    MissedCard: ("claimed_at", "called_at", "told_at", "waits_since", "reminded_at"),
    MissedGathering: ("began_at", "told_at", "over_at", "reminded_at"),
    SilenceRow: ("begins_at",),
}
PLANNED_COLUMNS = {Incident: ("due_at", "warn_at"), Outgoing: ("not_before",)}
END_COLUMNS = {
    SilenceRow: "until",
    FloodWait: "until",
    Keyboard: "expires_at",
    QuestionRow: "expires_at",
    TemporaryPayload: "expires_at",
}
# Fact with a future time, computed from the incident's start.
FROM_START = "gives_up_at"


@dataclass(frozen=True, slots=True)
class ClockStep:
    """Step of the clock `by` that much at `now`; the machine booted at `booted_at`. Both before the step."""

    booted_at: datetime
    now: datetime
    by: timedelta

    def shift_past(self, moment: datetime) -> datetime:
        return moment + self.by if self.booted_at <= moment <= self.now else moment

    def shift_planned(self, moment: datetime, within: timedelta) -> datetime:
        return moment + self.by if self.booted_at <= moment <= self.now + within else moment

    def shift_nested(self, value: Any, *, start_shifted: bool = False) -> Any:
        """Return facts or a state with the times inside shifted."""
        match value:
            case dict():
                return {
                    key: inner if key == FROM_START and not start_shifted else self._shift_item(key, inner)
                    for key, inner in value.items()
                }
            case list():
                return [self.shift_nested(item) for item in value]
            case str() if ISO_TIME.match(value):
                return self._shift_text(value)
        return value

    def _shift_item(self, key: str, inner: Any) -> Any:
        if key == FROM_START and isinstance(inner, str):
            return (datetime.fromisoformat(inner) + self.by).isoformat()
        return self.shift_nested(inner)

    def _shift_text(self, value: str) -> str:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        # Without a zone the time is ambiguous.
        if moment.tzinfo is None or (shifted := self.shift_planned(moment, MAX_STATE_AHEAD)) == moment:
            return value
        return shifted.isoformat()


def newest_time(session: Session) -> datetime | None:
    """Return the newest time that an earlier run has written, the last its clock is known to have shown: at most a
    minute before it ended. None in an empty database."""
    found = [
        session.execute(query).scalar_one_or_none()
        for query in (
            select(func.max(WatchState.updated_at)),
            select(Outgoing.created_at).order_by(Outgoing.id.desc()).limit(1),
            select(AuditEntry.at).order_by(AuditEntry.id.desc()).limit(1),
        )
    ]
    return max((moment for moment in found if moment is not None), default=None)


def shift_times(session: Session, step: ClockStep) -> None:
    """Shift the times in the caller's session, so that all are shifted or none."""
    for table, where in _open_rows(step):
        for row in session.execute(select(table).where(*where)).scalars():
            _shift_row(row, step)


def _open_rows(step: ClockStep) -> Sequence[tuple[type[Table], Sequence[ColumnElement[bool]]]]:
    is_open = Incident.open_key.is_not(None)
    # Edits and alert messages that a closed chat missed are found by times before the chat's own, so they are shifted
    # with it.
    missed_alert_message = exists().where(
        ClosedChat.chat_id == AlertMessage.chat_id, ClosedChat.at <= AlertMessage.closed_at
    )
    missed_edit = and_(
        Outgoing.state == "dead",
        Outgoing.action == "edit",
        exists().where(ClosedChat.chat_id == Outgoing.chat_id, ClosedChat.at <= Outgoing.tried_at),
    )
    return (
        (IncidentEvent, [IncidentEvent.incident_id.in_(select(Incident.id).where(is_open))]),
        (Incident, [is_open]),
        (AlertMessage, [or_(AlertMessage.closed_at.is_(None), missed_alert_message)]),
        (WatchState, []),
        (Outgoing, [or_(Outgoing.state.in_((*QUEUED_STATES, "sending")), missed_edit)]),
        (ClosedChat, []),
        (CallSubscription, []),
        (CallChat, []),
        (MissedCard, [MissedCard.closed_at.is_(None)]),
        (MissedGathering, [MissedGathering.closed_at.is_(None)]),
        (SilenceRow, [SilenceRow.ended_at.is_(None), SilenceRow.repeats.is_(None)]),
        (FloodWait, [FloodWait.until > step.now]),
        (Keyboard, [Keyboard.expires_at > step.now]),
        (QuestionRow, [QuestionRow.expires_at > step.now]),
        (TemporaryPayload, [TemporaryPayload.expires_at > step.now]),
    )


def _shift_row(row: Table, step: ClockStep) -> None:
    kind = type(row)
    before = {name: getattr(row, name) for name in PAST_COLUMNS.get(kind, ())}
    for name, moment in before.items():
        if moment is not None:
            setattr(row, name, step.shift_past(moment))
    # Times of an incident that was shifted are computed from its start, however far ahead.
    ahead = MAX_LIFETIME if isinstance(row, Incident) and row.began_at != before["began_at"] else MAX_PLANNED_AHEAD
    for name in PLANNED_COLUMNS.get(kind, ()):
        if (moment := getattr(row, name)) is not None:
            setattr(row, name, step.shift_planned(moment, ahead))
    # A mute that began before the boot keeps its end.
    predates_boot = isinstance(row, SilenceRow) and row.begins_at == before["begins_at"]
    end = END_COLUMNS.get(kind)
    if end is not None and not predates_boot and (moment := getattr(row, end)) is not None:
        setattr(row, end, step.shift_planned(moment, MAX_LIFETIME))
    match row:
        case Incident():
            row.facts = step.shift_nested(row.facts, start_shifted=row.began_at != before["began_at"])
        case WatchState():
            row.state = step.shift_nested(row.state)
        case Outgoing():
            row.facts = step.shift_nested(row.facts)
