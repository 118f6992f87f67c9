"""Run handlers: their request, a reply for every outcome, failures included, and background tasks after the reply."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import structlog

from bot.access.policy import Permission
from bot.messages.message import Message
from bot.messages.renderer import Renderer
from bot.pbx import PbxError
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.access import audit
from bot.store.database import Database, DatabaseError, Session, WaitedOutside
from bot.store.messages import inbox, unfinished_updates
from bot.store.messages.unstored_keyboards import UnstoredKeyboards
from bot.telegram.delivery.sender import Sender
from bot.telegram.errors import DeliveryError
from handlers.authorization.access_request import Authorization
from handlers.authorization.preconditions import May
from handlers.authorization.station_choice import StationChooser
from handlers.dialog import pbx_errors
from handlers.dispatch.declare import Command
from handlers.dispatch.intents import ButtonPressed, CommandTyped, TextSent
from handlers.dispatch.replier import Replier
from handlers.dispatch.request import Question, Reply, Request, Stopped, WrongArguments
from handlers.dispatch.services import Services
from handlers.recovery import pending_replies
from handlers.recovery.pending_replies import Address

log = structlog.get_logger(__name__)

# Key in the data of a button that repeats work a killed run may have done already.
AGAIN = "again"

Work = Callable[[], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class ExecutionJob:
    """Job of an update, its audit row and the address of its reply. An `atomic` job is done in one transaction with its
    outcome. `finishes_update`: nothing is left to do for the update once the job is concluded."""

    update_id: int
    audit_id: int
    address: Address
    atomic: bool = False
    finishes_update: bool = False


@dataclass(slots=True)
class Executor:
    """Run handlers; their errors become replies. `mask_numbers`: mask phone numbers in groups for people without the
    right to them. `needs_second`: predicate for actions under two-person approval. `stop` is set at shutdown: long
    tasks stop at the next safe point."""

    directory: StationChooser
    services: Services
    database: Database
    unstored_keyboards: UnstoredKeyboards
    sender: Sender
    renderer: Renderer
    clock: Clock
    mask_numbers: bool = False
    wake: Signal | None = None
    needs_second: Callable[[str], bool] = lambda _action: False
    stop: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _background_tasks: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    def replier(self, address: Address, may: May, *, possible_repeat: bool = False, settled: bool = True) -> Replier:
        """Build the replier. `possible_repeat`: a killed run may have replied already. `settled`: one station is
        meant, and is named."""
        return Replier(
            sender=self.sender,
            database=self.database,
            unstored_keyboards=self.unstored_keyboards,
            zone=self.directory.zone(address.station),
            clock=self.clock,
            address=address,
            names_station=settled and self.directory.single_station is None,
            masked=self.mask_numbers and not may(Permission.NUMBERS_READ).allowed,
            wake=self.wake,
            possible_repeat=possible_repeat,
            needs_second=self.needs_second,
        )

    def request(
        self,
        intent: CommandTyped | TextSent | ButtonPressed,
        replier: Replier,
        authorization: Authorization,
        *,
        arguments: str = "",
    ) -> Request:
        """Build the request of an authorized intent."""
        return Request(
            actor=intent.actor,
            place=intent.place,
            station=authorization.station,
            now=self.clock(),
            chat=replier,
            may=authorization.may,
            may_at=authorization.limited_to_actor().may_at,
            asking=authorization.asking,
            settled=authorization.settled,
            services=self.services,
            translate=self.renderer.label,
            stop=self.stop,
            candidates=authorization.candidates,
            named=authorization.named,
            arguments=arguments,
            data=authorization.subject.data,
            kept=authorization.subject.kept,
            resumed=authorization.interrupted_decision is not None or AGAIN in authorization.subject.data,
            document=None if isinstance(intent, ButtonPressed) else intent.document,
            reply_author=intent.reply_author if isinstance(intent, CommandTyped) else None,
            shown=(intent.message_id or None) if isinstance(intent, ButtonPressed) else None,
        )

    async def finish(self, drain_timeout: float) -> None:
        """Signal the shutdown to background tasks; cancel them after `drain_timeout` seconds."""
        self.stop.set()
        if self._background_tasks:
            await asyncio.wait(self._background_tasks, timeout=drain_timeout)
        for task in self._background_tasks:
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
        except Stopped as stopped:
            return Reply(stopped.message, outcome="stopped")
        except PbxError as error:
            message = Message("problem", {"station": job.address.station, "problem": pbx_errors.describe(error)})
            return Reply(message, outcome=f"failed: {type(error).__name__}")
        except Exception:
            log.exception("handler failed")
            return Reply(Message("broken"), outcome="failed inside the bot")

    async def execute(
        self, job: ExecutionJob, work: Work, *, command: Command | None = None, question: Question | None = None
    ) -> Reply:
        """Run the job. An atomic one is committed in one session with its audit outcome and pending reply, or rolled
        back."""
        if not job.atomic:
            return await self.run(job, work, command=command, question=question)

        async def with_outcome(session: Session) -> Reply:
            reply = await self.run(job, work, command=command, question=question)
            self._record(session, job, reply)
            if reply.then is None:
                checkpoint = pending_replies.to_checkpoint(reply, job.address)
                unfinished_updates.write(session, job.update_id, checkpoint, self.clock())
            else:
                unfinished_updates.remove(session, job.update_id)
            return reply

        try:
            return await self.database.atomic(with_outcome)
        except (DatabaseError, WaitedOutside):
            log.exception("job rolled back")
            reply = Reply(Message("broken"), outcome="failed inside the bot")
            await self.database.run(self._record, job, reply)
            return reply

    async def conclude(self, job: ExecutionJob, chat: Replier, reply: Reply) -> None:
        """Send the reply, complete the audit row in the transaction that stores the reply's buttons, and start the
        background task that follows."""
        await chat.send(reply)
        try:
            await self.database.run(self._conclude, job, chat, reply)
        finally:
            chat.unstored.end()
        if reply.then is not None:
            self.start_background(chat, reply.then, job)

    def _conclude(self, session: Session, job: ExecutionJob, chat: Replier, reply: Reply) -> None:
        chat.unstored.write(session)
        if not job.atomic:
            self._record(session, job, reply)
        unfinished_updates.remove(session, job.update_id)
        if job.finishes_update:
            inbox.finish(session, job.update_id, self.clock())

    def start_background(self, chat: Replier, work: Work, job: ExecutionJob) -> None:
        """Run work as a background task that ends in a reply."""
        task = asyncio.create_task(self._run_background(replace(job, atomic=False, finishes_update=False), chat, work))
        self._background_tasks.add(task)
        task.add_done_callback(self._background_tasks.discard)

    def _record(self, session: Session, job: ExecutionJob, reply: Reply) -> None:
        audit.record_outcome(session, job.audit_id, reply.outcome, reply.change, self.clock())

    async def _run_background(self, job: ExecutionJob, chat: Replier, work: Work) -> None:
        try:
            await self.conclude(job, chat, await self.run(job, work))
        except Exception:
            log.exception("background task failed")

    async def toast(self, pressed: ButtonPressed, text: str | None, *, alert: bool = False) -> None:
        """Answer a press with a notification."""
        try:
            await self.sender.answer(pressed.query_id, text and self.renderer.label(text), alert=alert)
        except DeliveryError as error:
            log.warning("callback query could not be answered", reason=str(error))
