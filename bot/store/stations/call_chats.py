"""Hours and reminders of the chats that are told of missed calls. Returned rows belong to the caller's session."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.store.tables.calls import CallChat


def of(session: Session, station: str, chat_id: int) -> CallChat:
    """Return the row of the chat, or one of defaults that is not stored."""
    return session.get(CallChat, (station, chat_id)) or CallChat(station=station, chat_id=chat_id)


def set_hours(session: Session, station: str, chat_id: int, hours: str | None, now: datetime) -> None:
    """Set the hours as `WorkingHours` are written; None brings the default back."""
    row = of(session, station, chat_id)
    row.hours, row.hours_at = hours, now
    session.add(row)


def set_reminder(session: Session, station: str, chat_id: int, after: timedelta | None, now: datetime) -> None:
    """Remind the chat of callers that are told from now on; None ends it."""
    row = of(session, station, chat_id)
    if after is None:
        row.remind_after = row.remind_at = None
    else:
        row.remind_after, row.remind_at = int(after.total_seconds()), row.remind_at or now
    session.add(row)
