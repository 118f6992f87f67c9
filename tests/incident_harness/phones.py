"""Phones of all recipients on simulated time: messages arrive at the moment that they are due."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.messages.renderer import Renderer
from bot.messages.sanitize import plain
from bot.store.database import Database
from bot.store.messages import outbox
from bot.store.tables.messages import Outgoing
from tests.incident_harness.station import Clock

RENDERER = Renderer("en")


@dataclass(frozen=True)
class DeliveredMessage:
    """Message that arrived with the facts `first`, in its latest version of `shown_at`."""

    at: datetime
    chat: int
    loud: bool
    template: str
    facts: Mapping[str, Any]
    row: int
    shown_at: datetime
    zone: ZoneInfo
    first: Mapping[str, Any]

    @cached_property
    def text(self) -> str:
        """Rendered on access: most messages are only counted."""
        return plain(RENDERER.text(self.template, self.facts, zone=self.zone, now=self.shown_at))


class Phones:
    def __init__(self, database: Database, clock: Clock, zone: ZoneInfo) -> None:
        self.database = database
        self.clock = clock
        self.zone = zone
        self.heard: list[DeliveredMessage] = []
        self.edits = 0
        self.message_id = 0
        # Closed chats, with the text of Telegram's error.
        self.shut: dict[int, str] = {}

    async def deliver(self) -> None:
        with self.database.begin() as session:
            self.deliver_in(session)

    def deliver_in(self, session: Session) -> None:
        due = session.execute(
            select(Outgoing)
            .where(Outgoing.state.in_(outbox.QUEUED_STATES), Outgoing.not_before <= self.clock.now)
            .order_by(Outgoing.action == "edit", Outgoing.id)
        )
        for row in due.scalars().all():
            if row.chat_id in self.shut:
                row.tried_at = self.clock.now
                self.refused(session, row, self.shut[row.chat_id])
                continue
            if row.action == "send":
                self.message_id += 1
                self.heard.append(self._arrived(row))
            else:
                self.edits += 1
                self._edited(row)
            outbox.mark_sent(session, row.id, self.message_id, self.clock.now)

    def refused(self, session: Session, row: Outgoing, reason: str) -> None:
        raise NotImplementedError

    def _arrived(self, row: Outgoing) -> DeliveredMessage:
        now, loud = self.clock.now, not row.silent
        return DeliveredMessage(now, row.chat_id, loud, row.template, row.facts, row.id, now, self.zone, row.facts)

    def _edited(self, row: Outgoing) -> None:
        place = next(place for place, heard in enumerate(self.heard) if heard.row == row.about)
        now = self.clock.now
        self.heard[place] = replace(self.heard[place], template=row.template, facts=row.facts, shown_at=now)

    def pages(self, chat: int) -> list[DeliveredMessage]:
        """Return the alerts that made a sound."""
        return [one for one in self.heard if one.chat == chat and one.loud and one.template == "alert"]
