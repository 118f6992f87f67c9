"""Run handlers: a reply for every outcome, failures included, and background tasks after the reply."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from bot.messages.message import Message
from bot.pbx import PbxError
from bot.runtime.clock import Clock
from bot.store.access import audit
from bot.store.database import DatabaseError, Session, Store
from bot.store.messages import unfinished_updates
from handlers.dialog import pbx_errors
from handlers.dispatch.declare import Command, Question, Reply, WrongArguments
from handlers.dispatch.replier import Replier
from handlers.recovery import pending_replies
from handlers.recovery.pending_replies import Address

log = structlog.get_logger(__name__)

Work = Callable[[], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class ExecutionJob:
    """Job of an update, its audit row and the address of its reply. An `atomic` job is done in one transaction with its
    outcome."""

    update_id: int
    entry: int
    address: Address
    atomic: bool = False


class Executor:
    """Run handlers; their errors become replies."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._going_on: set[asyncio.Task[None]] = set()
        # Set at shutdown: long tasks stop at the next safe point.
        self.stop = asyncio.Event()

    async def finish(self, within: float) -> None:
        """Signal the shutdown to background tasks; cancel them after a timeout of `within` seconds."""
        self.stop.set()
        if self._going_on:
            await asyncio.wait(self._going_on, timeout=within)
        for task in self._going_on:
            task.cancel()

    async def run(
        self, job: ExecutionJob, work: Work, *, command: Command | None = None, question: Question | None = None
    ) -> Reply:
        """Return the reply of the work, or the reply for its error. Invalid input is asked for again."""
        try:
            return await work()
        except WrongArguments as wrong:
            facts = {
                "problem": wrong.problem,
                "written": wrong.written,
                "command": command.name if command else "",
                "usage": command.usage if command else "",
                "examples": command.examples if command else (),
            }
            message = wrong.message or Message("wrong_arguments", facts)
            return Reply(message, question=wrong.question or question, outcome="wrong arguments")
        except PbxError as error:
            message = Message("problem", {"station": job.address.station, "problem": pbx_errors.describe(error)})
            return Reply(message, outcome=f"failed: {type(error).__name__}")
        except Exception:
            log.exception("handler failed")
            return Reply(Message("broken"), outcome="failed inside the bot")

    async def carry_out(
        self, job: ExecutionJob, work: Work, *, command: Command | None = None, question: Question | None = None
    ) -> Reply:
        """Run the job. An atomic one is committed in one session with its audit outcome and pending reply, or rolled
        back."""
        if not job.atomic:
            return await self.run(job, work, command=command, question=question)
        try:
            async with self._store.atomic() as session:
                reply = await self.run(job, work, command=command, question=question)
                await self._record(session, job, reply)
                if reply.then is None:
                    await unfinished_updates.write(
                        session, job.update_id, pending_replies.written(reply, job.address), self._clock()
                    )
                else:
                    await unfinished_updates.forget(session, job.update_id)
                return reply
        except DatabaseError:
            log.exception("database error, job rolled back")
            reply = Reply(Message("broken"), outcome="failed inside the bot")
            async with self._store.begin() as session:
                await self._record(session, job, reply)
            return reply

    async def conclude(self, job: ExecutionJob, chat: Replier, reply: Reply) -> None:
        """Send the reply, complete the audit row, and start the background task that follows."""
        await chat.say(reply)
        async with self._store.begin() as session:
            await chat.tie(session)
            if not job.atomic:
                await self._record(session, job, reply)
            await unfinished_updates.forget(session, job.update_id)
        if reply.then is not None:
            self.begin(chat, reply.then, job)

    def begin(self, chat: Replier, work: Work, job: ExecutionJob) -> None:
        """Run work as a background task that ends in a reply."""
        task = asyncio.create_task(self._go_on(replace(job, atomic=False), chat, work))
        self._going_on.add(task)
        task.add_done_callback(self._going_on.discard)

    async def _record(self, session: Session, job: ExecutionJob, reply: Reply) -> None:
        await audit.record_outcome(session, job.entry, reply.outcome, reply.change, self._clock())

    async def _go_on(self, job: ExecutionJob, chat: Replier, work: Work) -> None:
        try:
            await self.conclude(job, chat, await self.run(job, work))
        except Exception:
            log.exception("background task failed")
