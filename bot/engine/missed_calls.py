"""Follow the call records of one PBX, for the chats that are told of missed calls and for the counts of calls."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from zlib import crc32

import structlog

from bot.access.policy import AccessContext, Permission
from bot.calls.call_counter import CallCounter
from bot.calls.missed_calls import Caller, MissedCall, MissedCalls
from bot.calls.missed_cards import CardChange, Wish, decide
from bot.notifications import missed_cards as cards
from bot.pbx import Forbidden, Pbx, PbxError, Priority
from bot.pbx.cached_query import WITHOUT_RIGHT
from bot.runtime.clock import Clock, Sleep, Zone
from bot.runtime.waiting import Signal
from bot.store.access.grants import Grants
from bot.store.database import Database, Session
from bot.store.messages import blocked_chats
from bot.store.stations import call_subscriptions, missed_cards
from bot.store.tables.calls import CallSubscription, MissedCard

log = structlog.get_logger(__name__)

EVERY = 30.0
# Calls that began so long ago are read every time: longer than a caller waits.
RECENT = timedelta(minutes=30)
# Now and then those that began so long ago: longer than people talk.
LONG = timedelta(hours=6)
LONG_EVERY = timedelta(minutes=10)
# Calls missed during a longer absence of the bot, or of the PBX, get no card.
MAX_ABSENCE = timedelta(hours=24)
# How far is read is stored at most so often.
STORE_EVERY = timedelta(minutes=5)
# The PBX may list the legs of a call one after another: what looks missed is looked at again so much later. Seconds.
LOOK_AGAIN_AFTER = 3.0
# The clock of the PBX may be ahead.
AHEAD = timedelta(minutes=10)

Callers = Mapping[str, Caller]


class MissedCallFollower:
    """Follower of one station. `mask_numbers`: numbers are masked in chats without the right to read them; `wake` wakes
    the delivery worker; `counter` counts the calls, if that is wanted."""

    def __init__(
        self,
        station: str,
        pbx: Pbx,
        zone: Zone,
        *,
        database: Database,
        grants: Grants,
        mask_numbers: bool,
        clock: Clock,
        wake: Signal,
        counter: CallCounter | None = None,
        pause: Sleep = asyncio.sleep,
    ) -> None:
        self._station = station
        self._pbx = pbx
        self._zone = zone
        self._database = database
        self._grants = grants
        self._mask_numbers = mask_numbers
        self._clock = clock
        self._wake = wake
        self._pause = pause
        self._long_read_at: datetime | None = None
        self.counter = counter
        # Without the right to read calls they are not counted until then.
        self._count_from: datetime | None = None

    async def run_once(self, *, count: bool = True) -> None:
        """Read the records, count the calls if `count`, and change the cards in one transaction. What the PBX does not
        tell is read next time."""
        now = self._clock()
        subscriptions = await self._database.run(call_subscriptions.of_station, self._station)
        counter = self.counter if count and (self._count_from is None or now >= self._count_from) else None
        is_followed = bool(subscriptions)
        if not is_followed and counter is None:
            return
        if self._long_read_at is None and not is_followed:
            # Nobody waits for calls from before: the long readings of a fleet are spread.
            self._long_read_at = now - LONG_EVERY * (crc32(self._station.encode()) / 2**32)
        reads_long = self._long_read_at is None or now - self._long_read_at >= LONG_EVERY
        begin = now - (LONG if reads_long else RECENT)
        begin = max(now - MAX_ABSENCE, min([begin, *(one.read_until - RECENT for one in subscriptions)]))
        try:
            callers = await self._read(begin, now, named=is_followed)
            if is_followed and await self._database.run(self._has_new_misses, callers, now):
                await self._pause(LOOK_AGAIN_AFTER)
                callers = await self._confirmed(callers, begin, now)
        except PbxError as error:
            log.warning("PBX error, missed calls not read", station=self._station, reason=str(error))
            self._not_counted(error, now)
            return
        if is_followed and await self._database.run(self._apply, callers, now):
            self._wake.send()
        if reads_long:
            self._long_read_at = now
        if counter is not None:
            await self._count(counter, now)

    async def _count(self, counter: CallCounter, now: datetime) -> None:
        try:
            legs = (await self._pbx.calls.active(named=False)).value
        except PbxError as error:
            log.info("PBX error, calls not counted", station=self._station, reason=str(error))
            self._not_counted(error, now)
        else:
            counter.settle({leg.linkedid for leg in legs if leg.end is None}, now)

    def _not_counted(self, error: PbxError, now: datetime) -> None:
        if self.counter is not None:
            self.counter.active = None
        if isinstance(error, Forbidden):
            self._count_from = now + WITHOUT_RIGHT

    async def _read(self, begin: datetime, now: datetime, *, named: bool = True) -> Callers:
        calls = MissedCalls(datetime.max)  # noqa: DTZ901 (the PBX's local time)
        start, end = self._local(begin), self._local(now + AHEAD)
        async for record in self._pbx.records.between(start, end, priority=Priority.BULK, named=named):
            calls.add(record)
            if self.counter is not None:
                self.counter.show(record, now)
        return calls.callers

    async def _confirmed(self, before: Callers, begin: datetime, now: datetime) -> Callers:
        """Read again, and leave out the missed calls that have changed meanwhile, or are not over."""
        earlier = {miss.linkedid: miss for caller in before.values() for miss in caller.misses}
        callers = await self._read(begin, now)
        going_on = {leg.linkedid for leg in (await self._pbx.calls.active()).value if leg.end is None}
        return _with_misses(callers, lambda miss: earlier.get(miss.linkedid) == miss and miss.linkedid not in going_on)

    def _has_new_misses(self, session: Session, callers: Callers, now: datetime) -> bool:
        return any(
            change.misses
            for one in call_subscriptions.of_station(session, self._station)
            for change in self._changes(one, _recent_cards(session, one, now), callers)
        )

    def _apply(self, session: Session, callers: Callers, now: datetime) -> bool:
        """Change the cards in each chat that may be told of calls and takes messages; return True if one is queued."""
        access, closed, queued = self._grants.read(session), blocked_chats.closed(session), False
        for one in call_subscriptions.of_station(session, self._station):
            if now - one.read_until >= STORE_EVERY:
                one.read_until = now
            may_be_told = access.may(self._context(one.by_id, one.chat_id, now), Permission.MISSED_FOLLOW).allowed
            if not may_be_told or one.chat_id in closed:
                continue
            may_read = access.may(self._context(one.chat_id, one.chat_id, now), Permission.NUMBERS_READ).allowed
            recent = _recent_cards(session, one, now)
            changes = self._changes(one, recent, callers)
            masked = self._mask_numbers and not may_read
            cards.apply(session, one, _open_by_caller(recent), changes, now, masked=masked)
            lapsed = cards.apply_time(session, recent, now)
            queued = queued or bool(changes) or lapsed
        return queued

    def _changes(self, one: CallSubscription, recent: Sequence[MissedCard], callers: Callers) -> list[CardChange]:
        wish, since = Wish(tuple(one.phones), tuple(one.numbers)), self._local(one.at)
        return decide(
            _with_misses(callers, lambda miss: miss.end >= since and wish.includes(miss)),
            {caller: cards.newest_call(card) for caller, card in _open_by_caller(recent).items()},
            {call["linkedid"] for card in recent for call in card.calls},
        )

    def _context(self, person: int, chat: int, now: datetime) -> AccessContext:
        return AccessContext(person=person, chat=chat, private=chat > 0, station=self._station, now=now, member=True)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone()).replace(tzinfo=None)


def _with_misses(callers: Callers, kept: Callable[[MissedCall], bool]) -> Callers:
    return {
        number: Caller([miss for miss in caller.misses if kept(miss)], caller.contacts)
        for number, caller in callers.items()
    }


def _recent_cards(session: Session, one: CallSubscription, now: datetime) -> Sequence[MissedCard]:
    """Return the cards that may have a call that is read now."""
    return missed_cards.recent(session, one.station, one.chat_id, now - 2 * MAX_ABSENCE)


def _open_by_caller(recent: Sequence[MissedCard]) -> dict[str, MissedCard]:
    return {card.caller: card for card in recent if card.closed_at is None}
