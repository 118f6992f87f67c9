"""On-call schedules set in chat. Notifications of a change are queued in its session."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.oncall.roster import Roster
from bot.oncall.rotation import Rotation
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.database import Store
from bot.store.messages.notices import Notice, enqueue_notices
from bot.store.oncall import calendars, reachability, rosters
from bot.store.oncall.calendars import KeptCalendar
from bot.store.oncall.reachability import QuietHours, Reachability
from bot.store.tables.people import OverrideRow, RotationRow

# States of an override: made by one person alone, or a swap before and after its answer.
STANDS, ASKED, AGREED, REFUSED, CANCELLED = "stands", "asked", "agreed", "refused", "cancelled"
COUNT = (STANDS, AGREED)


@dataclass(frozen=True, slots=True)
class ShiftChange:
    level: int
    person: int
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class MadeChange:
    """Stored override and its author."""

    id: int
    leg: ShiftChange
    by: int
    state: str


class SwapResult(StrEnum):
    AGREED = "agreed"
    REFUSED = "refused"
    # Withdrawn or already answered.
    SETTLED = "settled"
    # The shifts are over or belong to another person now.
    CHANGED = "changed"


class OnCallBook:
    """Schedules of all stations. Methods that take no session open one; `changed` is called with the station after the
    commit of a change of duties."""

    def __init__(self, store: Store, clock: Clock, changed: Signal) -> None:
        self._store = store
        self._clock = clock
        self._changed = changed

    async def roster(self, station: str) -> Roster:
        async with self._store.begin() as session:
            return await self.roster_in(session, station)

    async def roster_in(self, session: AsyncSession, station: str) -> Roster:
        return await rosters.read(session, station, self._clock(), COUNT)

    async def stations(self) -> set[str]:
        """Return stations with a rotation, a calendar, or an override that is not over."""
        async with self._store.begin() as session:
            return await rosters.stations(session, self._clock())

    async def set_rotation(self, station: str, rotation: Rotation, by: str, news: Sequence[Notice] = ()) -> None:
        """Replace the rotation or calendar of that level; overrides are kept."""
        async with self._store.begin() as session:
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
            await session.merge(row)
            await reachability.check_anew(session, rotation.people)
            enqueue_notices(session, self._clock(), news)
        self._changed.send(station)

    async def keep_calendar(self, station: str, kept: KeptCalendar, by: str, news: Sequence[Notice] = ()) -> None:
        async with self._store.begin() as session:
            await calendars.keep(session, station, kept, by, self._clock())
            await reachability.check_anew(session, {duty.person for duty in kept.calendar.duties})
            enqueue_notices(session, self._clock(), news)
        self._changed.send(station)

    async def remove(self, station: str, level: int) -> bool:
        """Remove the level and cancel its overrides. False if there was none."""
        there = (RotationRow.station == station, RotationRow.level == level)
        over = (OverrideRow.station == station, OverrideRow.level == level, OverrideRow.ends_at > self._clock())
        async with self._store.begin() as session:
            removed = await session.execute(delete(RotationRow).where(*there).returning(RotationRow.level))
            ended = await session.execute(
                update(OverrideRow)
                .where(*over, OverrideRow.state.in_((*COUNT, ASKED)))
                .values(state=CANCELLED)
                .returning(OverrideRow.id)
            )
            found = bool(removed.scalars().all()) | bool(ended.scalars().all())
        self._changed.send(station)
        return found

    async def override(self, station: str, leg: ShiftChange, by: tuple[int, str], news: Sequence[Notice] = ()) -> int:
        """Take over a shift, or give it away; in effect at once."""
        async with self._store.begin() as session:
            row = await self._add(session, station, leg, by, STANDS)
            enqueue_notices(session, self._clock(), news)
        self._changed.send(station)
        return row

    async def ask_swap(
        self, station: str, legs: Sequence[ShiftChange], by: tuple[int, str], question: Callable[[list[int]], Notice]
    ) -> None:
        """Request a swap; it takes effect when the other person agrees."""
        async with self._store.begin() as session:
            asked = [await self._add(session, station, leg, by, ASKED) for leg in legs]
            enqueue_notices(session, self._clock(), [question(asked)])
        self._changed.send(station)

    async def answer_swap(
        self, station: str, ids: Sequence[int], other: int, *, agrees: bool, news: Mapping[SwapResult, Sequence[Notice]]
    ) -> SwapResult:
        """Answer a swap as `other`. All shifts are swapped or none, and only if they still belong to the two people."""
        async with self._store.begin() as session:
            found = await session.execute(
                select(OverrideRow)
                .where(OverrideRow.station == station, OverrideRow.id.in_(ids))
                .order_by(OverrideRow.id)
            )
            rows = [row for row in found.scalars() if row.state == ASKED]
            if len(rows) < len(ids):
                return SwapResult.SETTLED
            roster, now = await self.roster_in(session, station), self._clock()
            if not agrees:
                result = SwapResult.REFUSED
            elif all(_still_has(roster, row, other if row.person_id == row.by_id else row.by_id, now) for row in rows):
                result = SwapResult.AGREED
            else:
                result = SwapResult.CHANGED
            for row in rows:
                row.state = CANCELLED if result is SwapResult.CHANGED else str(result)
            if result is SwapResult.AGREED:
                await reachability.check_anew(session, {row.person_id for row in rows})
            enqueue_notices(session, self._clock(), news.get(result, ()))
        self._changed.send(station)
        return result

    async def made_by(self, station: str, person: int) -> list[MadeChange]:
        """Return overrides that the person can cancel alone; agreed swaps are left out."""
        async with self._store.begin() as session:
            found = await session.execute(
                select(OverrideRow)
                .where(
                    OverrideRow.station == station,
                    OverrideRow.by_id == person,
                    OverrideRow.ends_at > self._clock(),
                    OverrideRow.state.in_((STANDS, ASKED)),
                )
                .order_by(OverrideRow.id)
            )
            return [_made(row) for row in found.scalars()]

    async def cancel(self, station: str, ids: Sequence[int], person: int, news: Sequence[Notice] = ()) -> bool:
        """Cancel the person's overrides; False if there are none left."""
        async with self._store.begin() as session:
            found = await session.execute(
                update(OverrideRow)
                .where(
                    OverrideRow.station == station,
                    OverrideRow.id.in_(ids),
                    OverrideRow.by_id == person,
                    OverrideRow.state.in_((STANDS, ASKED)),
                )
                .values(state=CANCELLED)
                .returning(OverrideRow.id)
            )
            cancelled = bool(found.scalars().all())
            if cancelled:
                enqueue_notices(session, self._clock(), news)
        self._changed.send(station)
        return cancelled

    async def calendars(self, station: str) -> list[KeptCalendar]:
        async with self._store.begin() as session:
            return await calendars.of_station(session, station)

    async def renew_calendar(
        self, station: str, old: KeptCalendar, new: KeptCalendar, news: Sequence[Notice] = ()
    ) -> bool:
        """Replace the calendar; False if it was changed or removed meanwhile."""
        async with self._store.begin() as session:
            renewed = await calendars.renew(session, station, old, new)
            if renewed:
                came = {duty.person for duty in new.calendar.duties} - {duty.person for duty in old.calendar.duties}
                await reachability.check_anew(session, came)
                enqueue_notices(session, self._clock(), news)
        self._changed.send(station)
        return renewed

    async def note_reach(self, person: int, *, reachable: bool, warnings: Sequence[Notice]) -> None:
        """Store the result of a reachability check, and queue the warnings as notifications in the same session."""
        async with self._store.begin() as session:
            await reachability.note(session, person, self._clock(), reachable=reachable, warned=bool(warnings))
            enqueue_notices(session, self._clock(), warnings)

    async def reach(self, people: Sequence[int]) -> Mapping[int, Reachability]:
        async with self._store.begin() as session:
            return await reachability.known(session, people)

    async def quiet_hours(self, session: AsyncSession, person: int) -> QuietHours | None:
        return await reachability.quiet_hours(session, person)

    async def quiet_hours_of(self, person: int) -> QuietHours | None:
        async with self._store.begin() as session:
            return await reachability.quiet_hours(session, person)

    async def set_quiet_hours(self, person: int, hours: QuietHours | None) -> None:
        async with self._store.begin() as session:
            await reachability.set_quiet_hours(session, person, hours)

    async def _add(self, session: AsyncSession, station: str, leg: ShiftChange, by: tuple[int, str], state: str) -> int:
        row = OverrideRow(
            station=station,
            level=leg.level,
            person_id=leg.person,
            begins_at=leg.begins,
            ends_at=leg.ends,
            state=state,
            by_id=by[0],
            by_name=by[1][:128],
            made_at=self._clock(),
        )
        session.add(row)
        await session.flush()
        if state in COUNT:
            await reachability.check_anew(session, [leg.person])
        return row.id


def _made(row: OverrideRow) -> MadeChange:
    return MadeChange(row.id, ShiftChange(row.level, row.person_id, row.begins_at, row.ends_at), row.by_id, row.state)


def _still_has(roster: Roster, row: OverrideRow, holder: int, now: datetime) -> bool:
    """Return True if the rest of the shift belongs entirely to that person."""
    begins = max(now, row.begins_at)
    left = roster.shifts(row.level, begins, row.ends_at)
    return (
        begins < row.ends_at
        and not roster.gaps(row.level, begins, row.ends_at)
        and all(duty.person == holder for duty in left)
    )
