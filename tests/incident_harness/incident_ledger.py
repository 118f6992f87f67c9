"""Incident manager of one station with a real database: tests report changes and read the outbox."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.access.policy import BUILT_IN, Destination, Grant
from bot.app.wiring.stations import build_incidents
from bot.engine.incident_manager import IncidentManager
from bot.engine.last_seen import LastSeenWriter
from bot.incidents.model import End, Kind, Opened, Resolved, StateChange, Transition
from bot.messages.renderer import Renderer
from bot.messages.sanitize import plain
from bot.runtime.waiting import Signal
from bot.store.access.contacts import Contact, record
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.messages import blocked_chats, outbox
from bot.store.tables.incidents import Incident, IncidentEvent
from bot.store.tables.messages import Outgoing
from tests.incident_harness.pbx import GROUP, NAMES, PAGED_ONCE, STATION, ZONE, Book
from tests.incident_harness.station import START
from tests.incident_harness.wiring import SilentSender, shared_services, station_settings

RENDERERS = {language: Renderer(language) for language in ("en", "ru")}
FORUM = Destination(-200, 7)
TRUNK: dict[str, Any] = {
    "trunk": "Zadarma",
    "host": "sip.zadarma.com",
    "type": "sip",
    "state": "rejected",
    "cause": "no_answer",
    "remaining": 2,
    "of": 3,
}


class ManagerHarness:
    """`now` changes only by assignment. No person is on call unless `on_call` names one."""

    def __init__(self, database: Database, chats: Sequence[Destination] = (Destination(GROUP),)) -> None:
        self.database = database
        self.now = START
        self.woken = 0
        self.page_again_every = PAGED_ONCE
        self.last_seen = LastSeenWriter(database)
        self.chats = list(chats)
        self.newest: dict[int, int] = {}
        self.on_call: Any = Book(levels=[])
        self.grants = Grants(database, self.clock, [Grant(one, "admin") for one in NAMES], BUILT_IN, Signal())
        self.incident_manager = self.another_incident_manager()

    def another_incident_manager(self) -> IncidentManager:
        """Return a second incident manager over the same database."""
        shared = shared_services(
            self.database,
            self.clock,
            grants=self.grants,
            oncall=self.on_call,
            sender=SilentSender(self.newest.get),
            step_due=Signal(self._wake),
            last_seen=self.last_seen,
        )
        settings = station_settings(STATION, tuple(self.chats), page_again_every=self.page_again_every)
        incidents = build_incidents(settings, shared, lambda: ZONE)
        self.people, self.fallback = incidents.people, incidents.fallback
        return incidents.manager

    def clock(self) -> datetime:
        return self.now

    async def cannot_be_delivered(self, row: int, reason: str = "Forbidden: bot was blocked by the user") -> str | None:
        """Handle an undeliverable message as the delivery worker does; returns the fallback recipient."""
        with self.database.begin() as session:
            message = session.get_one(Outgoing, row)
            if blocked_chats.close(session, message.chat_id, reason, self.now):
                self.fallback.report_blocked_chat(session, message.chat_id, reason, self.now)
                self.fallback.on_chat_blocked(session, message.chat_id, self.now)
            instead = self.fallback.on_undeliverable(session, message, self.now)
            outbox.dead_letter(session, row, reason, instead)
        return instead

    def _wake(self) -> None:
        self.woken += 1

    async def meets_everybody(self) -> None:
        with self.database.begin() as session:
            for person, name in NAMES.items():
                record(session, Contact(person, name, name.lower()))

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def happens(self, transition: Transition, subject: str = "t1", /, **facts: Any) -> None:
        await self.incident_manager.record({}, [StateChange(subject, transition, TRUNK | facts)], self.now)

    async def opens(self, subject: str = "t1", kind: Kind = Kind.TRUNK_DOWN, **facts: Any) -> int:
        """Open an incident that began 40 s ago; returns its id."""
        await self.happens(Opened(kind, self.now - timedelta(seconds=40)), subject, **facts)
        return (await self.incidents())[-1].id

    async def ends(self, subject: str = "t1", reason: End = End.RECOVERED) -> None:
        await self.happens(Resolved(reason, self.now), subject)

    async def tick(self) -> None:
        while await self.incident_manager.tick(self.now):
            pass

    async def incidents(self) -> list[Incident]:
        with self.database.begin() as session:
            return list(session.execute(select(Incident).order_by(Incident.id)).scalars())

    async def incident(self) -> Incident:
        (one,) = await self.incidents()
        return one

    async def chain(self) -> list[IncidentEvent]:
        with self.database.begin() as session:
            return list(session.execute(select(IncidentEvent).order_by(IncidentEvent.id)).scalars())

    async def owed(self, *, since: int = 0) -> list[Outgoing]:
        """Return all rows of the outbox after the row `since`, delivered ones included."""
        with self.database.begin() as session:
            query = select(Outgoing).where(Outgoing.id > since).order_by(Outgoing.id)
            return list(session.execute(query).scalars())

    async def alerts(self, chat: int = GROUP) -> list[Outgoing]:
        """Return the messages to a chat, without edits and replies."""
        return [row for row in await self.owed() if row.chat_id == chat and row.action == "send" and row.about is None]

    async def arrives(self, message_id: int = 1) -> int:
        """Deliver all due messages; returns the newest row of the outbox."""
        rows = await self.owed()
        with self.database.begin() as session:
            for row in rows:
                if row.state in outbox.QUEUED_STATES and row.not_before <= self.now:
                    outbox.mark_sent(session, row.id, message_id, self.now)
        return rows[-1].id if rows else 0


def read(row: Outgoing, language: str = "en", now: datetime = START) -> str:
    return plain(RENDERERS[language].text(row.template, row.facts, zone=ZONE, now=now))
