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
ANSWER_PRESS_TIMEOUT = 1.5


class ButtonActions:
    """`run_command`: handles the command that a reply names as `instead`."""

    def __init__(
        self,
        authorizer: Authorizer,
        executor: Executor,
        two_person_rule: TwoPersonRule,
        run_command: Callable[[CommandTyped, int], Awaitable[None]],
    ) -> None:
        self._authorizer = authorizer
        self._executor = executor
        self._two_person_rule = two_person_rule
        self._run_command = run_command

    async def handle_press(self, pressed: ButtonPressed, authorization: Authorization, update_id: int) -> bool:
        """Handle a button press; it is always answered with a toast, which may be empty. Return True if the update is
        finished in the inbox already."""
        press, decision = authorization.subject.handler, authorization.decision
        metrics.COMMANDS.labels(press.name if press else "unknown", authorization.result).inc()
        address = Address(pressed.actor, pressed.place, authorization.station.name, shown=pressed.message_id or None)
        if not decision.allowed or not isinstance(press, ButtonAction):
            await self._executor.toast(pressed, refusals.toast(decision), alert=True)
            await self._explain_late_press(pressed, authorization, update_id)
            return False
        if authorization.subject.approval_request is not None:
            await self._handle_approval(pressed, press, authorization, update_id)
            return False
        replier = self._executor.replier(address, authorization.may, possible_repeat=authorization.possible_repeat)
        request = self._executor.request(pressed, replier, authorization)
        work = self._work(press, request, authorization, address)
        job = self._job(press, authorization, address, update_id)
        await self._run_press(pressed, work, replier, replace(job, finishes_update=True))
        return True

    async def handle_answer(self, sent: TextSent, authorization: Authorization, update_id: int) -> bool:
        """Handle the answer to a question. Return True if the update is finished in the inbox already."""
        answer = authorization.subject.handler
        address = Address(sent.actor, sent.place, authorization.station.name, asked=sent.message_id)
        replier = self._executor.replier(address, authorization.may, possible_repeat=authorization.possible_repeat)
        metrics.COMMANDS.labels(authorization.subject.name, authorization.result).inc()
        if not authorization.decision.allowed or not isinstance(answer, ButtonAction):
            refusal = refusals.answer_to_late_text(sent, authorization.decision, authorization.may)
            await replier.finish(
                await interrupted(authorization, self._executor.services.temporary_payloads)
                if authorization.interrupted_decision is not None
                else Reply(refusal)
            )
            return False
        request = self._executor.request(sent, replier, authorization, arguments=sent.text)
        retry_question = Question(answer.name, request.data)
        job = self._job(answer, authorization, address, update_id)
        reply = await self._executor.execute(
            job, self._work(answer, request, authorization, address), question=retry_question
        )
        await self._executor.conclude(replace(job, finishes_update=True), replier, reply)
        return True

    async def _explain_late_press(self, pressed: ButtonPressed, authorization: Authorization, update_id: int) -> None:
        """Reply with a message to a press that waited in the queue: its toast is not shown any more."""
        sent_at = authorization.subject.sent_at
        if authorization.interrupted_decision is not None:
            reply = await interrupted(authorization, self._executor.services.temporary_payloads)
        elif authorization.decision == preconditions.TOO_OLD and sent_at is not None:
            reply = Reply(refusals.too_old(sent_at))
        else:
            return
        address = Address(pressed.actor, pressed.place, authorization.station.name, asked=pressed.message_id)
        await self._executor.replier(address, authorization.may, possible_repeat=authorization.possible_repeat).finish(
            reply
        )
        await self._authorizer.interrupted.delete_checkpoint(update_id)

    def _job(self, press: ButtonAction, authorization: Authorization, address: Address, update_id: int) -> ExecutionJob:
        """Build the job; asking a second person only writes to our own database."""
        asks_second = authorization.subject.approval_request is None and self._two_person_rule.is_needed(press.rule)
        return ExecutionJob(update_id, authorization.audit_id, address, asks_second or press.resume is OnRestart.ATOMIC)

    def _work(self, press: ButtonAction, request: Request, authorization: Authorization, address: Address) -> Work:
        """Return the handler's work, or the approval request to a second person."""
        if self._two_person_rule.is_needed(press.rule):
            return lambda: self._ask_second(press, request, authorization, address)
        return lambda: press.handler(request)

    async def _ask_second(
        self, press: ButtonAction, request: Request, authorization: Authorization, address: Address
    ) -> Reply:
        """Ask a second person; the text shown to them comes from the database, which has none for messages of earlier
        versions."""
        content = await self._stored_question(authorization.subject)
        if content is None:
            return Reply(
                toast=refusals.toast(preconditions.UNKNOWN_BUTTON), outcome="what was asked is not known any more"
            )
        approval_request = ApprovalRequest(
            actor=request.actor,
            place=request.place,
            action=press.name,
            data=request.data,
            kept=request.kept,
            arguments=request.arguments,
            question=self._rendered_question(content, authorization.station.name),
            label=authorization.subject.label,
            message=address.shown,
            station=authorization.station.name,
        )
        return await self._two_person_rule.ask(approval_request, authorization.access)

    async def _stored_question(self, subject: ResolvedAction) -> dict[str, Any] | None:
        """Return template and facts of the message whose button was pressed or that was answered; None if unknown."""
        if subject.question is not None:
            return subject.question.said
        keyboard = subject.keyboard
        if keyboard is None or keyboard.said is not None:
            return keyboard.said if keyboard is not None else None
        return await self._executor.database.run(outbox.content_above, keyboard.id)

    def _rendered_question(self, content: Mapping[str, Any], station: str) -> str:
        """Render stored template and facts as plain text. `quoted` leaves out the time limit and the chat, which do not
        hold for the other reader."""
        facts, zone = content["facts"] | {"quoted": True}, self._executor.directory.zone(station)
        return plain(self._executor.renderer.text(content["template"], facts, zone=zone, now=self._executor.clock()))

    async def _run_press(self, pressed: ButtonPressed, work: Work, replier: Replier, job: ExecutionJob) -> None:
        task = asyncio.create_task(self._executor.execute(job, work))
        await asyncio.wait({task}, timeout=ANSWER_PRESS_TIMEOUT)
        toast = task.result().toast if task.done() else None
        await self._executor.toast(pressed, toast)
        reply = await task
        if reply.instead is not None:
            message_id = reply.instead.message_id or pressed.message_id
            instead = replace(reply.instead, actor=pressed.actor, place=pressed.place, message_id=message_id)
            await self._run_command(instead, job.update_id)
        await self._executor.conclude(job, replier, reply)

    async def _handle_approval(
        self, pressed: ButtonPressed, press: ButtonAction, authorization: Authorization, update_id: int
    ) -> None:
        """Execute or cancel an approval request in its own chat and in the name of the first person."""
        approval_request, approval = authorization.subject.approval_request, authorization.subject.approval
        if approval_request is None or approval is None:
            return
        first, place = approval.first, approval.place
        address = Address(first, place, authorization.station.name, shown=approval_request["message"])
        replier = self._executor.replier(address, approval.may, possible_repeat=authorization.possible_repeat)
        job = self._job(press, authorization, address, update_id)
        if approval.is_refusal:
            result = two_person.refused(first, pressed.actor)
            await self._executor.toast(pressed, None)
            await self._executor.conclude(replace(job, atomic=False), replier, Reply(result, outcome="refused"))
        else:
            result = two_person.confirmed(first, press.name)
            as_first = authorization.on_behalf_of(first, place)
            as_pressed = replace(pressed, actor=first, place=place, message_id=approval_request["message"] or 0)
            request = self._executor.request(as_pressed, replier, as_first)
            request = replace(request, arguments=approval_request["arguments"])
            await self._run_press(pressed, lambda: press.handler(request), replier, job)
        if pressed.place.chat != place.chat:
            second_address = replace(
                address, actor=pressed.actor, place=pressed.place, shown=pressed.message_id or None
            )
            await self._executor.replier(second_address, authorization.may).finish(Reply(result))
