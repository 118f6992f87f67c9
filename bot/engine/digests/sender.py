"""Digests of one station: each sent once at its time."""

import asyncio
from datetime import date, datetime, timedelta, tzinfo
from enum import Enum, auto

import structlog

from bot.calls.digest_schedule import MAX_LATE, DigestPeriod
from bot.engine.digests.reading import DigestContent, FigureReader
from bot.notifications import digests as messages
from bot.notifications.calls import lost_rights
from bot.notifications.calls.told_chats import ToldChats
from bot.notifications.digests import schedule_of
from bot.oncall.local_time import zone_named
from bot.pbx import Forbidden, Pbx, PbxError
from bot.pbx.time_zone import PbxTimeZone
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.access.grants import Grants
from bot.store.database import Database, Session
from bot.store.stations import digests
from bot.store.tables.calls import Digest

log = structlog.get_logger(__name__)

EVERY = 30.0
# A PBX that could not be read is asked again so much later.
RETRY_AFTER = timedelta(minutes=5)
# Seconds for all digests of a turn, the wait for other PBXs included. Shorter than a turn of the schedule may be.
READING_TIMEOUT = 420.0


class DigestStep(Enum):
    """What follows: nothing, the PBX is read, or a message is queued."""

    NOTHING = auto()
    READ = auto()
    TOLD = auto()


class DigestSender:
    """Sender of one station. `wake` wakes the delivery worker."""

    def __init__(
        self,
        station: str,
        pbx: Pbx,
        zone: PbxTimeZone,
        reader: FigureReader,
        *,
        database: Database,
        grants: Grants,
        clock: Clock,
        wake: Signal,
    ) -> None:
        self._station = station
        self._pbx = pbx
        self._zone = zone
        self._reader = reader
        self._database = database
        self._grants = grants
        self._clock = clock
        self._wake = wake
        self._failed_at: datetime | None = None

    async def run_once(self) -> None:
        """Send the digests that are due, each in one transaction with the mark that it is done."""
        read: dict[DigestPeriod, DigestContent] = {}
        until = asyncio.get_running_loop().time() + READING_TIMEOUT
        for row in await self._database.run(digests.of_station, self._station):
            if not self._zone_differs(row) and self._due(row, self._clock()) is None:
                continue
            match await self._database.run(self._prepare, row):
                case DigestStep.READ:
                    await self._send(row, read, until)
                case DigestStep.TOLD:
                    self._wake.send()

    async def _send(self, row: Digest, read: dict[DigestPeriod, DigestContent], until: float) -> None:
        """Send the digest that is due; chats that want the same one share its reading, which ends at `until`."""
        now = self._clock()
        day = self._due(row, now)
        # A clock that was set back makes it due.
        if day is None or (self._failed_at is not None and timedelta(0) <= now - self._failed_at < RETRY_AFTER):
            return
        period = schedule_of(row).period(day)
        try:
            if period not in read:
                async with asyncio.timeout_at(until):
                    read[period] = await self._reader.read(self._pbx, period, now, self._zone_of(row))
        except Forbidden as error:
            # Waiting gives the key no right.
            if await self._database.run(self._conclude_unread, row, day, error.permission_row):
                self._wake.send()
            return
        except (PbxError, TimeoutError) as error:
            log.warning("PBX error, digest not read, retried", station=self._station, reason=str(error) or "timeout")
            self._failed_at = now
            await self._database.run(self._mark_failed, row)
            return
        self._failed_at = None
        if await self._database.run(self._finish, row, day, read[period]):
            self._wake.send()

    def _prepare(self, session: Session, seen: Digest) -> DigestStep:
        """Note the zone, and conclude a digest that is not to be read: of a chat that may not have it or takes no
        messages, and one that is too late."""
        row, now = _found(session, seen), self._clock()
        if row is None:
            return DigestStep.NOTHING
        if self._zone_differs(row):
            row.zone = str(self._zone.known)
        day = self._due(row, now)
        if day is None:
            return DigestStep.NOTHING
        due = schedule_of(row).moment_of(day, self._zone_of(row))
        chats = self._chats(session, now)
        if lost_rights.end(session, chats, [row], now):
            return DigestStep.TOLD
        wanted = chats.may_be_told(row)
        if wanted and now - due <= MAX_LATE:
            return DigestStep.READ
        step = DigestStep.TOLD if wanted and row.failed else DigestStep.NOTHING
        if step is DigestStep.TOLD:
            messages.enqueue_unread(session, row, due, now)
        else:
            log.info("digest skipped", station=self._station, chat=row.chat_id, due=due.isoformat(), wanted=wanted)
        row.done_on, row.failed = day, False
        return step

    def _finish(self, session: Session, seen: Digest, day: date, content: DigestContent) -> bool:
        """Queue the digest and mark it done, unless somebody has changed or ended it meanwhile; return True if it is
        queued."""
        row, now = _found(session, seen), self._clock()
        if row is None or not self._may_be_told(session, row, now):
            return False
        schedule = schedule_of(row)
        due = schedule.moment_of(day, self._zone_of(row))
        messages.enqueue(session, row, schedule.period(day), content.figures, content.usual, due, now)
        row.done_on, row.failed = day, False
        return True

    def _conclude_unread(self, session: Session, seen: Digest, day: date, permission_row: str) -> bool:
        """Tell the chat which row the API key lacks, and mark the digest done; return True if that is queued."""
        row, now = _found(session, seen), self._clock()
        if row is None or not self._may_be_told(session, row, now):
            return False
        due = schedule_of(row).moment_of(day, self._zone_of(row))
        messages.enqueue_unread(session, row, due, now, lacks=permission_row)
        row.done_on, row.failed = day, False
        return True

    def _mark_failed(self, session: Session, seen: Digest) -> None:
        if (row := _found(session, seen)) is not None:
            row.failed = True

    def _may_be_told(self, session: Session, row: Digest, now: datetime) -> bool:
        return self._chats(session, now).may_be_told(row)

    def _chats(self, session: Session, now: datetime) -> ToldChats:
        return ToldChats(session, self._grants, self._station, now)

    def _due(self, row: Digest, now: datetime) -> date | None:
        return schedule_of(row).due(row.done_on, now, self._zone_of(row))

    def _zone_differs(self, row: Digest) -> bool:
        return self._zone.known is not None and row.zone != str(self._zone.known)

    def _zone_of(self, row: Digest) -> tzinfo:
        """Return the zone of the PBX; the last known one, until it has answered."""
        return self._zone.known or zone_named(row.zone)


def _found(session: Session, seen: Digest) -> Digest | None:
    """Return the row, unless it has changed since it was seen."""
    row = session.get(Digest, (seen.station, seen.chat_id, seen.kind))
    if row is None or (row.days, row.at, row.done_on, row.by_id) != (seen.days, seen.at, seen.done_on, seen.by_id):
        return None
    return row
