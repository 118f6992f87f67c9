"""Updates that crash the program: detected at the second crash and not retried; and full queues."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from telegram import Update

from bot.notifications.unhandled_updates import UnhandledUpdates
from bot.runtime.waiting import Signal
from bot.store.access.known_senders import KnownSenders
from bot.store.database import Database
from bot.store.messages import inbox
from bot.store.messages.inbox import UnfinishedUpdate
from bot.store.messages.keyboards import new_keyboard
from bot.store.messages.outbox import Urgency
from bot.store.tables.messages import Outgoing
from bot.telegram.updates import worker
from bot.telegram.updates.admission import Admission
from bot.telegram.updates.lanes import LONG_QUEUE, MAX_LONG_AT_ONCE, Item, Lane, Lanes
from bot.telegram.updates.queue import EACH_UNKNOWN, MAX_QUEUED, MAX_QUEUED_IN_CHAT, MAX_QUEUED_OF_MEMBER, UpdateQueue
from bot.telegram.updates.summary import UpdateKind, UpdateSummary, summarize
from tests.telegram.observers import observing
from tests.telegram.updates.update_handler import HandledBy

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
DEADLY = "deadly"


GROUP = -100


def update(number: int, text: str = "x", person: int = 1, chat_id: int = GROUP) -> dict[str, Any]:
    sender = {"id": person, "is_bot": False, "first_name": "Anna"}
    chat = {"id": chat_id, "type": "private" if chat_id > 0 else "supergroup", "title": "t"}
    entities = [{"type": "bot_command", "offset": 0, "length": len(text)}] if text.startswith("/") else []
    message = {"message_id": number, "date": int(NOW.timestamp()), "chat": chat, "from": sender, "text": text}
    return {"update_id": number, "message": message | {"entities": entities}}


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not look():  # noqa: ASYNC110 (no event to wait for)
            await asyncio.sleep(0.001)


class Harness:
    """Runs of the program on one database. `begun` are the texts whose handlers began in this run, `aside` the ids of
    updates set aside; a deadly handler never ends.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.aside: list[int] = []
        self.begun: list[str] = []
        self.now = NOW
        self.updates = self.starts()

    def starts(self, handle: Callable[[Update], Awaitable[None]] | None = None, **more: Any) -> UpdateQueue:
        self.begun = []
        bot: Any = None
        observer = observing(on_poison=self._set_aside)
        options: dict[str, Any] = {"observer": observer} | more
        self.updates = UpdateQueue(
            bot, self.database, HandledBy(handle or self._handle), clock=lambda: self.now, **options
        )
        return self.updates

    async def _handle(self, update: Update) -> None:
        assert update.message is not None
        self.begun.append(str(update.message.text))
        if update.message.text == DEADLY:
            await asyncio.Event().wait()

    def _set_aside(self, _session: Session, left: UnfinishedUpdate) -> None:
        self.aside.append(left.update_id)

    async def dies(self, after: int) -> None:
        """Kill the program once so many handlers have begun."""
        await until(lambda: len(self.begun) >= after)
        for _ in range(20):
            await asyncio.sleep(0.001)
        for task in self.updates._lanes._workers:
            task.cancel()
        await asyncio.sleep(0)

    async def crashes(self) -> dict[int, int]:
        with self.database.begin() as session:
            found = inbox.unfinished(session)
            left = inbox.recover_unfinished(session)
            # A read does not count as a start.
            session.rollback()
        assert list(found) == [one.update_id for one in left]
        return {one.update_id: one.crashes for one in left}


async def test_the_second_death_tells_the_culprit_and_nobody_beside_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "EXCLUSIVE_FOR", 60.0)
    harness = Harness(database)
    harness.begun = []
    await harness.updates.enqueue([update(1, DEADLY), update(2, "innocent", 2), update(3, DEADLY, 3)])
    await harness.dies(after=3)

    await harness.starts().resume()
    # One by one: the harmless one, whose end was not stored, does not start beside it.
    await harness.dies(after=1)
    assert harness.begun == [DEADLY]

    await harness.starts().resume()
    await harness.dies(after=1)
    assert (harness.aside, harness.begun) == ([1], [DEADLY])

    await harness.starts().resume()
    await harness.updates.drain(5)
    assert (harness.aside, harness.begun) == ([1, 3], [])
    assert await harness.crashes() == {}


