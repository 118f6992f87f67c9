"""Transactions that an update takes: one before its answer, which stores and decides it, and one after."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event

from bot.access.policy import Permission
from bot.messages.message import Button, Message
from bot.store.database import Database
from bot.store.tables.messages import Keyboard, Received
from bot.telegram.updates.queue import UpdateQueue
from handlers.dispatch.request import Question, Reply
from handlers.dispatch.rules import OnRestart
from tests.handlers.dispatcher_harness import ANNA, GROUP, SAM, DispatcherHarness
from tests.handlers.update_factory import message, press

VIEW = Reply(Message("broken", {}, ((Button("Refresh", "thing.show"), Button("Do", "thing.do")),)))
ASKED = Reply(Message("broken"), question=Question("thing.answer", {}))


class Office(DispatcherHarness):
    """One command of each kind, behind the queue of updates."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.offers("plain", Permission.STATUS_READ, Reply(Message("broken")))
        self.offers("view", Permission.STATUS_READ, VIEW)
        self.offers("ask", Permission.STATUS_READ, ASKED)
        self.offers("confirm", Permission.STATUS_READ, replace(VIEW, confirm=True))
        self.offers("atomic", Permission.STATUS_READ, Reply(Message("broken")), resume=OnRestart.ATOMIC)
        self.on_press("thing.show", Permission.STATUS_READ, VIEW)
        self.on_press("thing.do", Permission.STATUS_READ, Reply(Message("broken"), outcome="done"))
        self.on_answer("thing.answer", Permission.STATUS_READ, Reply(Message("broken"), closes_question=True))
        queue: Any = None
        self.queue = UpdateQueue(queue, database, self.dispatcher, clock=self.clock)

    async def receives(self, update: dict[str, Any]) -> None:
        self.update_id += 1
        await self.queue.enqueue([{"update_id": self.update_id, **update}])
        async with asyncio.timeout(30):
            await asyncio.gather(*self.queue._lanes._workers)

    async def types(self, text: str, person: int = ANNA, chat: int = GROUP, sent: Any = None) -> None:
        await self.receives({"message": message(text, person, chat, sent or self.now)})

    async def presses_last(self, column: int) -> None:
        keyboard = self.chat.keyboards[-1]
        await self.receives({"callback_query": press(f"{keyboard.id}:0:{column}", ANNA, GROUP, self.now)})


@pytest.fixture
async def office(database: Database) -> Office:
    office = Office(database)
    # Reads once what a run reads once.
    await office.types("/plain")
    return office


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """Collect what each transaction did: "write" or "read"."""
    done: list[str] = []
    changes_before = 0

    def begun(connection: Connection) -> None:
        nonlocal changes_before
        changes_before = _changes(connection)

    def committed(connection: Connection) -> None:
        done.append("write" if _changes(connection) > changes_before else "read")

    event.listen(database._engine, "begin", begun)
    event.listen(database._engine, "commit", committed)
    yield done
    event.remove(database._engine, "begin", begun)
    event.remove(database._engine, "commit", committed)


def _changes(connection: Connection) -> int:
    """Return a number that is greater after a change."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        return int(driver.total_changes)
    return int(connection.exec_driver_sql("SELECT count(pg_current_xact_id_if_assigned())").scalar_one())


@pytest.mark.parametrize(
    ("text", "person", "transactions"),
    [
        ("/plain", ANNA, ["write", "write"]),
        ("/view", ANNA, ["write", "write"]),
        ("/ask", ANNA, ["write", "write"]),
        # Stored and decided, refused, finished.
        ("/unknown", ANNA, ["write", "write"]),
        # Telegram is asked whether Sam is a member; its answer is remembered for a minute.
        ("/plain", SAM, ["write", "read", "write", "write"]),
        # Chatter of the group: whether it answers a question is looked up while it is stored.
        ("hello", ANNA, ["write", "write"]),
    ],
)
async def test_a_command_that_only_reads_takes_two(
    office: Office, text: str, person: int, transactions: list[str]
) -> None:
    with counted(office.database) as done:
        await office.types(text, person)
    assert done == transactions


async def test_its_buttons_and_its_end_are_stored_together(office: Office) -> None:
    await office.types("/view")
    with office.database.begin() as session:
        keyboard = session.get_one(Keyboard, office.chat.keyboards[-1].id)
        received = session.get_one(Received, office.update_id)
    assert keyboard.message_id == len(office.chat.said)
    assert received.done_at is not None


@pytest.mark.parametrize(("column", "transactions"), [(0, ["write", "write"]), (1, ["write", "write"])])
async def test_so_does_a_press(office: Office, column: int, transactions: list[str]) -> None:
    await office.types("/view")
    with counted(office.database) as done:
        await office.presses_last(column)
    assert done == transactions


async def test_so_does_the_answer_to_a_question(office: Office) -> None:
    await office.types("/ask", chat=ANNA)
    with counted(office.database) as done:
        await office.types("because", chat=ANNA)
    assert done == ["write", "write"]


async def test_a_question_that_confirms_a_write_takes_one_more(office: Office) -> None:
    """Its button outlives a program that is killed right after sending it."""
    with counted(office.database) as done:
        await office.types("/confirm")
    assert done == ["write", "write", "write"]
    with office.database.begin() as session:
        keyboard = session.get_one(Keyboard, office.chat.keyboards[-1].id)
    assert keyboard.message_id == len(office.chat.said)


async def test_its_button_is_stored_before_it_is_sent(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[bool] = []

    async def send(*_: Any, keyboard: Keyboard, **__: Any) -> int:
        with office.database.begin() as session:
            stored.append(session.get(Keyboard, keyboard.id) is not None)
        return 1

    monkeypatch.setattr(office.chat, "send", send)
    await office.types("/confirm")
    assert stored == [True]


async def test_what_changes_our_own_store_takes_one_more(office: Office) -> None:
    """Its change, its outcome and its pending reply are one transaction."""
    with counted(office.database) as done:
        await office.types("/atomic")
    assert done == ["write", "write", "write"]


async def test_a_member_of_the_chat_takes_two_while_telegrams_answer_is_remembered(office: Office) -> None:
    office.members.remembered.add((GROUP, SAM))
    with counted(office.database) as done:
        await office.types("/plain", SAM)
    assert done == ["write", "write"]


async def test_a_press_that_comes_before_its_button_is_stored_waits_for_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_store = asyncio.Event()
    run_queued = office.database.run_queued

    async def run_when_allowed(work: Any, *args: Any, **kwargs: Any) -> Any:
        await may_store.wait()
        return await run_queued(work, *args, **kwargs)

    monkeypatch.setattr(office.database, "run_queued", run_when_allowed)
    asking = asyncio.create_task(office.types("/view"))
    while not office.chat.keyboards:  # noqa: ASYNC110 (it is sent within some turns)
        await asyncio.sleep(0)
    pressing = asyncio.create_task(office.presses_last(1))
    await asyncio.sleep(0.01)
    may_store.set()
    await asyncio.gather(asking, pressing)
    assert [row.outcome for row in await office.outcomes()][-1] == "done"
