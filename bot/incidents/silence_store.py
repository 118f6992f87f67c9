"""Mutes and maintenance windows as they are kept: added, taken away, and read for every decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import delete, func, null, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.policy import EVERY_STATION
from bot.incidents.model import OUTAGES, Kind
from bot.incidents.silence import (
    EVERYTHING,
    LONGEST_OF_EVERYTHING,
    Silence,
    SilenceKind,
    Weekly,
    ends,
    in_force,
    is_over,
)
from bot.runtime.clock import Clock
from bot.runtime.signals import Signal
from bot.store.database import Store
from bot.store.stations import incidents
from bot.store.tables.incidents import SilenceRow
from bot.store.typed_secrets import without_passwords

REASON_LIMIT = 256


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants held back, and why."""

    station: str
    subject: str
    name: str
    by_id: int
    by_name: str
    reason: str = ""


class Silences:
    """Of all stations. `changed` is told of which one after every change that a person made: alerts may be due now, or
    no longer."""

    def __init__(self, store: Store, clock: Clock, changed: Signal) -> None:
        self._store = store
        self._clock = clock
        self._changed = changed

    async def mute(self, wish: Wish, now: datetime, until: datetime | None) -> Silence:
        """From now on, without `until` until the subject has recovered. It takes the place of an older mute of the same
        subject."""
        async with self._store.begin() as session:
            for older in await _rows(session, wish.station):
                same = older.kind == SilenceKind.MUTE and older.subject == wish.subject
                if same and not is_over(_silence(older), now):
                    older.ended_at, older.ended_by = now, wish.by_name[:128]
            row = _row(wish, SilenceKind.MUTE, now, until)
            session.add(row)
        self._changed.send(wish.station)
        return _silence(row)

    async def plan(
        self, wish: Wish, begins_at: datetime, until: datetime | None = None, repeats: Weekly | None = None
    ) -> Silence:
        """A maintenance window, once until `until`, or every week until it is taken away."""
        row = _row(wish, SilenceKind.MAINTENANCE, begins_at, until, repeats)
        async with self._store.begin() as session:
            session.add(row)
        self._changed.send(wish.station)
        return _silence(row)

    async def take_away(self, station: str, silence_id: int, by_name: str) -> Silence | None:
        """What it was; None when it is over already."""
        now = self._clock()
        async with self._store.begin() as session:
            row = await _unended(session, station, silence_id, now)
            if row is None:
                return None
            before = _silence(row)
            row.ended_at, row.ended_by = now, by_name[:128]
        self._changed.send(station)
        return before

    async def end_this_time(self, station: str, silence_id: int, by_name: str) -> Silence | None:
        """End a window that is in force; one that repeats comes again as planned. None when it is not in force."""
        now = self._clock()
        async with self._store.begin() as session:
            row = await _unended(session, station, silence_id, now)
            if row is None or not in_force(_silence(row), now):
                return None
            again = _again(row, ends(_silence(row), now))
            row.ended_at, row.ended_by = now, by_name[:128]
            if again is not None:
                session.add(again)
        self._changed.send(station)
        return _silence(again or row)

    async def give_reason(self, station: str, silence_id: int, reason: str) -> Silence | None:
        """None when it is over already."""
        async with self._store.begin() as session:
            row = await _unended(session, station, silence_id, self._clock())
            if row is None:
                return None
            row.reason = without_passwords(reason)[:REASON_LIMIT]
        self._changed.send(station)
        return _silence(row)

    async def current(self, station: str) -> list[Silence]:
        """What is in force, or will be: in the order in which it was made."""
        now = self._clock()
        async with self._store.begin() as session:
            return [silence for silence in await current_in(session, station) if not is_over(silence, now)]


async def current_in(session: AsyncSession, station: str) -> list[Silence]:
    """What nobody has ended, and concerns the station: its own, and what holds back all stations. Whether it is in
    force is a question of the time: see bot.incidents.silence."""
    rows = await _rows(session, station)
    return [_silence(row) for row in (rows if station == EVERY_STATION else [*rows, *await _of_all(session)])]