async def test_what_waits_in_the_inbox_while_the_program_dies_is_not_to_blame(database: Database) -> None:
    with database.begin() as session:
        inbox.add_new(session, {1: update(1, DEADLY), 2: update(2, "innocent", 2)}, NOW)
    harness = Harness(database)
    for _ in range(2):
        await harness.starts().resume()
        if not harness.aside:
            await harness.dies(after=1)
    await harness.updates.drain(5)
    assert (harness.aside, harness.begun) == ([1], ["innocent"])


async def test_an_end_in_order_is_nobodys_fault(database: Database) -> None:
    harness = Harness(database)
    await harness.updates.enqueue([update(1, DEADLY)])
    for _ in range(5):
        await harness.updates.drain(0.01)
        await harness.dies(after=0)
        await harness.starts().resume()
    assert harness.aside == []
    # It is detected all the same, once it ends the program.
    await harness.dies(after=1)
    await harness.starts().resume()
    await harness.dies(after=1)
    await harness.starts().resume()
    assert harness.aside == [1]


async def test_what_is_left_over_waits_for_a_slow_one_only_so_long(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "EXCLUSIVE_FOR", 0.01)
    with database.begin() as session:
        inbox.add_new(session, {1: update(1, DEADLY), 2: update(2, "next", 2)}, NOW)
    harness = Harness(database)
    await harness.updates.resume()
    await until(lambda: len(harness.begun) == 2)
    assert harness.begun == [DEADLY, "next"]


class Full(Harness):
    def __init__(self, database: Database) -> None:
        self.told: list[int] = []
        self.released = asyncio.Event()
        super().__init__(database)

    def not_read(self, _session: Session, seen: UpdateSummary) -> None:
        self.told.append(seen.person)

    async def _handle(self, update: Update) -> None:
        assert update.message is not None
        if update.message.text == "/ack":
            self.begun.append("/ack")
            return
        await self.released.wait()
        await super()._handle(update)


async def refresh() -> None:
    return None


def known_are(people: set[int], chats: set[int]) -> KnownSenders:
    known = KnownSenders(None, None, None, lambda: NOW)  # type: ignore[arg-type]
    known.people, known.chats, known.ours = frozenset(people), frozenset(chats), frozenset(chats)
    known.refresh = refresh  # type: ignore[method-assign]
    return known


async def test_a_line_is_so_long_and_who_is_not_read_is_notified_once(database: Database) -> None:
    harness = Full(database)
    harness.starts(
        admission=Admission(known_are({1, 2}, set()), NOW),
        observer=observing(on_queue_full=harness.not_read),
        urgent={"ack"},
    )
    for first in range(1, 3001, 100):
        await harness.updates.enqueue([update(first + number, f"/x{number}", chat_id=1) for number in range(100)])
    assert harness.told == [1]
    with database.begin() as session:
        assert len(inbox.unfinished(session)) == MAX_QUEUED

    # An acknowledgement does not wait behind the queue, and other chats have their own.
    await harness.updates.enqueue([update(5001, "/ack", chat_id=1), update(5002, "/x", 2)])
    await until(lambda: harness.begun == ["/ack"])
    harness.released.set()
    await harness.updates.drain(20)
    assert len(harness.begun) == MAX_QUEUED + 2
    with database.begin() as session:
        assert inbox.unfinished(session) == {}
    # There is space again; filling the queue again is notified again.
    harness.released.clear()
    await harness.updates.enqueue([update(6000 + number, "/y", chat_id=1) for number in range(MAX_QUEUED + 5)])
    assert harness.told == [1, 1]
    harness.released.set()
    await harness.updates.drain(20)


async def test_a_group_is_notified_once_in_ten_minutes_whoever_sends_too_much(database: Database) -> None:
    harness = Full(database)
    harness.starts(
        admission=Admission(known_are({1}, {GROUP}), NOW), observer=observing(on_queue_full=harness.not_read)
    )

    async def flood(first: int) -> None:
        for number in range(first, first + 3000, 100):
            await harness.updates.enqueue([update(number + one, "/x", 10 + one % 30) for one in range(100)])

    await flood(1)
    # Not notified anew when the queue is worked off and refilled.
    harness.released.set()
    await until(lambda: harness.updates._lanes.length_in_chat(GROUP) == 0)
    harness.released.clear()
    await flood(10_001)
    assert len(harness.told) == 1
    harness.now += timedelta(minutes=11)
    await flood(20_001)
    assert len(harness.told) == 2
    harness.released.set()
    await harness.updates.drain(20)


