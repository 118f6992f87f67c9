"""Hours in which a chat is told of calls: its own, or those outside the quiet hours of the person or of the night."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from bot.calls import hours
from bot.config.working_hours import WorkingHours, read_hours
from bot.store.database import Database, Session
from bot.store.oncall.reachability import quiet_hours
from bot.store.stations import call_chats
from bot.store.tables.calls import CallChat


class HoursSource(StrEnum):
    CHAT = "chat"
    PERSON = "person"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class ChatHours:
    """Hours of a chat, who set them, and its reminder; with each since when."""

    hours: WorkingHours
    source: HoursSource
    hours_at: datetime | None
    remind_after: timedelta | None
    remind_at: datetime | None

    @property
    def follows_pbx(self) -> bool:
        """Return True if the PBX's after-hours greeting counts as closed, too."""
        return self.source is not HoursSource.CHAT

    def opened_at(self, at: datetime, zone: tzinfo) -> datetime | None:
        return hours.opened_at(self.hours, at, zone)


class HoursOfChats:
    """Hours and reminders of all chats. Each method is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, station: str, chat_id: int) -> ChatHours:
        return await self._database.run(of, station, chat_id)

    async def set_hours(self, station: str, chat_id: int, hours: WorkingHours | None, now: datetime) -> None:
        """Set the hours of the chat; None brings the default back."""
        await self._database.run(call_chats.set_hours, station, chat_id, str(hours) if hours else None, now)

    async def set_reminder(self, station: str, chat_id: int, after: timedelta | None, now: datetime) -> None:
        """Remind the chat of callers that it is told of from now on; None ends it."""
        await self._database.run(call_chats.set_reminder, station, chat_id, after, now)


def of(session: Session, station: str, chat_id: int) -> ChatHours:
    """Return what holds in the chat."""
    chat = call_chats.of(session, station, chat_id)
    remind_after = timedelta(seconds=chat.remind_after) if chat.remind_after is not None else None
    found, source = _hours(session, chat)
    return ChatHours(found, source, chat.hours_at, remind_after, chat.remind_at)


def _hours(session: Session, chat: CallChat) -> tuple[WorkingHours, HoursSource]:
    if chat.hours is not None:
        return read_hours(chat.hours), HoursSource.CHAT
    # The id of a private chat is the person's.
    quiet = quiet_hours(session, chat.chat_id) if chat.chat_id > 0 else None
    return (hours.BY_DAY, HoursSource.DEFAULT) if quiet is None else (hours.outside(quiet), HoursSource.PERSON)
