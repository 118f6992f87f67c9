"""From transitions to facts that last: memories, incidents and owed messages, written in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot import metrics
from bot.access import Destination
from bot.alerts import memory as memories
from bot.alerts.machine import (
    Changed,
    Closed,
    Kind,
    Opened,
    StationMemory,
    SwitchedOff,
    Transition,
    TrunkMemory,
    Worsened,
)
from bot.chat.message import mark
from bot.store import outbox
from bot.store.database import Store
from bot.store.keyboards import new_keyboard
from bot.store.tables import Incident, Keyboard, Outgoing, WatchState

STATION = ""
TAKE = mark("✅ I'm on it")
LOUD = frozenset({Kind.TRUNK_DOWN, Kind.STATION})


class Taken(StrEnum):
    """How an attempt to take an incident ended."""

    TAKEN = "taken"
    ALREADY = "already taken"
    ENDED = "already over"
    UNKNOWN = "unknown"


class Ledger:
    """`destinations` are the chats that get alerts, asked anew each time; `wake` tells the courier."""

    def __init__(
        self,
        store: Store,
        station: str,
        destinations: Callable[[], Sequence[Destination]],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._station = station
        self._destinations = destinations
        self._wake = wake

    async def memories(self) -> tuple[StationMemory, dict[str, TrunkMemory]]:
        """What the machines remembered when the program last ran."""
        async with self._store.begin() as session:
            found = await session.execute(select(WatchState).where(WatchState.station == self._station))
            states = {row.subject: row.state for row in found.scalars()}
        metrics.INCIDENTS.labels(self._station).set(await self.open_count())
        station = memories.station_from(states.pop(STATION, None))
        return station, {subject: memories.trunk_from(state) for subject, state in states.items()}

    async def apply(
        self,
        changed: Mapping[str, StationMemory | TrunkMemory | None],
        transitions: Sequence[tuple[str, Transition, dict[str, Any]]],
        now: datetime,
    ) -> None:
        """One transaction: either all of it happened or nothing. None for a memory forgets it."""
        if not changed and not transitions:
            return
        async with self._store.begin() as session:
            for subject, memory in changed.items():
                await self._remember(session, subject, memory, now)
            for subject, transition, facts in transitions:
                await self._record(session, subject, transition, facts, now)
        if transitions:
            metrics.INCIDENTS.labels(self._station).set(await self.open_count())
            self._wake()

    async def open_count(self) -> int:
        """How many incidents of the station are open."""
        async with self._store.begin() as session:
            found = await session.execute(
                select(func.count())
                .select_from(Incident)
                .where(Incident.station == self._station, Incident.open_key.is_not(None))
            )
            return found.scalar_one()

    async def acknowledge(self, incident_id: int, person_id: int, person_name: str, now: datetime) -> Taken:
        """The first to take it has it; every copy of the alert then says who and when."""
        async with self._store.begin() as session:
            taken = await session.execute(
                update(Incident)
                .where(
                    Incident.id == incident_id,
                    Incident.station == self._station,
                    Incident.open_key.is_not(None),
                    Incident.acknowledged_at.is_(None),
                )
                .values(acknowledged_at=now, acknowledged_by=person_name[:128], acknowledged_by_id=person_id)
                .returning(Incident)
            )
            incident = taken.scalar_one_or_none()
            if incident is None:
                return _why_not(await session.get(Incident, incident_id))
            await self._edit_alerts(session, incident, now)
        self._wake()
        return Taken.TAKEN

    async def _remember(
        self, session: AsyncSession, subject: str, memory: StationMemory | TrunkMemory | None, now: datetime
    ) -> None:
        row = await session.get(WatchState, (self._station, subject))
        if memory is None:
            if row is not None:
                await session.delete(row)
        elif row is None:
            state = memories.written(memory)
            session.add(WatchState(station=self._station, subject=subject, state=state, updated_at=now))
        else:
            row.state, row.updated_at = memories.written(memory), now

    async def _record(
        self, session: AsyncSession, subject: str, transition: Transition, facts: dict[str, Any], now: datetime
    ) -> None:
        if isinstance(transition, SwitchedOff):
            self._owe_note(session, facts, now)
            return
        incident = await self._open_incident(session, subject)
        match transition:
            case Opened(kind, began_at):
                if incident is None:
                    incident = await self._open(session, subject, kind, began_at, facts, now)
                    self._owe_alerts(session, incident, now)
            case Worsened(kind, began_at) if incident is not None:
                await self._worsen(session, incident, kind, facts, now)
            case Changed() if incident is not None:
                incident.facts = facts
                await self._edit_alerts(session, incident, now)
            case Closed(reason, ended_at) if incident is not None:
                incident.open_key, incident.ended_at, incident.end_reason = None, ended_at, reason
                await self._edit_alerts(session, incident, now)
                await self._owe_answers(session, incident, now)

    async def _open_incident(self, session: AsyncSession, subject: str) -> Incident | None:
        found = await session.execute(select(Incident).where(Incident.open_key == self._key(subject)))
        return found.scalar_one_or_none()

    async def _open(
        self, session: AsyncSession, subject: str, kind: Kind, began_at: datetime, facts: dict[str, Any], now: datetime
    ) -> Incident:
        incident = Incident(
            station=self._station,
            subject=subject,
            open_key=self._key(subject),
            kind=kind,
            facts=facts,
            began_at=began_at,
            opened_at=now,
        )
        session.add(incident)
        await session.flush()
        return incident

    async def _worsen(
        self, session: AsyncSession, incident: Incident, kind: Kind, facts: dict[str, Any], now: datetime
    ) -> None:
        """The warning becomes the alert, with a sound of its own; whoever took the warning has not taken this."""
        incident.kind, incident.facts = kind, facts
        incident.acknowledged_at = incident.acknowledged_by = incident.acknowledged_by_id = None
        await self._edit_alerts(session, incident, now, superseded=True)
        self._owe_alerts(session, incident, now)

    def _owe_alerts(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        for to in self._destinations():
            outbox.owe(
                session,
                chat_id=to.chat,
                thread_id=to.thread,
                template="alert",
                facts=_shown(incident),
                now=now,
                keyboard=_take_button(to.chat, incident, now),
                incident_id=incident.id,
                silent=incident.kind not in LOUD,
            )

    async def _edit_alerts(
        self, session: AsyncSession, incident: Incident, now: datetime, *, superseded: bool = False
    ) -> None:
        button = incident.open_key is not None and incident.acknowledged_at is None and not superseded
        for alert in await self._alerts(session, incident):
            outbox.owe(
                session,
                action="edit",
                chat_id=alert.chat_id,
                thread_id=alert.thread_id,
                about=alert.id,
                template="alert",
                facts=_shown(incident) | {"superseded": superseded},
                now=now,
                keyboard=_take_button(alert.chat_id, incident, now) if button else None,
                incident_id=incident.id,
                silent=True,
            )

    async def _owe_answers(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        for alert in await self._alerts(session, incident):
            outbox.owe(
                session,
                chat_id=alert.chat_id,
                thread_id=alert.thread_id,
                about=alert.id,
                template="alert_over",
                facts=_shown(incident),
                now=now,
                incident_id=incident.id,
                silent=incident.kind not in LOUD,
            )

    async def _alerts(self, session: AsyncSession, incident: Incident) -> list[Outgoing]:
        """The newest alert of the incident in each chat."""
        await session.flush()
        newest = {(row.chat_id, row.thread_id): row for row in await outbox.sent_for_incident(session, incident.id)}
        return list(newest.values())

    def _owe_note(self, session: AsyncSession, facts: dict[str, Any], now: datetime) -> None:
        for to in self._destinations():
            outbox.owe(
                session,
                chat_id=to.chat,
                thread_id=to.thread,
                template="note_switched_off",
                facts=facts,
                now=now,
                silent=True,
            )

    def _key(self, subject: str) -> str:
        return f"{self._station}|{subject}"


def _take_button(chat_id: int, incident: Incident, now: datetime) -> Keyboard:
    rows = [[{"label": TAKE, "action": "incident.take", "data": {"incident": incident.id}}]]
    return new_keyboard(chat_id, rows, now=now)


def _shown(incident: Incident) -> dict[str, Any]:
    """The incident as a message shows it: plain JSON, a picture of this moment."""

    def written(moment: datetime | None) -> str | None:
        return moment.isoformat() if moment else None

    return incident.facts | {
        "kind": str(incident.kind),
        "began_at": written(incident.began_at),
        "opened_at": written(incident.opened_at),
        "taken_by": incident.acknowledged_by,
        "taken_at": written(incident.acknowledged_at),
        "ended_at": written(incident.ended_at),
        "end_reason": str(incident.end_reason) if incident.end_reason else None,
        "superseded": False,
    }


def _why_not(incident: Incident | None) -> Taken:
    if incident is None:
        return Taken.UNKNOWN
    return Taken.ALREADY if incident.open_key is not None else Taken.ENDED
