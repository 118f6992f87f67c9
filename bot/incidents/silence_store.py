"""Mutes and maintenance windows in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from bot.access.policy import EVERY_STATION
from bot.incidents.model import PBX_HEALTH, kind_info
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
from bot.runtime.waiting import Signal
from bot.store.database import Database, Session
from bot.store.stations import incidents, silences
from bot.store.tables.incidents import SilenceRow
from bot.store.typed_secrets import without_passwords

REASON_LIMIT = 256


@dataclass(frozen=True, slots=True)
class SilenceRequest:
    station: str
    subject: str
    name: str
    by_id: int
    by_name: str
    reason: str = ""


class Silences:
    """Silences of all stations. Each method is a transaction; `changed` is called with the station after the commit of
    every change made by a person: notifications may be due now, or no longer."""

    def __init__(self, database: Database, clock: Clock, changed: Signal) -> None:
        self._database = database
        self._clock = clock
        self._changed = changed

    async def mute(self, requested: SilenceRequest, now: datetime, until: datetime | None) -> Silence:
        """Add a mute from now on; without `until` it lasts until the subject has recovered. It replaces an older mute
        of the same subject."""
        row = await self._database.run(_mute, requested, now, until)
        self._changed.send(requested.station)
        return _silence(row)

    async def plan(
        self,
        requested: SilenceRequest,
        begins_at: datetime,
        until: datetime | None = None,
        repeats: Weekly | None = None,
    ) -> Silence:
        """Add a maintenance window: once until `until`, or weekly until it is removed."""
        row = _row(requested, SilenceKind.MAINTENANCE, begins_at, until, repeats)
        await self._database.run(silences.add, row)
        self._changed.send(requested.station)
        return _silence(row)

    async def expire(self, station: str, silence_id: int, by_name: str) -> Silence | None:
        """End a silence and return it as it was; None when it is over already."""
        before = await self._database.run(_expire, station, silence_id, by_name, self._clock())
        if before is not None:
            self._changed.send(station)
        return before

    async def end_this_time(self, station: str, silence_id: int, by_name: str) -> Silence | None:
        """End a window that is in force; a weekly one occurs again as planned. Return None when it is not in force."""
        row = await self._database.run(_end_this_time, station, silence_id, by_name, self._clock())
        if row is None:
            return None
        self._changed.send(station)
        return _silence(row)

    async def give_reason(self, station: str, silence_id: int, reason: str) -> Silence | None:
        """Set the reason of a silence. Return None when it is over already."""
        row = await self._database.run(_set_reason, station, silence_id, reason, self._clock())
        if row is None:
            return None
        self._changed.send(station)
        return _silence(row)

    async def current(self, station: str) -> list[Silence]:
        """Return the silences that are in force or will be, in the order in which they were made."""
        now = self._clock()
        return [one for one in await self._database.run(current_in, station) if not is_over(one, now)]


def current_in(session: Session, station: str) -> list[Silence]:
    """Return the silences of a station that were not ended, including those of all stations: of everything, and of what
    is found at PBXs. bot.incidents.silence computes from the time which of them are in force."""
    return [_silence(row) for row in silences.current(session, station, EVERYTHING, PBX_HEALTH)]


def end_until_recovery(session: Session, station: str, subject: str, now: datetime) -> None:
    """End the silences that last until a subject has recovered, in the session that closes its incident. Everything has
    recovered when no outage of the station is open any more; for a silence of all stations, when none of any station
    is."""
    for row in {row.id: row for row in [*silences.unended(session, station), *_of_all(session)]}.values():
        if not _silence(row).until_recovery:
            continue
        own = row.station == station and row.subject == subject
        if own or (row.subject == EVERYTHING and not _outage_is_open(session, row.station)):
            row.ended_at = now


def forget_old(session: Session, before: datetime) -> None:
    """Delete silences that had ended before that time. The newest of each station stays: its number would be assigned
    again."""
    silences.delete_old(session, before, EVERYTHING, LONGEST_OF_EVERYTHING)


def _mute(session: Session, requested: SilenceRequest, now: datetime, until: datetime | None) -> SilenceRow:
    for older in silences.unended(session, requested.station):
        same = older.kind == SilenceKind.MUTE and older.subject == requested.subject
        if same and not is_over(_silence(older), now):
            older.ended_at, older.ended_by = now, requested.by_name[:128]
    row = _row(requested, SilenceKind.MUTE, now, until)
    silences.add(session, row)
    return row


def _expire(session: Session, station: str, silence_id: int, by_name: str, now: datetime) -> Silence | None:
    row = _unended(session, station, silence_id, now)
    if row is None:
        return None
    before = _silence(row)
    row.ended_at, row.ended_by = now, by_name[:128]
    return before


def _end_this_time(session: Session, station: str, silence_id: int, by_name: str, now: datetime) -> SilenceRow | None:
    """Return the copy that occurs again; the ended row if it does not repeat."""
    row = _unended(session, station, silence_id, now)
    if row is None or not in_force(_silence(row), now):
        return None
    again = _again(row, ends(_silence(row), now))
    row.ended_at, row.ended_by = now, by_name[:128]
    if again is not None:
        silences.add(session, again)
    return again or row


def _set_reason(session: Session, station: str, silence_id: int, reason: str, now: datetime) -> SilenceRow | None:
    row = _unended(session, station, silence_id, now)
    if row is not None:
        row.reason = without_passwords(reason)[:REASON_LIMIT]
    return row


def _outage_is_open(session: Session, station: str) -> bool:
    """Return True when an outage is open at the station; for EVERY_STATION, at any."""
    everywhere = station == EVERY_STATION
    found = incidents.open_at_all(session) if everywhere else incidents.open_in(session, station)
    return any(kind_info(incident.kind).real_outage for incident in found)


def _of_all(session: Session) -> Sequence[SilenceRow]:
    """Return the silences of everything at every station, stations added later included."""
    return [row for row in silences.unended(session, EVERY_STATION) if row.subject == EVERYTHING]


def _unended(session: Session, station: str, silence_id: int, now: datetime) -> SilenceRow | None:
    row = silences.find(session, silence_id)
    return row if row is not None and row.station == station and not is_over(_silence(row), now) else None


def _row(
    requested: SilenceRequest,
    kind: SilenceKind,
    begins_at: datetime,
    until: datetime | None,
    repeats: Weekly | None = None,
) -> SilenceRow:
    return SilenceRow(
        station=requested.station,
        kind=kind,
        subject=requested.subject,
        name=requested.name[:128],
        reason=without_passwords(requested.reason)[:REASON_LIMIT],
        by_id=requested.by_id,
        by_name=requested.by_name[:128],
        begins_at=begins_at,
        until=until,
        repeats=_written(repeats) if repeats else None,
    )


def _again(row: SilenceRow, begins_at: datetime | None) -> SilenceRow | None:
    """Return a copy of a weekly window that begins then; None when it does not repeat."""
    if row.repeats is None or begins_at is None:
        return None
    copied = ("station", "kind", "subject", "name", "reason", "by_id", "by_name", "until", "repeats")
    return SilenceRow(begins_at=begins_at, **{name: getattr(row, name) for name in copied})


def _silence(row: Any) -> Silence:
    """Return the silence of a SilenceRow, or of its columns."""
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
