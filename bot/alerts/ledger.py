"""From transitions to facts that last: memories, incidents, their chains, what is owed to people – together."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot import metrics
from bot.alerts import chain, cliff, rehearsal
from bot.alerts.incident import (
    STATION,
    Changed,
    Closed,
    Eased,
    End,
    Happened,
    Kind,
    Missed,
    Opened,
    SwitchedOff,
    WasBlind,
    Worsened,
)
from bot.alerts.notices import Notices
from bot.store.database import Store
from bot.store.tables import Incident, WatchState

log = structlog.get_logger(__name__)

# One transaction does not hold up the others for longer than this many incidents take.
AT_ONCE = 50
AGAIN_AFTER = timedelta(minutes=1)

State = dict[str, Any]
# What is no incident, and told quietly.
NOTES = {SwitchedOff: "note_switched_off", WasBlind: "note_blind"}


class Taken(StrEnum):
    """How an attempt to take an incident ended."""

    TAKEN = "taken"
    ALREADY = "already taken"
    ENDED = "already over"
    UNKNOWN = "unknown"


class Ledger:
    """The incidents of one station. `wake` tells the courier that something is owed."""

    def __init__(self, store: Store, station: str, notices: Notices, wake: Callable[[], None]) -> None:
        self._store = store
        self._station = station
        self._notices = notices
        self._wake = wake

    async def remembered(self) -> dict[str, State]:
        """What the machines remembered when the program last ran, by subject."""
        async with self._store.begin() as session:
            found = await session.execute(select(WatchState).where(WatchState.station == self._station))
            states = {row.subject: row.state for row in found.scalars()}
        metrics.INCIDENTS.labels(self._station).set(await self.open_count())
        return states

    async def apply(self, changed: Mapping[str, State | None], happened: Sequence[Happened], now: datetime) -> None:
        """All of it or nothing. None for a memory forgets it."""
        if not changed and not happened:
            return
        async with self._store.begin() as session:
            for subject, state in changed.items():
                await self._remember(session, subject, state, now)
            for one in happened:
                await self._record(session, one, now)
        if happened:
            metrics.INCIDENTS.labels(self._station).set(await self.open_count())
            self._wake()

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
            self._wake()
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
            for incident in await self._all_open(session):
                await self._notices.hold_if_silenced(session, incident, now)
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
            chain.note(session, incident, "taken", now, by=person_name[:128], by_id=person_id)
            await self._notices.taken(session, incident, now)
        self._wake()
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
        self._wake()
        return Taken.TAKEN

    async def undelivered(self, message: int, now: datetime) -> None:
        """What told somebody of an incident can never reach them: whoever comes next is asked at once."""
        async with self._store.begin() as session:
            await self._notices.undelivered(session, message, now)

    async def _remember(self, session: AsyncSession, subject: str, state: State | None, now: datetime) -> None:
        row = await session.get(WatchState, (self._station, subject))
        if state is None:
            if row is not None:
                await session.delete(row)
        elif row is None:
            session.add(WatchState(station=self._station, subject=subject, state=state, updated_at=now))
        else:
            row.state, row.updated_at = state, now

    async def _record(self, session: AsyncSession, one: Happened, now: datetime) -> None:
        if (template := NOTES.get(type(one.transition))) is not None:
            await self._notices.note(session, template, one.facts | {"station": self._station}, now)
            return
        incident = await self._open_incident(session, one.subject)
        if incident is not None:
            incident.version += 1
        match one.transition:
            case Opened(kind, began_at):
                if incident is None:
                    incident = await self._open(session, one, kind, began_at, now)
                    await self._notices.advance(session, incident, now)
            case Worsened(kind, began_at) if incident is not None:
                await self._worsen(session, incident, kind, one.facts, began_at, now)
            case Eased(kind) if incident is not None:
                incident.kind, incident.facts, incident.due_at = kind, incident.facts | one.facts, None
                _set_cliff(incident, now)
                chain.note(session, incident, "eased", now, kind=str(kind))
                await self._notices.changed(session, incident, now)
            case Changed() if incident is not None:
                await self._change(session, incident, one.facts, now)
            case Closed(reason, ended_at) if incident is not None:
                await self._close(session, incident, str(reason), ended_at, now)
            case Missed(began_at, ended_at) if incident is None:
                await self._write_down(session, one, began_at, ended_at, now)

    async def _open(
        self, session: AsyncSession, one: Happened, kind: Kind, began_at: datetime, now: datetime
    ) -> Incident:
        incident = Incident(
            station=self._station,
            subject=one.subject,
            open_key=self._key(one.subject),
            kind=kind,
            facts=one.facts,
            began_at=began_at,
            opened_at=now,
            step=0,
            held_by="",
            version=0,
        )
        _set_cliff(incident, now)
        session.add(incident)
        await session.flush()
        shown = {name: one.facts[name] for name in ("cause", "trouble", "row") if name in one.facts}
        chain.note(session, incident, "opened", began_at, noted_at=now, kind=str(kind), **shown)
        return incident

    async def _write_down(
        self, session: AsyncSession, one: Happened, began_at: datetime, ended_at: datetime, now: datetime
    ) -> None:
        """For the history: nobody is told of it by itself."""
        incident = Incident(
            station=self._station,
            subject=one.subject,
            kind=Kind.TRUNK_DOWN,
            facts=one.facts,
            began_at=began_at,
            opened_at=now,
            ended_at=ended_at,
            end_reason=End.RECOVERED,
            step=0,
            held_by="",
            version=0,
        )
        session.add(incident)
        await session.flush()
        chain.note(session, incident, "opened", began_at, noted_at=now, kind=str(Kind.TRUNK_DOWN), cause=None)
        chain.note(session, incident, "ended", ended_at, noted_at=now, reason=str(End.RECOVERED))

    async def _worsen(
        self,
        session: AsyncSession,
        incident: Incident,
        kind: Kind,
        facts: dict[str, Any],
        began_at: datetime,
        now: datetime,
    ) -> None:
        """The warning becomes the alert, told anew; whoever took the warning has not taken this."""
        incident.kind, incident.facts = kind, incident.facts | facts
        incident.acknowledged_at = incident.acknowledged_by = incident.acknowledged_by_id = None
        chain.note(session, incident, "worsened", began_at, noted_at=now, kind=str(kind), cause=facts.get("cause"))
        _set_cliff(incident, now)
        await self._notices.supersede(session, incident, now)
        await self._notices.advance(session, incident, now)

    async def _change(self, session: AsyncSession, incident: Incident, facts: dict[str, Any], now: datetime) -> None:
        before, incident.facts = incident.facts, incident.facts | facts
        if facts.get("cause") != before.get("cause"):
            chain.note(session, incident, "cause", now, cause=facts.get("cause"))
        elif facts.get("trouble") != before.get("trouble"):
            chain.note(session, incident, "changed", now, trouble=facts.get("trouble"), row=facts.get("row"))
        elif incident.kind == Kind.TRUNK_FLAPPING:
            chain.note(session, incident, "changed", now, flaps=facts.get("flaps"))
        if facts.get("gives_up_at") != before.get("gives_up_at"):
            _set_cliff(incident, now)
        await self._notices.changed(session, incident, now)

    async def _close(
        self, session: AsyncSession, incident: Incident, reason: str, ended_at: datetime, now: datetime
    ) -> None:
        incident.open_key, incident.ended_at, incident.end_reason = None, ended_at, reason
        incident.due_at = incident.warn_at = None
        chain.note(session, incident, "ended", ended_at, noted_at=now, reason=reason)
        await self._notices.ended(session, incident, now)
        if incident.subject == STATION:
            for held in await self._all_open(session):
                if held.held_by == "station":
                    held.due_at = now

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
        if incident.kind == Kind.REHEARSAL and (over := rehearsal.over(incident, now)) is not None:
            await self._close(session, incident, str(over.reason), over.ended_at, now)
            return
        if incident.warn_at is not None and incident.warn_at <= now:
            incident.warn_at = None
            await self._notices.warn_of_cliff(session, incident, now)
        if incident.due_at is not None and incident.due_at <= now:
            await self._notices.advance(session, incident, now)

    async def _open_incident(self, session: AsyncSession, subject: str) -> Incident | None:
        found = await session.execute(select(Incident).where(Incident.open_key == self._key(subject)))
        return found.scalar_one_or_none()

    async def _all_open(self, session: AsyncSession) -> Sequence[Incident]:
        found = await session.execute(
            select(Incident)
            .where(Incident.station == self._station, Incident.open_key.is_not(None))
            .order_by(Incident.id)
        )
        return found.scalars().all()

    def _key(self, subject: str) -> str:
        return f"{self._station}|{subject}"


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


def _set_cliff(incident: Incident, now: datetime) -> None:
    """When to warn that the PBX gives the trunk up; another cause can move it."""
    written = incident.facts.get("gives_up_at")
    if written is None or incident.kind != Kind.TRUNK_DOWN:
        incident.warn_at = None
        return
    warn_at = datetime.fromisoformat(written) - cliff.WARN_BEFORE
    # Later than that the alert itself says so.
    incident.warn_at = warn_at if warn_at > now else None


def _why_not(incident: Incident | None) -> Taken:
    if incident is None:
        return Taken.UNKNOWN
    return Taken.ALREADY if incident.open_key is not None else Taken.ENDED
