"""From transitions to facts that last: memories, incidents, their chains, what is owed to people – together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import bindparam, delete, func, or_, select, union, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.engine.incident_lifecycle import Life
from bot.engine.last_seen import Recency
from bot.incidents import drill, timeline
from bot.incidents.model import End, Happened, Kind
from bot.notifications.notifier import Notices
from bot.runtime import metrics
from bot.runtime.signals import Signal
from bot.store.database import Store
from bot.store.tables.incidents import Incident, WatchState

log = structlog.get_logger(__name__)

# One transaction does not hold up the others for longer than this many incidents take.
AT_ONCE = 50
AGAIN_AFTER = timedelta(minutes=1)
# Built once: run for every change, and building one costs more than running it.
_MEMORIES = WatchState.metadata.tables[WatchState.__tablename__]
_FORGET = delete(_MEMORIES).where(
    _MEMORIES.c.station == bindparam("of"), _MEMORIES.c.subject.in_(bindparam("about", expanding=True))
)
_new = insert(_MEMORIES)
_REMEMBER = _new.on_conflict_do_update(
    index_elements=[_MEMORIES.c.station, _MEMORIES.c.subject],
    set_={"state": _new.excluded.state, "updated_at": _new.excluded.updated_at},
)
_OPEN_COUNT = (
    select(func.count())
    .select_from(Incident)
    .where(Incident.station == bindparam("of"), Incident.open_key.is_not(None), Incident.kind != str(Kind.REHEARSAL))
)

State = dict[str, Any]


class Taken(StrEnum):
    """How an attempt to take an incident ended."""

    TAKEN = "taken"
    ALREADY = "already taken"
    ENDED = "already over"
    UNKNOWN = "unknown"


class Ledger:
    """The incidents of one station. `wake` tells the courier that something is owed."""

    def __init__(self, store: Store, station: str, notices: Notices, wake: Signal, recency: Recency) -> None:
        self._store = store
        self._station = station
        self._notices = notices
        self._life = Life(station, notices)
        self._wake = wake
        self._recency = recency

    async def remembered(self) -> dict[str, State]:
        """What the machines remembered when the program last ran, by subject."""
        async with self._store.begin_in_line() as session:
            found = await session.execute(select(WatchState).where(WatchState.station == self._station))
            states = {row.subject: row.state for row in found.scalars()}
            metrics.INCIDENTS.labels(self._station).set(await self._open_count(session))
        return states

    def note_look(self, subject: str, state: State, now: datetime) -> None:
        """Nothing has changed in a stored memory but when it was last looked at: that may be stored a little later."""
        self._recency.note(self._station, subject, state, now)

    async def apply(self, changed: Mapping[str, State | None], happened: Sequence[Happened], now: datetime) -> None:
        """All of it or nothing. None for a memory forgets it."""
        if not changed and not happened:
            return
        async with self._store.begin_in_line() as session:
            await self._remember(session, changed, now)
            for one in happened:
                await self._life.happens(session, one, now)
            if happened:
                metrics.INCIDENTS.labels(self._station).set(await self._open_count(session))
        if happened:
            self._wake.send()

    async def tick(self, now: datetime) -> bool:
        """Do what is due now; True when there was something. Whatever was due while nobody looked is done once."""
        async with self._store.begin() as session:
            due = await session.execute(
                select(Incident)
                .where(
                    Incident.station == self._station,
                    Incident.open_key.is_not(None),
                    or_(Incident.due_at <= now, Incident.warn_at <= now),
                )
                .order_by(Incident.id)
                .limit(AT_ONCE)
            )
            incidents = due.scalars().all()
            for incident in incidents:
                await self._do_or_put_off(session, incident, now)
        if incidents:
            self._wake.send()
        return bool(incidents)

    async def reconsider(self, now: datetime) -> None:
        """Something that holds incidents back has begun or ended: each is looked at again."""
        async with self._store.begin() as session:
            await session.execute(
                update(Incident)
                .where(
                    Incident.station == self._station,
                    Incident.open_key.is_not(None),
                    or_(Incident.held_by != "", Incident.step == 0),
                )
                .values(due_at=now)
            )
            for incident in await self._life.all_open(session):
                await self._notices.reconsider(session, incident, now)
        self._wake.send()

    async def abandon(self, now: datetime) -> int:
        """Nobody watches the station any more: its incidents end, how many that is, and what is known of it is
        forgotten."""
        async with self._store.begin() as session:
            await session.execute(delete(WatchState).where(WatchState.station == self._station))
            left = await self._life.all_open(session)
            for incident in left:
                await self._life.end(session, incident, str(End.UNWATCHED), now, now)
        metrics.INCIDENTS.labels(self._station).set(0)
        self._wake.send()
        return len(left)

    async def open_count(self) -> int:
        """How many incidents of the station are open, a rehearsal apart."""
        async with self._store.begin() as session:
            return await self._open_count(session)

    async def _open_count(self, session: AsyncSession) -> int:
        return (await session.execute(_OPEN_COUNT, {"of": self._station})).scalar_one()

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
                .values(
                    acknowledged_at=now,
                    acknowledged_by=person_name[:128],
                    acknowledged_by_id=person_id,
                    version=Incident.version + 1,
                )
                .returning(Incident)
            )
            incident = taken.scalar_one_or_none()
            if incident is None:
                return _why_not(await session.get(Incident, incident_id))
            timeline.note(session, incident, "taken", now, by=person_name[:128], by_id=person_id)
            await self._notices.taken(session, incident, now)
        self._wake.send()
        return Taken.TAKEN

    async def take_all(self, card_id: int, person_id: int, person_name: str, now: datetime) -> int:
        """Everything on a card that nobody has taken; how many that were."""
        async with self._store.begin() as session:
            ids = await self._notices.untaken_on(session, card_id, self._station)
        results = [await self.acknowledge(number, person_id, person_name, now) for number in ids]
        return results.count(Taken.TAKEN)

    async def hand_over(self, incident_id: int, to: int, by: str, now: datetime) -> Taken:
        """Give it to somebody else, who is told in private and has it once they take it; until then it goes on
        escalating, so that nothing is left lying between two people."""
        async with self._store.begin() as session:
            incident = await session.get(Incident, incident_id)
            if incident is None or incident.station != self._station:
                return Taken.UNKNOWN
            if incident.open_key is None:
                return Taken.ENDED
            incident.acknowledged_at = incident.acknowledged_by = incident.acknowledged_by_id = None
            incident.version += 1
            await self._notices.handed_over(session, incident, to, by, now)
        self._wake.send()
        return Taken.TAKEN

    async def _remember(self, session: AsyncSession, changed: Mapping[str, State | None], now: datetime) -> None:
        for subject in changed:
            self._recency.outdated(self._station, subject)
        rows = [
            {"station": self._station, "subject": subject, "state": state, "updated_at": now}
            for subject, state in changed.items()
            if state is not None
        ]
        if rows:
            await session.execute(_REMEMBER, rows)
        if gone := [subject for subject, state in changed.items() if state is None]:
            await session.execute(_FORGET, {"of": self._station, "about": gone})

    async def _do_or_put_off(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        """One that cannot be done must not hold up the others."""
        number = incident.id
        try:
            async with session.begin_nested():
                if await _claim(session, incident):
                    await self._do_what_is_due(session, incident, now)
        except Exception:
            log.exception("what is due for an incident could not be done; it is tried again", incident=number)
            for due in (Incident.due_at, Incident.warn_at):
                late = update(Incident).where(Incident.id == number, due <= now)
                await session.execute(late.values({due: now + AGAIN_AFTER}))

    async def _do_what_is_due(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        if incident.kind == Kind.REHEARSAL and (over := drill.over(incident, now)) is not None:
            await self._life.end(session, incident, str(over.reason), over.ended_at, now)
            return
        if incident.warn_at is not None and incident.warn_at <= now:
            incident.warn_at = None
            await self._notices.warn_of_cliff(session, incident, now)
        if incident.due_at is not None and incident.due_at <= now:
            await self._notices.advance(session, incident, now)


async def stations_left(store: Store) -> Sequence[str]:
    """Of which something is open or known."""
    open_of = select(Incident.station).where(Incident.open_key.is_not(None))
    async with store.begin() as session:
        return (await session.execute(union(open_of, select(WatchState.station)))).scalars().all()


async def remembered_everywhere(store: Store) -> dict[str, dict[str, State]]:
    """What the machines of all stations remembered, by station and subject: one question instead of one for each."""
    states: dict[str, dict[str, State]] = defaultdict(dict)
    async with store.begin() as session:
        for row in (await session.execute(select(WatchState.station, WatchState.subject, WatchState.state))).all():
            states[row.station][row.subject] = row.state
        by_station = select(Incident.station, func.count()).where(Incident.open_key.is_not(None))
        for station, count in (await session.execute(by_station.group_by(Incident.station))).all():
            metrics.INCIDENTS.labels(station).set(count)
    return states


async def _claim(session: AsyncSession, incident: Incident) -> bool:
    """Whoever decided from an older state of the incident decides nothing."""
    claimed = await session.execute(
        update(Incident)
        .where(Incident.id == incident.id, Incident.version == incident.version)
        .values(version=incident.version + 1)
        .returning(Incident.id)
        .execution_options(synchronize_session=False)
    )
    if claimed.scalar_one_or_none() is None:
        return False
    await session.refresh(incident)
    return True


def _why_not(incident: Incident | None) -> Taken:
    if incident is None:
        return Taken.UNKNOWN
    return Taken.ALREADY if incident.open_key is not None else Taken.ENDED
