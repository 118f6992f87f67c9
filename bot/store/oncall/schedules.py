"""On-call schedules set in chat. Notifications of a change are queued in its transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from bot.oncall.roster import Roster
from bot.oncall.rotation import Rotation
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.messages.notices import Notice, enqueue_notices
from bot.store.oncall import calendars, reachability, rosters
from bot.store.oncall.calendars import StoredCalendar
from bot.store.oncall.reachability import QuietHours, Reachability
from bot.store.tables.people import OverrideRow, RotationRow

# States of an override: made by one person alone, or a swap before and after its answer.
ACTIVE, ASKED, AGREED, REFUSED, CANCELLED = "stands", "asked", "agreed", "refused", "cancelled"
IN_EFFECT = (ACTIVE, AGREED)


@dataclass(frozen=True, slots=True)
class ShiftChange:
    level: int
    person: int
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class StoredChange:
    """Stored override and its author."""

    id: int
    change: ShiftChange
    by: int
    state: str


class SwapResult(StrEnum):
    AGREED = "agreed"
    REFUSED = "refused"
    # Withdrawn or already answered.
    SETTLED = "settled"
    # The shifts are over or belong to another person now.
    CHANGED = "changed"


class OnCallSchedules:
    """Schedules of all stations. Methods that take no session are transactions; `changed` is called with the station
    after the commit of a change of duties."""

    def __init__(self, database: Database, clock: Clock, changed: Signal) -> None:
        self._database = database
        self._clock = clock
        self._changed = changed

    async def roster(self, station: str) -> Roster:
        return await self._database.run(self.roster_in, station)

    def roster_in(self, session: Session, station: str) -> Roster:
        return rosters.read(session, station, self._clock(), IN_EFFECT)

    async def stations(self) -> set[str]:
        """Return stations with a rotation, a calendar, or an override that is not over."""
        return await self._database.run(rosters.stations, self._clock())

    async def set_rotation(self, station: str, rotation: Rotation, by: str, notices: Sequence[Notice] = ()) -> None:
        """Replace the rotation or calendar of that level; overrides are kept."""
        row = RotationRow(
            station=station,
            level=rotation.level,
            people=list(rotation.people),
            shift=rosters.stored_shift(rotation.shift),
            calendar=None,
            source=None,
            changed_at=self._clock(),
            changed_by=by[:128],
        )
        await self._database.run(self._set_rotation, row, notices)
        self._changed.send(station)

    async def set_calendar(
        self, station: str, stored_calendar: StoredCalendar, by: str, notices: Sequence[Notice] = ()
    ) -> None:
        await self._database.run(self._set_calendar, station, stored_calendar, by, notices)
        self._changed.send(station)

    async def remove(self, station: str, level: int) -> bool:
        """Remove the level and cancel its overrides. False if there was none."""
        removed = await self._database.run(_remove, station, level, self._clock())
        self._changed.send(station)
        return removed

    async def override(
        self, station: str, change: ShiftChange, by: tuple[int, str], notices: Sequence[Notice] = ()
    ) -> int:
        """Take over a shift, or give it away; in effect at once."""
        added = await self._database.run(self._override, station, change, by, notices)
        self._changed.send(station)
        return added

    async def request_swap(
        self, station: str, changes: Sequence[ShiftChange], by: tuple[int, str], question: Callable[[list[int]], Notice]
    ) -> None:
        """Request a swap; it takes effect when the other person agrees."""
        await self._database.run(self._request_swap, station, changes, by, question)
        self._changed.send(station)

    async def answer_swap(
        self,
        station: str,
        ids: Sequence[int],
        other: int,
        *,
        agrees: bool,
        notices: Mapping[SwapResult, Sequence[Notice]],
    ) -> SwapResult:
        """Answer a swap as `other`. All shifts are swapped or none, and only if they still belong to the two people."""
        result = await self._database.run(self._answer_swap, station, ids, other, agrees=agrees, notices=notices)
        if result is not SwapResult.SETTLED:
            self._changed.send(station)
        return result

    async def made_by(self, station: str, person: int) -> list[StoredChange]:
        """Return overrides that the person can cancel alone; agreed swaps are left out."""
        current = (*_cancellable(station, person), OverrideRow.ends_at > self._clock())
        query = select(OverrideRow).where(*current).order_by(OverrideRow.id)
        return [_stored_change(row) for row in await self._database.run(lambda session: session.scalars(query).all())]

    async def cancel(self, station: str, ids: Sequence[int], person: int, notices: Sequence[Notice] = ()) -> bool:
        """Cancel the person's overrides; False if there are none left."""
        cancelled = await self._database.run(self._cancel, station, ids, person, notices)
        self._changed.send(station)
        return cancelled

    async def calendars(self, station: str) -> list[StoredCalendar]:
        return await self._database.run(calendars.of_station, station)

    async def replace_calendar(
        self, station: str, old: StoredCalendar, new: StoredCalendar, notices: Sequence[Notice] = ()
    ) -> bool:
        """Replace the calendar; False if it was changed or removed meanwhile."""
        replaced = await self._database.run(self._replace_calendar, station, old, new, notices)
        self._changed.send(station)
        return replaced

    async def store_reachability(self, person: int, *, reachable: bool, warnings: Sequence[Notice]) -> None:
        """Store the result of a reachability check, and queue the warnings as notifications in the same transaction."""
        await self._database.run(self._store_reachability, person, reachable, warnings)

    async def reachability_of(self, people: Sequence[int]) -> Mapping[int, Reachability]:
        return await self._database.run(reachability.known, people)

    def quiet_hours(self, session: Session, person: int) -> QuietHours | None:
        return reachability.quiet_hours(session, person)

    async def quiet_hours_of(self, person: int) -> QuietHours | None:
        return await self._database.run(reachability.quiet_hours, person)

    async def set_quiet_hours(self, person: int, hours: QuietHours | None) -> None:
        await self._database.run(reachability.set_quiet_hours, person, hours)

    def _set_rotation(self, session: Session, row: RotationRow, notices: Sequence[Notice]) -> None:
        session.merge(row)
        reachability.schedule_check(session, row.people)
        enqueue_notices(session, self._clock(), notices)

    def _set_calendar(
        self, session: Session, station: str, stored_calendar: StoredCalendar, by: str, notices: Sequence[Notice]
    ) -> None:
        calendars.set_calendar(session, station, stored_calendar, by, self._clock())
        reachability.schedule_check(session, {duty.person for duty in stored_calendar.calendar.duties})
        enqueue_notices(session, self._clock(), notices)

    def _replace_calendar(
        self, session: Session, station: str, old: StoredCalendar, new: StoredCalendar, notices: Sequence[Notice]
    ) -> bool:
        if not calendars.replace_calendar(session, station, old, new):
            return False
        added = {duty.person for duty in new.calendar.duties} - {duty.person for duty in old.calendar.duties}
        reachability.schedule_check(session, added)
        enqueue_notices(session, self._clock(), notices)
        return True

    def _override(
        self, session: Session, station: str, change: ShiftChange, by: tuple[int, str], notices: Sequence[Notice]
    ) -> int:
        added = self._add(session, station, change, by, ACTIVE)
        enqueue_notices(session, self._clock(), notices)
        return added

    def _request_swap(
        self,
        session: Session,
        station: str,
        changes: Sequence[ShiftChange],
        by: tuple[int, str],
        question: Callable[[list[int]], Notice],
    ) -> None:
        ids = [self._add(session, station, change, by, ASKED) for change in changes]
        enqueue_notices(session, self._clock(), [question(ids)])

    def _answer_swap(
        self,
        session: Session,
        station: str,
        ids: Sequence[int],
        other: int,
        *,
        agrees: bool,
        notices: Mapping[SwapResult, Sequence[Notice]],
    ) -> SwapResult:
        query = select(OverrideRow).where(OverrideRow.station == station, OverrideRow.id.in_(ids))
        rows = [row for row in session.scalars(query.order_by(OverrideRow.id)) if row.state == ASKED]
        if len(rows) < len(ids):
            return SwapResult.SETTLED
        roster, now = self.roster_in(session, station), self._clock()
        if not agrees:
            result = SwapResult.REFUSED
        elif all(_still_has(roster, row, other if row.person_id == row.by_id else row.by_id, now) for row in rows):
            result = SwapResult.AGREED
        else:
            result = SwapResult.CHANGED
        for row in rows:
            row.state = CANCELLED if result is SwapResult.CHANGED else str(result)
        if result is SwapResult.AGREED:
            reachability.schedule_check(session, {row.person_id for row in rows})
        enqueue_notices(session, now, notices.get(result, ()))
        return result

    def _cancel(
        self, session: Session, station: str, ids: Sequence[int], person: int, notices: Sequence[Notice]
    ) -> bool:
        overrides = update(OverrideRow).where(*_cancellable(station, person), OverrideRow.id.in_(ids))
        cancelled = session.scalars(overrides.values(state=CANCELLED).returning(OverrideRow.id)).all()
        if cancelled:
            enqueue_notices(session, self._clock(), notices)
        return bool(cancelled)

    def _store_reachability(self, session: Session, person: int, reachable: bool, warnings: Sequence[Notice]) -> None:
        reachability.store_check(session, person, self._clock(), reachable=reachable, warned=bool(warnings))
        enqueue_notices(session, self._clock(), warnings)

    def _add(self, session: Session, station: str, change: ShiftChange, by: tuple[int, str], state: str) -> int:
        row = OverrideRow(
            station=station,
            level=change.level,
            person_id=change.person,
            begins_at=change.begins,
            ends_at=change.ends,
            state=state,
            by_id=by[0],
            by_name=by[1][:128],
            made_at=self._clock(),
        )
        session.add(row)
        session.flush()
        if state in IN_EFFECT:
            reachability.schedule_check(session, [change.person])
        return row.id


