"""Incoming: into the inbox, and from the inbox to the dispatcher, in order for each person in a chat."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Bot, Update

from bot.runtime.clock import Clock
from bot.runtime.tasks import first_line
from bot.store.database import Store
from bot.store.messages import inbox, keyboards, supergroups
from bot.store.messages.inbox import LeftOver
from bot.telegram.chat_access import door
from bot.telegram.updates.admission import Admission, Entry, Intake, Standing
from bot.telegram.updates.dropped import Dropped, Told
from bot.telegram.updates.lanes import STRANGERS, Item, Lane, Lanes
from bot.telegram.updates.observer import UpdateObserver
from bot.telegram.updates.summary import Kind, UpdateSummary, summarize
from bot.telegram.updates.token_bucket import Buckets, Rate

log = structlog.get_logger(__name__)

# Telegram keeps the previous list when none is sent, so it is always sent; only what is used is asked for.
WANTED = ("message", "callback_query", "my_chat_member", "chat_member")

PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

# More of one person is not read, nor more commands of all who share the role of a chat; of presses twice as many.
MAX_QUEUED = 100
MAX_QUEUED_IN_CHAT = 300
# Nobody presses so much in earnest before the first is answered.
LONGEST_LINE_OF_MEMBER = 20
# A press of a button that is not kept here is told that it is out of date, and of more than these nothing.
EACH_UNKNOWN, ALL_UNKNOWN, PRESSERS_REMEMBERED = Rate(burst=5, every=10.0), Rate(burst=60, every=1.0), 1000
# What was left over is begun one after another, but nobody waits longer than this for the one before.
ALONE_FOR = 15.0
EVERYBODY = Entry(Intake.FIRST, Standing.KNOWN)

Handle = Callable[[Update], Awaitable[None]]


class Taken(NamedTuple):
    """An update that is to be stored, and where it is worked off."""

    payload: dict[str, Any]
    seen: UpdateSummary
    entry: Entry
    lane: Lane

    @property
    def update_id(self) -> int:
        return int(self.payload["update_id"])


class Updates:
    """Takes updates in and works them off: in order for each person in a chat, everybody else side by side, so that
    nobody who takes an incident waits for somebody else's slow answer; presses and what is urgent beside what the same
    person typed; strangers one after another.

    `handle` raises only when the store refuses; `deadline` (seconds) ends a handler that hangs. `admission`
    decides what is taken in; without it everything is. The commands that are `urgent` wait for no others.
    """

    def __init__(
        self,
        bot: Bot,
        store: Store,
        handle: Handle,
        *,
        clock: Clock,
        observer: UpdateObserver | None = None,
        admission: Admission | None = None,
        urgent: Collection[str] = (),
        deadline: float = 240.0,
    ) -> None:
        self._bot = bot
        self._store = store
        self._handle = handle
        self._clock = clock
        self._observer = observer or UpdateObserver()
        self._admission = admission
        self._urgent = frozenset(urgent)
        self._deadline = deadline
        self._lanes = Lanes(self._work)
        self._alone = asyncio.Lock()
        self._is_ending = False
        self._dropped = Dropped(clock)
        self._unknown = Buckets((EACH_UNKNOWN,), ALL_UNKNOWN, PRESSERS_REMEMBERED, clock().timestamp())
        self._told = Told(clock, self._lanes)

    async def resume(self) -> None:
        """Take up what an earlier run took in and did not finish, but for what the program died on too often."""
        if self._admission is not None:
            await self._admission.refresh()
        async with self._store.begin() as session:
            left_over = await inbox.left_over(session)
            for one in left_over:
                if one.is_poison:
                    await self._observer.set_aside(session, one)
                    await inbox.finish(session, one.update_id, self._clock())
        waiting = [self._left_over(one) for one in left_over if not one.is_poison]
        pressing = {lane for lane, item in waiting if lane.urgent or item.seen.pressed}
        for lane, item in sorted(waiting, key=lambda each: each[0] not in pressing):
            self._lanes.put(lane, item)

    async def take_in(self, batch: Sequence[dict[str, Any]]) -> None:
        """Store what matters; once this returns all of it may be confirmed to Telegram. Between two updates others have
        their turn: a batch may hold a hundred of the largest."""
        if self._admission is not None:
            await self._admission.refresh()
        first, later, full = list[Taken](), list[Taken](), dict[int, UpdateSummary]()
        lines = Counter[Lane]()
        for payload in {int(update["update_id"]): update for update in batch}.values():
            await asyncio.sleep(0)
            seen = summarize(payload)
            entry = self._judge(seen)
            if entry.intake > Intake.LATER:
                self._pass_by(payload, seen, entry)
                continue
            lane = self._lane(seen, entry.standing, lines)
            lines[lane] += 1
            if self._has_room(lane, seen, entry, lines):
                (first if entry.intake is Intake.FIRST else later).append(Taken(payload, seen, entry, lane))
            elif lane is STRANGERS:
                self._dropped.rate_limited()
            else:
                self._dropped.queue_full()
                full.setdefault(seen.chat, seen)
        await self._store_all(first, full)
        await self._store_all(later)

    async def drain(self, within: float) -> None:
        """Let what is in hand finish, for at most `within` seconds; the rest stays in the inbox, and is not to blame
        for the end."""
        self._is_ending = True
        try:
            async with self._store.begin() as session:
                await inbox.end_in_order(session)
        except SQLAlchemyError as error:
            log.error("the store refuses to note that the program ends in order", reason=first_line(error))
        await self._lanes.drain(within)

    def _judge(self, seen: UpdateSummary) -> Entry:
        return self._admission.judge(seen, self._clock()) if self._admission is not None else EVERYBODY

    def _left_over(self, one: LeftOver) -> tuple[Lane, Item]:
        """It was let in already."""
        seen = summarize(one.payload)
        standing = self._admission.standing(seen) if self._admission is not None else Standing.KNOWN
        crowded = standing is Standing.MEMBER
        return self._lane(seen, standing, Counter()), Item(one.update_id, seen, left_over=one.payload, crowded=crowded)

    def _lane(self, seen: UpdateSummary, standing: Standing, lines: Counter[Lane]) -> Lane:
        if standing is Standing.STRANGER:
            return STRANGERS
        urgent = Lane(seen.chat, seen.person, urgent=True)
        if seen.pressed or seen.command in self._urgent:
            return urgent
        # Words that answer what a press is about to ask come after it.
        answers = seen.kind is Kind.TEXT and (self._lanes.length(urgent) or lines[urgent])
        return urgent if answers else Lane(seen.chat, seen.person)

    def _has_room(self, lane: Lane, seen: UpdateSummary, entry: Entry, lines: Counter[Lane]) -> bool:
        is_member = entry.standing is Standing.MEMBER
        most = MAX_QUEUED
        if lane.urgent:
            most = LONGEST_LINE_OF_MEMBER if is_member else 2 * MAX_QUEUED
        if self._lanes.length(lane) + lines[lane] > most:
            return False
        if not is_member:
            return True
        coming = sum(count for one, count in lines.items() if (one.chat, one.urgent) == (lane.chat, lane.urgent))
        return self._lanes.length_in_chat(lane.chat, urgent=lane.urgent) + coming <= MAX_QUEUED_IN_CHAT

    def _pass_by(self, payload: dict[str, Any], seen: UpdateSummary, entry: Entry) -> None:
        if entry.intake is Intake.OBSERVED:
            self._observer.observed(seen.chat, payload)
        if seen.message:
            self._observer.noticed(seen.chat, seen.message)
        if entry.intake is Intake.RATE_LIMITED:
            self._dropped.rate_limited()
        else:
            self._dropped.irrelevant()

    async def _store_all(self, taken: Sequence[Taken], full: dict[int, UpdateSummary] | None = None) -> None:
        news = self._told.not_yet(full or {})
        if not taken and not news:
            return
        async with self._store.begin() as session:
            taken = await self._without_invented(session, taken)
            new = set(await inbox.take_in(session, {one.update_id: one.payload for one in taken}, self._clock()))
            for one in taken:
                # Here and not in its turn: whoever writes in the new chat a moment later has the rights of the old one.
                if move := _move(one.payload):
                    await supergroups.move(session, *move, self._clock())
                if opened := door(one.payload):
                    await self._observer.door(session, opened)
            for seen in news.values():
                await self._observer.not_read(session, seen)
        self._told.told(news)
        await self._put([one for one in taken if one.update_id in new])

    async def _put(self, taken: Sequence[Taken]) -> None:
        items = list[tuple[Lane, Item]]()
        for one in taken:
            await asyncio.sleep(0)
            update = self._parsed(one.update_id, one.payload)
            crowded = one.entry.standing is Standing.MEMBER
            items.append((one.lane, Item(one.update_id, one.seen, update, crowded=crowded)))
        # All are heard of before the first has its turn.
        for lane, item in items:
            if item.update is not None:
                self._observer.heard(item.update)
            self._lanes.put(lane, item)

    async def _without_invented(self, session: AsyncSession, taken: Sequence[Taken]) -> list[Taken]:
        """Presses of buttons that are not kept here come from old messages, or from a client that makes them up: of
        each person some are let through, to be told so."""
        kept = await keyboards.known_of(session, {one.seen.keyboard for one in taken if one.seen.keyboard})
        left, now = list[Taken](), self._clock().timestamp()
        for one in taken:
            invented = one.seen.pressed and one.seen.keyboard not in kept
            if invented and not self._unknown.take(one.seen.person, now):
                self._dropped.irrelevant()
            else:
                left.append(one)
        return left

    def _parsed(self, update_id: int, payload: dict[str, Any]) -> Update | None:
        try:
            return Update.de_json(payload, self._bot)
        except Exception:
            # Not the payload: it holds what people wrote.
            log.exception("update set aside: it cannot be parsed", update_id=update_id)
            return None

    async def _work(self, item: Item) -> None:
        try:
            if item.left_over is not None:
                await self._take_up(item, item.left_over)
            elif item.update is not None:
                await _while_the_store_refuses(partial(self._handle_one, item.update))
            await _while_the_store_refuses(partial(self._finish, item.update_id))
        except SQLAlchemyError as error:
            # It stays unfinished in the inbox and comes again after a restart; the lane must not hang on it.
            log.error("an update could not be finished", update_id=item.update_id, reason=first_line(error))

    async def _take_up(self, item: Item, payload: dict[str, Any]) -> None:
        """What was under way, or only waited, when the program ended: if it dies again, it is known on what."""
        async with self._alone:
            await _while_the_store_refuses(partial(self._mark, item.update_id))
            update = self._parsed(item.update_id, payload)
            if update is None:
                return
            self._observer.heard(update)
            handling = asyncio.create_task(_while_the_store_refuses(partial(self._handle_one, update)))
            try:
                await asyncio.wait({handling}, timeout=ALONE_FOR)
            except asyncio.CancelledError:
                handling.cancel()
                raise
        try:
            await handling
        except asyncio.CancelledError:
            handling.cancel()
            raise

    async def _mark(self, update_id: int) -> None:
        if not self._is_ending:
            async with self._store.begin() as session:
                await inbox.begin(session, update_id)

    async def _finish(self, update_id: int) -> None:
        async with self._store.begin() as session:
            await inbox.finish(session, update_id, self._clock())

    async def _handle_one(self, update: Update) -> None:
        try:
            async with asyncio.timeout(self._deadline):
                await self._handle(update)
        except TimeoutError:
            log.error("an answer took too long and was given up", update_id=update.update_id)
        except SQLAlchemyError:
            raise
        except Exception:
            log.exception("an update could not be handled", update_id=update.update_id)


async def _while_the_store_refuses(deed: Callable[[], Awaitable[None]]) -> None:
    """Again and again, for some minutes. What was decided already is not done twice: the dispatcher sees to that."""
    for pause in PAUSES:
        try:
            return await deed()
        except SQLAlchemyError as error:
            log.warning("the store refuses; the update waits", reason=first_line(error))
            await asyncio.sleep(pause)
    return await deed()


def _move(payload: dict[str, Any]) -> tuple[int, int] | None:
    """The old and the new id of a group that became a supergroup, when this update says so."""
    match payload:
        case {"message": {"chat": {"id": int(old_id)}, "migrate_to_chat_id": int(new_id)}}:
            return old_id, new_id
        case {"message": {"chat": {"id": int(new_id)}, "migrate_from_chat_id": int(old_id)}}:
            return old_id, new_id
    return None