async def end_until_recovery(session: AsyncSession, station: str, subject: str, now: datetime) -> None:
    """A subject has recovered, and its incident is closed: what lasted until then ends. Everything has recovered when
    no outage of the station is open any more; of all stations, when none of any is."""
    for row in {row.id: row for row in [*await _rows(session, station), *await _of_all(session)]}.values():
        if not _silence(row).until_recovery:
            continue
        own = row.station == station and row.subject == subject
        if own or (row.subject == EVERYTHING and not await _outage_is_open(session, row.station)):
            row.ended_at = now


async def forget_old(session: AsyncSession, before: datetime) -> None:
    """What had ended before that moment. The newest of each station stays: its number would be given again."""
    of_everything = (SilenceRow.subject == EVERYTHING) & SilenceRow.repeats.is_(null()) & SilenceRow.until.is_(None)
    await session.execute(
        delete(SilenceRow).where(
            SilenceRow.id.not_in(select(func.max(SilenceRow.id)).group_by(SilenceRow.station)),
            or_(
                SilenceRow.ended_at <= before,
                SilenceRow.until <= before,
                of_everything & (SilenceRow.begins_at <= before - LONGEST_OF_EVERYTHING),
            ),
        )
    )


async def _outage_is_open(session: AsyncSession, station: str) -> bool:
    """At the station, or at any of all."""
    real = OUTAGES - {Kind.REHEARSAL}
    everywhere = station == EVERY_STATION
    found = await (incidents.open_at_all(session) if everywhere else incidents.open_in(session, station))
    return any(incident.kind in real for incident in found)


async def _of_all(session: AsyncSession) -> Sequence[SilenceRow]:
    """What holds back everything at every station, those that come later too."""
    return [row for row in await _rows(session, EVERY_STATION) if row.subject == EVERYTHING]


async def _rows(session: AsyncSession, station: str) -> Sequence[SilenceRow]:
    unended = select(SilenceRow).where(SilenceRow.station == station, SilenceRow.ended_at.is_(None))
    return (await session.execute(unended.order_by(SilenceRow.id))).scalars().all()


async def _unended(session: AsyncSession, station: str, silence_id: int, now: datetime) -> SilenceRow | None:
    row = await session.get(SilenceRow, silence_id)
    return row if row is not None and row.station == station and not is_over(_silence(row), now) else None


def _row(
    wish: Wish, kind: SilenceKind, begins_at: datetime, until: datetime | None, repeats: Weekly | None = None
) -> SilenceRow:
    return SilenceRow(
        station=wish.station,
        kind=kind,
        subject=wish.subject,
        name=wish.name[:128],
        reason=without_passwords(wish.reason)[:REASON_LIMIT],
        by_id=wish.by_id,
        by_name=wish.by_name[:128],
        begins_at=begins_at,
        until=until,
        repeats=_written(repeats) if repeats else None,
    )


def _again(row: SilenceRow, begins_at: datetime | None) -> SilenceRow | None:
    """The same window from then on, when it repeats."""
    if row.repeats is None or begins_at is None:
        return None
    copied = ("station", "kind", "subject", "name", "reason", "by_id", "by_name", "until", "repeats")
    return SilenceRow(begins_at=begins_at, **{name: getattr(row, name) for name in copied})


def _silence(row: SilenceRow) -> Silence:
    return Silence(
        id=row.id,
        kind=SilenceKind(row.kind),
        subject=row.subject,
        name=row.name,
        reason=row.reason,
        by_name=row.by_name,
        begins_at=row.begins_at,
        until=row.until,
        repeats=_read(row.repeats) if row.repeats else None,
        ended_at=row.ended_at,
        station=row.station,
        number=row.number,
    )


def _written(weekly: Weekly) -> dict[str, Any]:
    return {
        "days": sorted(weekly.days),
        "starts": weekly.starts.isoformat("minutes"),
        "minutes": weekly.minutes,
        "zone": weekly.zone,
    }


def _read(stored: dict[str, Any]) -> Weekly:
    return Weekly(frozenset(stored["days"]), time.fromisoformat(stored["starts"]), stored["minutes"], stored["zone"])
