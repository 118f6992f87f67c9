"""The office with kill points: every write, PBX request and message is a moment at which the program may be killed.

Only the database, the PBX with its pending changes, and the messages already sent survive a run.
"""

import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event, select

from bot.access.policy import Destination
from bot.messages.message import Message
from bot.store import database
from bot.store.database import Database, Session
from bot.store.tables.audit import AuditEntry, AuditOutcome
from bot.store.tables.dialog import TemporaryPayload
from bot.store.tables.messages import Outgoing, Received
from bot.telegram.updates.queue import UpdateQueue
from handlers.dispatch.services import Station
from tests.fixtures import postgresql, stored, stores
from tests.handlers.dispatcher_harness import ANNA
from tests.handlers.forged_updates import CountingTransport, ForgedUpdatesHarness
from tests.handlers.recording_chat import Chat
from tests.handlers.update_factory import message, press

# Polls after which the PBX carries out a request received before the kill.
LATE = 3


class Killed(BaseException):
    pass


@dataclass
class ProcessState:
    """Kill the program at the moment numbered `at`; no code runs afterwards. Moments without an outside change in
    between count as one.
    """

    at: int | None = None
    passed: list[str] = field(default_factory=list)
    dead: bool = False

    def moment(self, name: str) -> None:
        self.alive()
        self.passed.append(name)
        if self.at is not None and len(self.passed) > self.at:
            self.dead = True
            raise Killed

    def alive(self) -> None:
        if self.dead:
            raise Killed

    def again(self, at: int | None = None) -> None:
        self.at, self.dead, self.passed = at, False, []


class MortalDatabase(Database):
    """Emptied before each play and reused, so that each statement is compiled once."""

    process_state: ProcessState
    connection: sqlite3.Connection

    def empty(self) -> None:
        self.process_state = ProcessState()
        if not self.is_sqlite:
            postgresql.emptied()
            return
        with closing(sqlite3.connect(stores.empty())) as empty:
            empty.backup(self.connection)

    async def run(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if database._atomic_session.get() is not None:
            return await super().run(work, *args, **kwargs)

        def work_unless_killed(session: Session) -> Any:
            result = work(session, *args, **kwargs)
            self.process_state.alive()
            return result

        result = await super().run(work_unless_killed)
        self.process_state.moment("after a commit")
        return result

    async def run_queued(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return await self.run(work, *args, **kwargs)

    async def atomic(self, work: Callable[[Session], Coroutine[Any, Any, Any]]) -> Any:
        async def work_until_commit(session: Session) -> Any:
            result = await work(session)
            self.process_state.moment("before the commit of an atomic job")
            return result

        return await super().atomic(work_until_commit)


class MortalWire(CountingTransport):
    def __init__(self, process_state: ProcessState) -> None:
        super().__init__()
        self.process_state = process_state
        self._late: tuple[httpx.Request, int] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            await self._carry_out_late()
            return await super().handle_async_request(request)
        try:
            self.process_state.moment(f"{request.method} waits in the PBX's queue")
        except Killed:
            if self._late is None:
                self._late = (request, LATE)
            raise
        response = await super().handle_async_request(request)
        self.process_state.moment(f"after {request.method}")
        return response

    async def _carry_out_late(self) -> None:
        if self._late is None or self.process_state.dead:
            return
        request, left = self._late
        self._late = (request, left - 1)
        if left == 0:
            self._late = None
            await super().handle_async_request(request)


@dataclass
class MortalChat(Chat):
    process_state: ProcessState = field(default_factory=ProcessState)

    async def send(self, to: Destination, message: Message, **more: Any) -> int:
        self.process_state.alive()
        sent = await super().send(to, message, **more)
        self.process_state.moment("after a message")
        return sent

    async def send_file(self, to: Destination, file: Any, **_: Any) -> int:
        self.process_state.alive()
        self.said.append((to.chat, "a file", {"content": file.content}))
        self.process_state.moment("after a file")
        return len(self.said)

    async def edit(self, chat: int, message_id: int, message: Message, **more: Any) -> None:
        self.process_state.alive()
        await super().edit(chat, message_id, message, **more)
        self.process_state.moment("after an edit")


class KillableHarness(ForgedUpdatesHarness):
    """`end` is the database file, which every restart opens again."""

    def __init__(self, database: MortalDatabase, *, two_person: frozenset[str] = frozenset()) -> None:
        self.process_state = database.process_state
        super().__init__(database)
        self.settings = self.settings.model_copy(update={"two_person": two_person})
        self.wire = MortalWire(self.process_state)
        self.chat: MortalChat = MortalChat(process_state=self.process_state)
        self.start()

    def station(self) -> Station:
        async def at_once(_seconds: float) -> None:
            return None

        return replace(super().station(), pause=at_once)

    def start(self) -> None:
        super().start()
        self.updates = UpdateQueue(None, self.database, self.dispatcher, clock=self.clock)  # type: ignore[arg-type]

    async def hears(self, update: dict[str, Any]) -> None:
        """Deliver the update until it is confirmed, restarting the program after each kill."""
        self.update_id += 1
        numbered = {"update_id": self.update_id} | update
        while not await self._run(lambda: self.updates.enqueue([numbered])):
            self.process_state.again()
            self.restart(timedelta(seconds=2))
            if not await self._run(self._left_over):
                raise AssertionError("killed twice")

    async def _left_over(self) -> None:
        await self.dispatcher.resume()
        await self.updates.resume()

    async def _run(self, begin: Callable[[], Any]) -> bool:
        """Return False when it was killed."""
        with suppress(Killed):
            await begin()
        while tasks := [*self.updates._lanes._workers, *self.dispatcher._executor._background_tasks]:
            for task in tasks:
                with suppress(Killed):
                    await task
                self.updates._lanes._workers.discard(task)
                self.dispatcher._executor._background_tasks.discard(task)
        return not self.process_state.dead

    async def asks(self, text: str, person: int = ANNA, chat: int | None = None) -> None:
        await self.hears({"message": message(text, person, chat or person, self.now)})

    def pressing(self, person: int = ANNA, chat: int | None = None, place: str = "0:0") -> dict[str, Any]:
        keyboard = self.chat.keyboards[-1]
        data = f"{keyboard.id}:{place}"
        return {"callback_query": press(data, person, chat or person, self.now)}

    async def stored(self, table: Any, *where: Any) -> list[Any]:
        with self.database.begin() as session:
            return list(session.execute(select(table).where(*where)).scalars())

    async def left_behind(self) -> list[str]:
        """Return unfinished work: there must be none at the end."""
        finished = {row.decision_id for row in await self.stored(AuditOutcome)}
        open_ = [row.what for row in await self.stored(AuditEntry) if row.allowed and row.id not in finished]
        deeds = [row.id for row in await self.stored(TemporaryPayload) if row.id.startswith("deed ")]
        updates = [str(row.update_id) for row in await self.stored(Received) if row.done_at is None]
        return [*open_, *deeds, *updates]

    async def owed(self, template: str) -> list[int]:
        return sorted(row.chat_id for row in await self.stored(Outgoing, Outgoing.template == template))

    def told(self) -> list[str]:
        return [one.template for one in self.chat.shown]


async def opened(path: Path) -> MortalDatabase:
    if stored.ON_POSTGRESQL:
        return postgresql.hurry_up(MortalDatabase(postgresql.emptied()))
    database = stores.hurry_up(MortalDatabase(f"sqlite:///{path}"), path)

    def keep(connection: sqlite3.Connection, _record: Any) -> None:
        database.connection = connection

    event.listen(database._engine, "connect", keep)
    await database.open()
    return database
