"""Handle button presses and answers to questions, and the approval of a second person for those that write."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.messages.sanitize import plain
from bot.runtime import metrics
from bot.store.messages import outbox
from handlers.authorization import preconditions
from handlers.authorization.access_request import Authorization, ResolvedAction
from handlers.authorization.authorizer import Authorizer
from handlers.dialog import refusals
from handlers.dispatch.declare import ButtonAction
from handlers.dispatch.executor import ExecutionJob, Executor, Work
from handlers.dispatch.intents import ButtonPressed, CommandTyped, TextSent
from handlers.dispatch.replier import Replier
from handlers.dispatch.request import Question, Reply, Request
from handlers.dispatch.rules import OnRestart
from handlers.recovery.pending_replies import Address
from handlers.recovery.resume import interrupted
from handlers.safety import two_person
from handlers.safety.two_person import ApprovalRequest, TwoPersonRule

# Telegram accepts an answer to a press for some seconds only: it is sent before slow work is done.
ANSWER_PRESS_WITHIN = 1.5


class ButtonActions:
    """`run_command`: handles the command that a reply names as `instead`."""

    def __init__(
        self,
        authorizer: Authorizer,
        executor: Executor,
        second: TwoPersonRule,
        run_command: Callable[[CommandTyped, int], Awaitable[None]],
    ) -> None:
        self._authorizer = authorizer
        self._executor = executor
        self._second = second
        self._run_command = run_command

    async def pressed(self, pressed: ButtonPressed, update_id: int) -> None:
        """Handle a button press; it is always answered with a toast, which may be empty."""
        authorization = await self._authorizer.authorize_press(pressed, update_id)
        press, decision = authorization.subject.handler, authorization.decision
        metrics.COMMANDS.labels(press.name if press else "unknown", authorization.result).inc()
        to = Address(pressed.actor, pressed.place, authorization.station.name, shown=pressed.message_id or None)
        if not decision.allowed or not isinstance(press, ButtonAction):
            await self._executor.toast(pressed, refusals.toast(decision), alert=True)
            await self._explain_late_press(pressed, authorization, update_id)
            return
        if authorization.subject.waiting is not None:
            await self._second_pressed(pressed, press, authorization, update_id)
            return
        replier = self._executor.replier(to, authorization.may, again=authorization.again)
        request = self._executor.request(pressed, replier, authorization)
        work = self._work(press, request, authorization, to)
        await self._run_press(pressed, work, replier, self._job(press, authorization, to, update_id))

    async def answered(self, said: TextSent, authorization: Authorization, update_id: int) -> None:
        """Handle the answer to a question."""
        answer = authorization.subject.handler
        to = Address(said.actor, said.place, authorization.station.name, asked=said.message_id)
        replier = self._executor.replier(to, authorization.may, again=authorization.again)
        metrics.COMMANDS.labels(authorization.subject.what, authorization.result).inc()
        if not authorization.decision.allowed or not isinstance(answer, ButtonAction):
            late = refusals.answer_to_late_words(said, authorization.decision, authorization.may)
            await replier.finish(
                await interrupted(authorization, self._executor.services.temporary_payloads)
                if authorization.before is not None
                else Reply(late)
            )
            return
        request = self._executor.request(said, replier, authorization, arguments=said.text)
        again = Question(answer.name, request.data)
        job = self._job(answer, authorization, to, update_id)
        reply = await self._executor.carry_out(job, self._work(answer, request, authorization, to), question=again)
        await self._executor.conclude(job, replier, reply)

    async def _explain_late_press(self, pressed: ButtonPressed, authorization: Authorization, update_id: int) -> None:
        """Reply with a message to a press that waited in the queue: its toast is not shown any more."""
        sent_at = authorization.subject.sent_at
        if authorization.before is not None:
            reply = await interrupted(authorization, self._executor.services.temporary_payloads)
        elif authorization.decision == preconditions.OLD and sent_at is not None:
            reply = Reply(refusals.too_old(sent_at))
        else:
            return
        to = Address(pressed.actor, pressed.place, authorization.station.name, asked=pressed.message_id)
        await self._executor.replier(to, authorization.may, again=authorization.again).finish(reply)
        await self._authorizer.forget_checkpoint(update_id)

    def _job(self, press: ButtonAction, authorization: Authorization, to: Address, update_id: int) -> ExecutionJob:
        """Build the job; asking a second person only writes to our own database."""
        asks = authorization.subject.waiting is None and self._second.is_needed(press.rule)
        return ExecutionJob(update_id, authorization.entry, to, asks or press.resume is OnRestart.ATOMIC)

    def _work(self, press: ButtonAction, request: Request, authorization: Authorization, to: Address) -> Work:
        """Return the handler's work, or the approval request to a second person."""
        if self._second.is_needed(press.rule):
            return lambda: self._ask_second(press, request, authorization, to)
        return lambda: press.handler(request)

    async def _ask_second(
        self, press: ButtonAction, request: Request, authorization: Authorization, to: Address
    ) -> Reply:
        """Ask a second person; the text shown to them comes from the database, which has none for messages of earlier
        versions."""
        said = await self._stored_question(authorization.subject)
        if said is None:
            return Reply(
                toast=refusals.toast(preconditions.UNKNOWN_BUTTON), outcome="what was asked is not known any more"
            )
        asked = ApprovalRequest(
            actor=request.actor,
            place=request.place,
            action=press.name,
            data=request.data,
            kept=request.kept,
            arguments=request.arguments,
            question=self._rendered_question(said, authorization.station.name),
            label=authorization.subject.label,
            message=to.shown,
            station=authorization.station.name,
        )
        return await self._second.ask(asked, authorization.access)

    async def _stored_question(self, subject: ResolvedAction) -> dict[str, Any] | None:
        """Return template and facts of the message whose button was pressed or that was answered; None if unknown."""
        if subject.question is not None:
            return subject.question.said
        keyboard = subject.keyboard
        if keyboard is None or keyboard.said is not None:
            return keyboard.said if keyboard is not None else None
        async with self._executor.store.begin() as session:
            return await outbox.content_above(session, keyboard.id)

    def _rendered_question(self, said: Mapping[str, Any], station: str) -> str:
        """Render stored template and facts as plain text. `quoted` leaves out the time limit and the chat, which do not
        hold for the other reader."""
        facts, zone = said["facts"] | {"quoted": True}, self._executor.directory.zone(station)
        return plain(self._executor.renderer.text(said["template"], facts, zone=zone, now=self._executor.clock()))

    async def _run_press(self, pressed: ButtonPressed, work: Work, replier: Replier, job: ExecutionJob) -> None:
        task = asyncio.create_task(self._executor.carry_out(job, work))
        await asyncio.wait({task}, timeout=ANSWER_PRESS_WITHIN)
        toast = task.result().toast if task.done() else None
        await self._executor.toast(pressed, toast)
        reply = await task
        if reply.instead is not None:
            asked = reply.instead.message_id or pressed.message_id
            instead = replace(reply.instead, actor=pressed.actor, place=pressed.place, message_id=asked)
            await self._run_command(instead, job.update_id)
        await self._executor.conclude(job, replier, reply)

    async def _second_pressed(
        self, pressed: ButtonPressed, press: ButtonAction, authorization: Authorization, update_id: int
    ) -> None:
        """Execute or cancel an approval request in its own chat and in the name of the first person."""
        waiting, approval = authorization.subject.waiting, authorization.subject.approval
        if waiting is None or approval is None:
            return
        first, place = approval.first, approval.place
        to = Address(first, place, authorization.station.name, shown=waiting["message"])
        replier = self._executor.replier(to, approval.may, again=authorization.again)
        job = self._job(press, authorization, to, update_id)
        if approval.is_refusal:
            told = two_person.refused(first, pressed.actor)
            await self._executor.toast(pressed, None)
            await self._executor.conclude(replace(job, atomic=False), replier, Reply(told, outcome="refused"))
        else:
            told = two_person.confirmed(first, press.name)
            as_first = authorization.of(first, place)
            as_pressed = replace(pressed, actor=first, place=place, message_id=waiting["message"] or 0)
            request = self._executor.request(as_pressed, replier, as_first)
            request = replace(request, arguments=waiting["arguments"])
            await self._run_press(pressed, lambda: press.handler(request), replier, job)
        if pressed.place.chat != place.chat:
            here = replace(to, actor=pressed.actor, place=pressed.place, shown=pressed.message_id or None)
            await self._executor.replier(here, authorization.may).finish(Reply(told))