async def test_what_is_not_read_is_said_of_nobody_in_a_group_and_waits_for_all_that_matters(database: Database) -> None:
    woken: list[None] = []
    told = UnhandledUpdates(None, known_are(set(), {GROUP}), "", lambda: NOW, Signal(lambda: woken.append(None)))  # type: ignore[arg-type]
    for chat in (GROUP, 1):
        for number in range(3):
            with database.begin() as session:
                told.not_read(session, summarize(update(number + 1, "/x", chat_id=chat)))
    with database.begin() as session:
        rows = (session.execute(select(Outgoing).order_by(Outgoing.id))).scalars().all()
    owed = [(row.chat_id, row.facts["person"], row.message_id, row.urgency) for row in rows]
    assert owed == [(GROUP, "", None, Urgency.DIGEST), (1, "Anna", 1, Urgency.DIGEST)]
    assert woken


def press(number: int, person: int, data: str) -> dict[str, Any]:
    where = {"message_id": 7, "date": 1, "chat": {"id": GROUP, "type": "supergroup", "title": "t"}}
    query = {"id": str(number), "from": {"id": person, "is_bot": False, "first_name": "A"}, "chat_instance": "1"}
    return {"update_id": number, "callback_query": query | {"message": where, "data": data}}


class Pressing(Harness):
    """`pressed` is the data of presses whose handlers began; none ends before `released`."""

    def __init__(self, database: Database) -> None:
        self.pressed: list[tuple[int, str]] = []
        self.released = asyncio.Event()
        super().__init__(database)

    async def _handle(self, update: Update) -> None:
        if (query := update.callback_query) is not None:
            self.pressed.append((query.from_user.id, str(query.data)))
        await self.released.wait()


@pytest.mark.parametrize("data", ["A" * 16 + ":0:0", "A" * 16 + ":0:0:", "nonsense", ""])
async def test_of_presses_that_somebody_made_up_a_few_are_answered_and_the_rest_is_not_stored(
    database: Database, data: str
) -> None:
    kept = new_keyboard(GROUP, [[]], now=NOW, station="")
    with database.begin() as session:
        session.add(kept)
    harness, numbers = Pressing(database), itertools.count(1)
    harness.starts(admission=Admission(known_are({1, 2}, {GROUP}), NOW))
    harness.released.set()
    for _ in range(5):
        await harness.updates.enqueue([press(next(numbers), 1, data) for _ in range(100)])
    # Another person's unknown press and presses on known buttons are handled.
    mine = f"{kept.id}:0:0"
    await harness.updates.enqueue([press(next(numbers), 2, data), *(press(next(numbers), 1, mine) for _ in range(9))])
    await harness.updates.drain(20)
    assert Counter(harness.pressed) == {(1, data): EACH_UNKNOWN.burst, (2, data): 1, (1, mine): 9}


async def test_what_is_urgent_of_many_members_has_a_limit_for_each_and_for_all(database: Database) -> None:
    harness, numbers = Pressing(database), itertools.count(1)
    harness.starts(admission=Admission(known_are({1}, {GROUP}), NOW), urgent={"ack"})

    async def waiting() -> int:
        with database.begin() as session:
            return len(inbox.unfinished(session))

    await harness.updates.enqueue([update(next(numbers), "/ack", 10) for _ in range(50)])
    assert await waiting() == MAX_QUEUED_OF_MEMBER
    for _ in range(50):
        await harness.updates.enqueue([update(next(numbers), "/ack", 10 + one) for one in range(100)])
    assert MAX_QUEUED_IN_CHAT // 2 < await waiting() <= MAX_QUEUED_IN_CHAT
    before = await waiting()
    # The limit excludes neither their other commands nor people with a role of their own.
    await harness.updates.enqueue([update(next(numbers), "/status", 10), update(next(numbers), "/ack", 1)])
    assert await waiting() == before + 2
    harness.released.set()
    await harness.updates.drain(20)


async def test_who_has_much_waiting_comes_behind_the_rest() -> None:
    released, at_work = asyncio.Event(), list[int]()

    async def work(item: Item) -> None:
        at_work.append(item.summary.person)
        await released.wait()

    lanes = Lanes(work)
    for person in range(1, 21):
        for number in range(LONG_QUEUE + 10):
            lanes.put(
                Lane(GROUP, person, urgent=True),
                Item(number, UpdateSummary(UpdateKind.REQUEST, GROUP, person, pressed=True)),
            )
    lanes.put(Lane(GROUP, 99, urgent=True), Item(1, UpdateSummary(UpdateKind.REQUEST, GROUP, 99, pressed=True)))
    await asyncio.sleep(0.01)
    assert len(at_work) == MAX_LONG_AT_ONCE + 1
    assert 99 in at_work
    released.set()
    await lanes.drain(5)
    assert len(at_work) == 20 * (LONG_QUEUE + 10) + 1
