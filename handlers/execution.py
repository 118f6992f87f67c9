"""Doing what was allowed: a reply for every outcome, also for a failure, and work that goes on after the answer."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from bot.chat.message import Message
from bot.pbx import PbxError
from bot.store import audit
from bot.store.database import Store
from handlers import problems
from handlers.command import Command, Question, Reply, WrongArguments
from handlers.conversation import Conversation

log = structlog.get_logger(__name__)

Work = Callable[[], Awaitable[Reply]]


class Execution:
    """Runs handlers. What they raise becomes a sentence, and none of it ends anything else."""

    def __init__(self, store: Store, station: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._station = station
        self._clock = clock
        self._going_on: set[asyncio.Task[None]] = set()
        self.stopping = False

    async def finish(self, within: float) -> None:
        """Tell what goes on in the background that the program ends, and let it come to a good place to stop, for at
        most `within` seconds."""
        self.stopping = True
        if self._going_on:
            await asyncio.wait(self._going_on, timeout=within)
        for task in self._going_on:
            task.cancel()

    async def run(self, work: Work, *, command: Command | None = None, question: Question | None = None) -> Reply:
        """What the work replies, or how its failure is said. An answer that cannot be meant is asked for again."""
        try:
            return await work()
        except WrongArguments as wrong:
            facts = {
                "problem": wrong.problem,
                "command": command.name if command else "",
                "usage": command.usage if command else "",
                "examples": command.examples if command else (),
            }
            message = wrong.message or Message("wrong_arguments", facts)
            return Reply(message, question=question, outcome="wrong arguments")
        except PbxError as error:
            message = Message("problem", {"station": self._station, "problem": problems.describe(error)})
            return Reply(message, outcome=f"failed: {type(error).__name__}")
        except Exception:
            log.exception("a handler failed")
            return Reply(Message("broken"), outcome="failed inside the bot")

    async def conclude(self, entry: int, talk: Conversation, reply: Reply) -> None:
        """Say the reply, complete the audit row `entry`, and start what is to go on after it."""
        await talk.finish(reply)
        async with self._store.begin() as session:
            await audit.record_outcome(session, entry, reply.outcome, reply.change, self._clock())
        if reply.then is not None:
            task = asyncio.create_task(self._go_on(entry, talk, reply.then))
            self._going_on.add(task)
            task.add_done_callback(self._going_on.discard)

    async def _go_on(self, entry: int, talk: Conversation, work: Work) -> None:
        try:
            await self.conclude(entry, talk, await self.run(work))
        except Exception:
            log.exception("what went on in the background could not be concluded")
