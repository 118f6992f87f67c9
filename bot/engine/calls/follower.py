"""Follow the call records of one PBX, for all who take part in a look at them, and for the counts of calls."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from zlib import crc32

import structlog

from bot.calls.call_counter import CallCounter, trunks_of_calls
from bot.calls.ended_calls import ended_call
from bot.calls.missed_calls import MissedCalls
from bot.calls.pbx_clock import ReadClock
from bot.engine.calls.long_calls import LongCalls
from bot.engine.calls.look import MAX_ABSENCE, Consumer, Look
from bot.engine.calls.unread_calls import UnreadCalls
from bot.pbx import Channel, Forbidden, Pbx, PbxError, Priority
from bot.pbx.cached_query import WITHOUT_RIGHT
from bot.runtime.clock import Clock, Sleep
from bot.runtime.waiting import Signal
from bot.store.database import Database, Session
from bot.store.stations import call_subscriptions
from bot.store.tables.calls import CallSubscription

log = structlog.get_logger(__name__)

EVERY = 30.0
# Calls that began so long ago are read every time: longer than a caller waits.
RECENT = timedelta(minutes=30)
# Now and then those that began so long ago: longer than people talk. After a start each time for a while: which long
# calls have just ended is not known.
LONG = timedelta(hours=6)
LONG_EVERY = timedelta(minutes=10)
LONG_AT_FIRST = timedelta(minutes=1)
# How far is read is stored at most so often.
STORE_EVERY = timedelta(minutes=5)
# The PBX may list the legs of a call one after another: what looks new is looked at again so much later. Seconds.
LOOK_AGAIN_AFTER = 3.0
# The clock of the PBX may be set forward.
AHEAD = timedelta(minutes=10)


class CallFollower:
    """Follower of one station: one reading serves all `consumers`, and `counter`, if calls are counted. `wake` wakes
    the delivery worker."""

    def __init__(
        self,
        station: str,
        pbx: Pbx,
        pbx_clock: ReadClock,
        consumers: Sequence[Consumer],
        unread: UnreadCalls,
        *,
        database: Database,
        clock: Clock,
        wake: Signal,
        counter: CallCounter | None = None,
        pause: Sleep = asyncio.sleep,
    ) -> None:
        self._station = station
        self._pbx = pbx
        self._pbx_clock = pbx_clock
        self._consumers = consumers
        self._unread = unread
        self._database = database
        self._clock = clock
        self._wake = wake
        self._pause = pause
        self.counter = counter
        # Without the right to read calls they are not counted until then.
        self._count_from: datetime | None = None
        self._began_at: datetime | None = None
        self._long_read_at: datetime | None = None
        self._long_calls = LongCalls()
        # Why the records could not be read last; "" if they could.
        self._failing = ""

    async def run_once(self, *, count: bool = True) -> None:
        """Read the records, let all consumers apply them in one transaction, and count the calls if `count`. What the
        PBX does not tell is read next time."""
        now = self._clock()
        subscriptions = await self._database.run(call_subscriptions.of_station, self._station)
        counter = self.counter if count and (self._count_from is None or now >= self._count_from) else None
        is_told = bool(subscriptions)
        if not is_told and counter is None:
            return
        if self._long_read_at is None and not is_told:
            # Nobody waits for calls from before: the long readings of a fleet are spread.
            self._long_read_at = now - LONG_EVERY * (crc32(self._station.encode()) / 2**32)
        self._began_at = self._began_at or now
        channels = await self._channels_up(now, count=counter is not None)
        # A clock that was set back makes it due.
        reads_long = self._long_read_at is None or not timedelta(0) <= now - self._long_read_at < LONG_EVERY
        reads_long = reads_long or (is_told and now - self._began_at < LONG_AT_FIRST)
        begin = self._begin(subscriptions, LONG if reads_long else RECENT, now)
        try:
            look = await self._read(begin, now, named=is_told)
            # Active calls are requested only with news. While a chat knows that calls are not read, request them too:
            # theirs may be the failure, and a look without news would end the notice.
            is_unread = any(one.unread_since for one in subscriptions)
            if is_unread or (is_told and await self._database.run(self._has_news, look, now)):
                look = await self._confirmed(look, begin, now)
        except PbxError as error:
            if (reason := str(error)) != self._failing:
                log.warning("PBX error, call records not read", station=self._station, reason=reason)
            self._failing = reason
            self._not_counted(error, now)
            if is_told and await self._database.run(self._unread.begin, error, now):
                self._wake.send()
            return
        self._failing = ""
        if is_told and await self._database.run(self._apply, look, now):
            self._wake.send()
        if reads_long:
            self._long_read_at = now
        if counter is not None and channels is not None:
            counter.settle(trunks_of_calls(channels), now)

    @property
    def read_at(self) -> datetime | None:
        """Return when the records were read last for the chats; None if not since the start."""
        return self._unread.read_at

    def restart(self) -> None:
        """Forget when the records were read, after stored times were shifted."""
        self._unread.restart()

    async def _channels_up(self, now: datetime, *, count: bool) -> tuple[Channel, ...] | None:
        """Return the channels that are up; None if they are not told, or not needed: to `count` calls, or to notice the
        end of a long one."""
        if not count and not self._long_calls.must_ask(now):
            return None
        try:
            answer = await self._pbx.calls.channels(Priority.BULK)
        except PbxError as error:
            log.info("PBX error, active calls not read", station=self._station, reason=str(error))
            self._long_calls.not_told(now)
            self._not_counted(error, now)
            return None
        if answer.suspect:
            self._long_calls.not_told(now)
            self._not_counted(None, now)
            return None
        self._long_calls.see(answer.value, now, self._pbx_clock().shows(now))
        return answer.value

    async def _confirmed(self, look: Look, begin: datetime, now: datetime) -> Look:
        await self._pause(LOOK_AGAIN_AFTER)
        again = await self._read(begin, now)
        going_on = {leg.linkedid for leg in (await self._pbx.calls.active()).value if leg.end is None}
        return again.confirmed(look, going_on)

    def _not_counted(self, error: PbxError | None, now: datetime) -> None:
        if self.counter is not None:
            self.counter.active = None
        if isinstance(error, Forbidden):
            self._count_from = now + WITHOUT_RIGHT

    def _begin(self, subscriptions: Sequence[CallSubscription], at_least: timedelta, now: datetime) -> datetime:
        """Return the start of the period to read. A long call that ended is read with all later ones: one of them may
        have been with the same caller."""
        begins = [now - at_least, *(one.read_until - RECENT for one in subscriptions)]
        if (start := self._long_calls.begin_of_ended(now)) is not None:
            begins.append(self._pbx_clock().moment(start))
        return max(now - MAX_ABSENCE, min(begins))

    async def _read(self, begin: datetime, now: datetime, *, named: bool = True) -> Look:
        calls, missed_calls = {}, MissedCalls(datetime.max)  # noqa: DTZ901 (the PBX's local time)
        length = now + AHEAD - begin
        start, end = (self._pbx_clock().shows(moment) for moment in (begin, now + AHEAD))
        # In the night in which an hour comes twice, the local times between two moments are not those from the first to
        # the second.
        start, end = min(start, end - length), max(end, start + length)
        async for record in self._pbx.records.between(start, end, priority=Priority.BULK, named=named):
            missed_calls.add(record)
            if self.counter is not None:
                self.counter.show(record, now)
            if call := ended_call(record):
                calls[call.linkedid] = call
        return Look(calls, missed_calls.callers)

    def _has_news(self, session: Session, look: Look, now: datetime) -> bool:
        return any(consumer.has_news(session, look, now) for consumer in self._consumers)

    def _apply(self, session: Session, look: Look, now: datetime) -> bool:
        for one in call_subscriptions.of_station(session, self._station):
            if now - one.read_until >= STORE_EVERY:
                one.read_until = now
        queued = [self._unread.end(session, now), *(one.apply(session, look, now) for one in self._consumers)]
        return any(queued)