def _remove(session: Session, station: str, level: int, now: datetime) -> bool:
    of_level = (RotationRow.station == station, RotationRow.level == level)
    current = (OverrideRow.station == station, OverrideRow.level == level, OverrideRow.ends_at > now)
    removed = session.scalars(delete(RotationRow).where(*of_level).returning(RotationRow.level)).all()
    overrides = update(OverrideRow).where(*current, OverrideRow.state.in_((*IN_EFFECT, ASKED)))
    cancelled = session.scalars(overrides.values(state=CANCELLED).returning(OverrideRow.id)).all()
    return bool(removed or cancelled)


def _cancellable(station: str, person: int) -> tuple[ColumnElement[bool], ...]:
    return OverrideRow.station == station, OverrideRow.by_id == person, OverrideRow.state.in_((ACTIVE, ASKED))


def _stored_change(row: OverrideRow) -> StoredChange:
    return StoredChange(row.id, ShiftChange(row.level, row.person_id, row.begins_at, row.ends_at), row.by_id, row.state)


def _still_has(roster: Roster, row: OverrideRow, person: int, now: datetime) -> bool:
    """Return True if the rest of the shift belongs entirely to that person."""
    begins = max(now, row.begins_at)
    remaining = roster.shifts(row.level, begins, row.ends_at)
    return (
        begins < row.ends_at
        and not roster.gaps(row.level, begins, row.ends_at)
        and all(duty.person == person for duty in remaining)
    )
