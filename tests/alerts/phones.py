"""Everybody's phone on simulated time: messages arrive in the moment they are owed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.chat.hygiene import plain
from bot.chat.render import Renderer
from bot.store import outbox
from bot.store.database import Store
from bot.store.tables import Outgoing
from tests.alerts.station import Clock

RENDERER = Renderer("en")


@dataclass(frozen=True)
class Heard:
    """A message as it arrived, in its newest state."""

    at: datetime
    chat: int
    loud: bool
    text: str
    template: str
    facts: Mapping[str, Any]
    row: int


class Phones:
    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo) -> None:
        self.store = store
        self.clock = clock
        self.zone = zone
        self.heard: list[Heard] = []
        self.edits = 0
        self.message_id = 0

    async def deliver(self) -> None:
        async with self.store.begin() as session:
            due = await session.execute(
                select(Outgoing)
                .where(Outgoing.state.in_(outbox.WAITING), Outgoing.not_before <= self.clock.now)
                .order_by(Outgoing.action == "edit", Outgoing.id)
            )
            for row in due.scalars().all():
                if row.action == "send":
                    self.message_id += 1
                    self.heard.append(self._arrived(row))
                else:
                    self.edits += 1
                    self._edited(row)
                await outbox.mark_sent(session, row.id, self.message_id, self.clock.now)

    def _arrived(self, row: Outgoing) -> Heard:
        return Heard(self.clock.now, row.chat_id, not row.silent, self._text(row), row.template, row.facts, row.id)

    def _edited(self, row: Outgoing) -> None:
        place = next(place for place, heard in enumerate(self.heard) if heard.row == row.about)
        before = self.heard[place]
        self.heard[place] = Heard(
            before.at, before.chat, before.loud, self._text(row), row.template, row.facts, before.row
        )

    def _text(self, row: Outgoing) -> str:
        return plain(RENDERER.text(row.template, row.facts, zone=self.zone, now=self.clock.now))

    def pages(self, chat: int) -> list[Heard]:
        """What made a sound because something is wrong."""
        return [one for one in self.heard if one.chat == chat and one.loud and one.template == "alert"]
