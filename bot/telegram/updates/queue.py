"""Queue of updates: stored in the inbox, and put into the lane of the person in the chat."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import structlog
from telegram import Bot, Update

from bot.runtime.clock import Clock
from bot.store.database import Database, DatabaseError, Session
from bot.store.messages import inbox, keyboards, supergroups
from bot.store.messages.inbox import UnfinishedUpdate
from bot.store.messages.unstored_keyboards import UnstoredKeyboards
from bot.telegram.chat_access import chat_access
from bot.telegram.updates.admission import Admission, Admitted, Intake, SenderStanding
from bot.telegram.updates.dropped import DropNotices, DroppedUpdates
from bot.telegram.updates.lanes import STRANGERS, ChatSlots, Item, Lane, Lanes, slots_of
from bot.telegram.updates.observer import UpdateObserver
from bot.telegram.updates.summary import UpdateKind, UpdateSummary, summarize
from bot.telegram.updates.token_bucket import Buckets, Rate
from bot.telegram.updates.worker import UpdateHandler, UpdateWorker

log = structlog.get_logger(__name__)

# Telegram keeps the previous list when none is sent, so it is always sent, limited to the types in use.
WANTED = ("message", "callback_query", "my_chat_member", "chat_member")

# Longest queue of one person, twice as long for presses; and of all people that share the role of a chat.
MAX_QUEUED = 100
MAX_QUEUED_IN_CHAT = 300
# More presses before the first is answered are no serious use.
MAX_QUEUED_OF_MEMBER = 20
# Presses of unknown buttons that are answered as out of date; more are dropped.
EACH_UNKNOWN, ALL_UNKNOWN, MAX_PRESSERS_CACHED = Rate(burst=5, every=10.0), Rate(burst=60, every=1.0), 1000
ADMITTED = Admitted(Intake.FIRST, SenderStanding.KNOWN)


class Enqueued(NamedTuple):
    """Update to be stored, and its lane."""

    payload: dict[str, Any]
    summary: UpdateSummary
    admitted: Admitted
    lane: Lane

    @property
    def update_id(self) -> int:
        return int(self.payload["update_id"])


class Parsed(NamedTuple):
    """Update to be stored, as the library reads it; None if it cannot."""

    enqueued: Enqueued
    update: Update | None


class UpdateQueue:
    """Store updates and handle them: in order for each person in a chat, concurrently otherwise, so that acknowledging
    an incident never waits for a slow answer to another person; presses and urgent commands beside the texts of the
    same person; updates of strangers one after another.

    `handler` and `deadline` as in UpdateWorker. `observer` is notified of each update before it is handled, see
    UpdateObserver. `admission` decides which updates are stored; without it all are. `urgent` commands have a lane of
    their own.
    """

    def __init__(
        self,
        bot: Bot,
        database: Database,
        handler: UpdateHandler,
        *,
        clock: Clock,
        unstored_keyboards: UnstoredKeyboards | None = None,
        observer: UpdateObserver | None = None,
        admission: Admission | None = None,
        urgent: Collection[str] = (),
        deadline: float = 240.0,
    ) -> None:
        self._database = database
        self._handler = handler
        self._clock = clock
        self._unstored_keyboards = unstored_keyboards or UnstoredKeyboards()
        self._observer = observer or UpdateObserver()
        self._admission = admission
        self._urgent = frozenset(urgent)
        self._worker = UpdateWorker(bot, database, handler, self._observer, clock=clock, deadline=deadline)
        self._lanes = Lanes(self._worker.handle)
        self._dropped = DroppedUpdates(clock)
        self._unknown_keyboards = Buckets((EACH_UNKNOWN,), ALL_UNKNOWN, MAX_PRESSERS_CACHED, clock().timestamp())
        self._drop_notices = DropNotices(clock, self._lanes)
        # Updates that may be stored although it failed: the database was lost before it confirmed the commit.
        self._unconfirmed = set[int]()
        # Updates of strangers that the database refused: they count once for their rate.
        self._admitted: dict[int, Admitted] = {}

    async def resume(self) -> None:
        """Queue the unfinished updates of an earlier run, but for those that ended the program too often."""
        if self._admission is not None:
            await self._admission.refresh()
        unfinished = await self._database.run(self._recover_unfinished)
        waiting = [self._recovered(one) for one in unfinished if not one.is_poison]
        pressing = {lane for lane, item in waiting if lane.urgent or item.summary.pressed}
        for lane, item in sorted(waiting, key=lambda each: each[0] not in pressing):
            self._lanes.put(lane, item)

    async def enqueue(self, batch: Sequence[dict[str, Any]]) -> None:
        """Store the updates that need a handler; then the batch may be confirmed to Telegram. They are queued after the
        commit. The loop is yielded between two updates: a batch may hold a hundred of the largest. Raises
        SQLAlchemyError."""
        if self._admission is not None:
            await self._admission.refresh()
        first, later, full = list[Enqueued](), list[Enqueued](), dict[int, UpdateSummary]()
        queued = Counter[Lane]()
        for payload in {int(update["update_id"]): update for update in batch}.values():
            await asyncio.sleep(0)
            summary = summarize(payload)
            admitted = self._admitted.get(int(payload["update_id"])) or self._admit(summary)
            if admitted.intake > Intake.LATER:
                self._observe_unhandled(payload, summary, admitted)
                continue
            lane = self._lane(summary, admitted.role, queued)
            queued[lane] += 1
            if self._has_capacity(lane, summary, admitted, queued):
                (first if admitted.intake is Intake.FIRST else later).append(Enqueued(payload, summary, admitted, lane))
            elif lane is STRANGERS:
                self._dropped.rate_limited()
            else:
                self._dropped.queue_full()
                full.setdefault(summary.chat, summary)
        strangers = {one.update_id: one.admitted for one in later}
        try:
            await self._store_all(first, full)
            await self._store_all(later)
        except DatabaseError:
            self._admitted |= strangers
            raise
        for update_id in strangers:
            self._admitted.pop(update_id, None)

    async def drain(self, within: float) -> None:
        """Wait for running handlers for at most `within` seconds; the rest stays in the inbox, and does not count as
        having ended the program."""
        await self._worker.end()
        await self._lanes.drain(within)

    def _admit(self, summary: UpdateSummary) -> Admitted:
        return self._admission.admit(summary, self._clock()) if self._admission is not None else ADMITTED

    def _recovered(self, unfinished: UnfinishedUpdate) -> tuple[Lane, Item]:
        """Return the lane of an update that an earlier run admitted."""
        summary = summarize(unfinished.payload)
        role = self._admission.role_of(summary) if self._admission is not None else SenderStanding.KNOWN
        is_member = role is SenderStanding.MEMBER
        return self._lane(summary, role, Counter()), Item(
            unfinished.update_id, summary, recovered=unfinished.payload, crowded=is_member
        )

    def _lane(self, summary: UpdateSummary, role: SenderStanding, queued: Counter[Lane]) -> Lane:
        if role is SenderStanding.STRANGER:
            return STRANGERS
        urgent = Lane(summary.chat, summary.person, urgent=True)
        if summary.pressed or summary.command in self._urgent:
            return urgent
        # A text that answers the question of a queued press comes after it.
        answers = summary.kind is UpdateKind.TEXT and (self._lanes.length(urgent) or queued[urgent])
        return urgent if answers else Lane(summary.chat, summary.person)

    def _has_capacity(self, lane: Lane, summary: UpdateSummary, admitted: Admitted, queued: Counter[Lane]) -> bool:
        is_member = admitted.role is SenderStanding.MEMBER
        limit = MAX_QUEUED
        if lane.urgent:
            limit = MAX_QUEUED_OF_MEMBER if is_member else 2 * MAX_QUEUED
        if self._lanes.length(lane) + queued[lane] > limit:
            return False
        if not is_member:
            return True
        coming = sum(count for one, count in queued.items() if (one.chat, one.urgent) == (lane.chat, lane.urgent))
        return self._lanes.length_in_chat(lane.chat, urgent=lane.urgent) + coming <= MAX_QUEUED_IN_CHAT

    def _observe_unhandled(self, payload: dict[str, Any], summary: UpdateSummary, admitted: Admitted) -> None:
        if admitted.intake is Intake.OBSERVED:
            self._observer.on_member_change(summary.chat, payload)
        if summary.message:
            self._observer.on_unparsed_message(summary.chat, summary.message)
        if admitted.intake is Intake.RATE_LIMITED:
            self._dropped.rate_limited()
        else:
            self._dropped.irrelevant()

    async def _store_all(self, updates: Sequence[Enqueued], full: dict[int, UpdateSummary] | None = None) -> None:
        notices = self._drop_notices.due(full or {})
        if not updates and not notices:
            return
        parsed = list[Parsed]()
        for one in updates:
            await asyncio.sleep(0)
            parsed.append(Parsed(one, self._worker.parse(one.update_id, one.payload)))
        ids = {one.update_id for one in updates}
        try:
            items = await self._store_and_decide(parsed, tuple(notices.values()))
        except DatabaseError:
            self._unconfirmed |= ids
            raise
        for _, item in items:
            if item.is_unheard:
                self._handler.repeat(item.update_id)
        self._unconfirmed -= ids
        self._drop_notices.mark_notified(notices)
        # `on_update` gets all of them before the first is handled.
        for _, item in items:
            if item.update is not None:
                self._observer.on_update(item.update)
        for lane, item in items:
            self._lanes.put(lane, item)

    async def _store_and_decide(
        self, parsed: Sequence[Parsed], dropped: Sequence[UpdateSummary]
    ) -> list[tuple[Lane, Item]]:
        try:
            return await self._database.run(self._store, parsed, dropped, decides=True)
        except DatabaseError:
            raise
        except Exception:
            log.exception("decision failed, retried when the update is handled")
            return await self._database.run(self._store, parsed, dropped, decides=False)

    def _recover_unfinished(self, session: Session) -> list[UnfinishedUpdate]:
        unfinished = inbox.recover_unfinished(session)
        for one in unfinished:
            if one.is_poison:
                self._observer.on_poison(session, one)
                inbox.finish(session, one.update_id, self._clock())
        return unfinished

    def _store(
        self, session: Session, parsed: Sequence[Parsed], dropped: Sequence[UpdateSummary], *, decides: bool
    ) -> list[tuple[Lane, Item]]:
        """Store the updates; return those that are new, with the decisions about those that are next in their lane."""
        known = self._without_unknown_keyboards(session, parsed)
        new_ids = set(inbox.add_new(session, {one.update_id: one.payload for one, _ in known}, self._clock()))
        # Stored by a commit that was not confirmed, with a decision that nobody has heard of.
        unheard = self._unconfirmed.intersection(one.update_id for one, _ in known) - new_ids
        unheard &= inbox.unfinished_among(session, unheard)
        for one, _ in known:
            # At once: a person that writes in the new chat a moment later has the rights of the old one.
            if migration := _migration(one.payload):
                supergroups.migrate(session, *migration, self._clock())
            if access := chat_access(one.payload):
                self._observer.on_chat_access(session, access)
        for summary in dropped:
            self._observer.on_queue_full(session, summary)
        new = [one for one in known if one.enqueued.update_id in new_ids | unheard]
        coming = Counter(one.lane for one, _ in new)
        items, lanes, crowds = list[tuple[Lane, Item]](), set[Lane](), Counter[ChatSlots]()
        for one, update in new:
            crowded, slots = one.admitted.role is SenderStanding.MEMBER, slots_of(one.summary)
            # What waits is decided when its turn comes: by then its person may have lost the right.
            is_next = one.lane not in lanes and self._lanes.begins_at_once(
                one.lane, coming[one.lane], slots if crowded else None, crowds[slots]
            )
            is_next = is_next and decides and one.update_id in new_ids
            decided = self._handler.decide(session, update) if is_next and update is not None else None
            is_unheard = one.update_id in unheard
            item = Item(one.update_id, one.summary, update, crowded=crowded, decided=decided, is_unheard=is_unheard)
            items.append((one.lane, item))
            lanes.add(one.lane)
            crowds[slots] += crowded
        return items

    def _without_unknown_keyboards(self, session: Session, updates: Sequence[Parsed]) -> list[Parsed]:
        """Drop presses of unknown buttons beyond a rate: they come from old messages, or from a client that invents
        them. Those within the rate are answered as out of date."""
        pressed = {one.summary.keyboard for one, _ in updates if one.summary.keyboard}
        known = keyboards.stored_ids(session, pressed) | {one for one in pressed if one in self._unstored_keyboards}
        accepted, now = list[Parsed](), self._clock().timestamp()
        for one, update in updates:
            is_unknown = one.summary.pressed and one.summary.keyboard not in known
            if is_unknown and not self._unknown_keyboards.take(one.summary.person, now):
                self._dropped.irrelevant()
            else:
                accepted.append(Parsed(one, update))
        return accepted


def _migration(payload: dict[str, Any]) -> tuple[int, int] | None:
    """Return the old and the new id of a group that was migrated to a supergroup."""
    match payload:
        case {"message": {"chat": {"id": int(old_id)}, "migrate_to_chat_id": int(new_id)}}:
            return old_id, new_id
        case {"message": {"chat": {"id": int(new_id)}, "migrate_from_chat_id": int(old_id)}}:
            return old_id, new_id
    return None
