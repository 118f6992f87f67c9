"""Dispatch updates to handlers: one decision and one audit row between an update and its reply."""

import asyncio
import time
from collections.abc import Collection
from dataclasses import replace

import structlog
from telegram import Update

from bot.access.policy import EVERY_STATION, Decision
from bot.messages.message import Message
from bot.runtime import metrics
from bot.store.access.known_senders import AlertChats
from bot.store.database import DatabaseError
from bot.store.messages.unfinished_updates import Checkpoint
from bot.store.typed_secrets import holds_secret
from handlers.dialog import refusals
from handlers.dispatch import preconditions
from handlers.dispatch.access_request import Authorization
from handlers.dispatch.authorizer import Authorizer
from handlers.dispatch.declare import ButtonAction, Command, Question, Reply, Request, StationScope
from handlers.dispatch.executor import ExecutionJob, Executor, Work
from handlers.dispatch.hooks import ChatJoined, Hooks
from handlers.dispatch.preconditions import UNDECIDED
from handlers.dispatch.replier import Replier
from handlers.dispatch.request_factory import RequestFactory
from handlers.dispatch.rules import OnRestart
from handlers.dispatch.update_parser import (
    AddedToChat,
    ButtonPressed,
    CommandTyped,
    TextOverheard,
    TextSent,
    read_intent,
)
from handlers.recovery import pending_replies
from handlers.recovery.pending_replies import Address
from handlers.recovery.resume import Resumption, interrupted
from handlers.safety import two_person, unknown_fields
from handlers.safety.two_person import ApprovalRequest, TwoPersonRule

log = structlog.get_logger(__name__)

# Timeout of the work before a press is answered: Telegram accepts an answer for some seconds only.
ANSWER_PRESS_WITHIN = 1.5
# Longer waits for a request slot of the PBX are explained to the person. Seconds.
WORTH_SAYING = 2.0


class Dispatcher:
    """Entry point of all updates; no other code calls a handler. `alert_chats`: chats configured for alerts, in which
    the bot stays, regardless of the person that added it."""

    def __init__(
        self,
        *,
        bot_name: str,
        authorizer: Authorizer,
        second: TwoPersonRule,
        request_factory: RequestFactory,
        alert_chats: AlertChats,
        hooks: Hooks,
    ) -> None:
        self._bot_name = bot_name
        self._authorizer = authorizer
        self._second = second
        self._request_factory = request_factory
        self._alert_chats = alert_chats
        self._hooks = hooks
        self._executor = Executor(request_factory.store, request_factory.clock)
        self._refused_fields = set[str]()

    async def finish(self, within: float) -> None:
        """Finish at shutdown: see Executor.finish."""
        await self._authorizer.finish()
        await self._executor.finish(within)

    async def go_on(self) -> None:
        """Resume confirmed work that the shutdown interrupted."""
        resumption = Resumption(self._authorizer, self._request_factory, self._executor)
        for hook in self._hooks.resume:
            await hook(resumption)

    async def handle(self, update: Update) -> None:
        """Handle one update; an error before the decision executes no handler. An update interrupted by a database
        error is retried as after a kill."""
        try:
            await self._handle(update)
        except DatabaseError:
            self._authorizer.cut_off(update.update_id)
            raise

    async def _handle(self, update: Update) -> None:
        intent = read_intent(update, self._bot_name)
        self._warn_of(unknown_fields.found_in(update))
        if intent is not None and (owed := await self._authorizer.owed(update.update_id)):
            await self._tell(owed, update.update_id)
        elif isinstance(intent, CommandTyped):
            await self._typed(intent, update.update_id)
        elif isinstance(intent, ButtonPressed):
            await self._pressed(intent, update.update_id)
        elif isinstance(intent, TextSent):
            await self._said(intent, update.update_id)
        elif isinstance(intent, AddedToChat):
            await self._added(intent, update.update_id)
        elif isinstance(intent, TextOverheard):
            await self._overheard_anonymous(intent)

    def _warn_of(self, fields: Collection[str]) -> None:
        """Log each field once per run: Telegram may send it with every message."""
        for field in set(fields) - self._refused_fields:
            log.warning(
                "unknown field says that a message was not typed, message rejected; update the bot", field=field
            )
            self._refused_fields.add(field)

    async def _tell(self, owed: Checkpoint, update_id: int) -> None:
        """Send the pending reply of work that a killed run had done."""
        reply, to = pending_replies.read(owed)
        may = await self._authorizer.rights(to.actor, to.place)
        await self._request_factory.conversation(to, may, again=True).finish(reply)
        await self._authorizer.told(update_id)

    async def _typed(self, typed: CommandTyped, update_id: int) -> None:
        started = time.monotonic()
        typed = self._authorizer.refined(typed)
        authorization = await self._authorizer.authorize_command(typed, update_id)
        command, decision = authorization.subject.handler, authorization.decision
        to = Address(typed.actor, typed.place, authorization.station.name, asked=typed.message_id)
        replier = self._request_factory.conversation(
            to, authorization.may, again=authorization.again, settled=authorization.settled
        )
        metrics.COMMANDS.labels(command.name if command else "unknown", _word(decision)).inc()
        if not decision.allowed or not isinstance(command, Command):
            await self._refuse(typed, authorization, replier)
            return
        asks_one = command.rule.asks_pbx and command.whose is StationScope.ONE
        if asks_one and (wait := authorization.station.pbx.wait_seconds) > WORTH_SAYING:
            await replier.progress(Message("waiting_turn", {"station": authorization.station.name, "wait": wait}))
        request = self._request(typed, replier, authorization, arguments=authorization.subject.arguments)
        job = ExecutionJob(update_id, authorization.entry, to, command.resume is OnRestart.ATOMIC)
        reply = await self._executor.carry_out(job, lambda: command.handler(request), command=command)
        await self._executor.conclude(job, replier, reply)
        metrics.COMMAND_SECONDS.labels(command.name).observe(time.monotonic() - started)

    async def _refuse(self, typed: CommandTyped, authorization: Authorization, replier: Replier) -> None:
        if template := refusals.secret_in_group(typed, authorization.may):
            await _hide_secret(replier, template)
            return
        if authorization.before is not None and authorization.decision != preconditions.OLD:
            await replier.finish(await interrupted(authorization, self._request_factory.services.temporary_payloads))
            return
        rule = authorization.subject.rule
        proof = refusals.offer_to_prove(typed, looks=rule.only_looks) if rule is not None else None
        alone = rule is None or not rule.only_looks
        answer = proof or refusals.answer_to_command(typed, authorization.decision, authorization.may, alone=alone)
        if answer is not None and self._authorizer.may_be_told(typed, authorization):
            await replier.finish(Reply(answer))

    async def _pressed(self, pressed: ButtonPressed, update_id: int) -> None:
        authorization = await self._authorizer.authorize_press(pressed, update_id)
        press, decision = authorization.subject.handler, authorization.decision
        metrics.COMMANDS.labels(press.name if press else "unknown", _word(decision)).inc()
        to = Address(pressed.actor, pressed.place, authorization.station.name, shown=pressed.message_id or None)
        if not decision.allowed or not isinstance(press, ButtonAction):
            await self._request_factory.toast(pressed, refusals.toast(decision), alert=True)
            await self._explain_late_press(pressed, authorization, update_id)
            return
        if authorization.subject.waiting is not None:
            await self._second_pressed(pressed, press, authorization, update_id)
            return
        replier = self._request_factory.conversation(to, authorization.may, again=authorization.again)
        request = self._request(pressed, replier, authorization)
        deed = self._deed(press, request, authorization, to)
        await self._obey_press(pressed, deed, replier, self._job(press, authorization, to, update_id))

    async def _explain_late_press(self, pressed: ButtonPressed, authorization: Authorization, update_id: int) -> None:
        """Reply with a message to a press that waited in the queue: its toast is not shown any more."""
        sent_at = authorization.subject.sent_at
        if authorization.before is not None:
            reply = await interrupted(authorization, self._request_factory.services.temporary_payloads)
        elif authorization.decision == preconditions.OLD and sent_at is not None:
            reply = Reply(refusals.too_old(sent_at))
        else:
            return
        to = Address(pressed.actor, pressed.place, authorization.station.name, asked=pressed.message_id)
        await self._request_factory.conversation(to, authorization.may, again=authorization.again).finish(reply)
        await self._authorizer.told(update_id)

    def _job(self, press: ButtonAction, authorization: Authorization, to: Address, update_id: int) -> ExecutionJob:
        """Build the job; asking a second person only writes to our own database."""
        asks = authorization.subject.waiting is None and self._second.is_needed(press.rule)
        return ExecutionJob(update_id, authorization.entry, to, asks or press.resume is OnRestart.ATOMIC)

    def _deed(self, press: ButtonAction, request: Request, authorization: Authorization, to: Address) -> Work:
        """Return the handler's work, or the approval request to a second person."""
        if self._second.is_needed(press.rule):
            return lambda: self._ask_second(press, request, authorization, to)
        return lambda: press.handler(request)

    async def _ask_second(
        self, press: ButtonAction, request: Request, authorization: Authorization, to: Address
    ) -> Reply:
        """Ask a second person; the text shown to them comes from the database, which has none for messages of earlier
        versions."""
        said = await self._request_factory.said(authorization.subject)
        if said is None:
            return Reply(
                toast=refusals.toast(preconditions.UNKNOWN_BUTTON), outcome="what was asked is not known any more"
            )
        wish = ApprovalRequest(
            actor=request.actor,
            place=request.place,
            action=press.name,
            data=request.data,
            kept=request.kept,
            arguments=request.arguments,
            question=self._request_factory.read(said, authorization.station.name),
            label=authorization.subject.label,
            message=to.shown,
            station=authorization.station.name,
        )
        return await self._second.ask(wish, authorization.access)

    async def _obey_press(self, pressed: ButtonPressed, deed: Work, replier: Replier, job: ExecutionJob) -> None:
        work = asyncio.create_task(self._executor.carry_out(job, deed))
        await asyncio.wait({work}, timeout=ANSWER_PRESS_WITHIN)
        toast = work.result().toast if work.done() else None
        await self._request_factory.toast(pressed, toast)
        reply = await work
        if reply.instead is not None:
            asked = reply.instead.message_id or pressed.message_id
            instead = replace(reply.instead, actor=pressed.actor, place=pressed.place, message_id=asked)
            await self._typed(instead, job.update_id)
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
        replier = self._request_factory.conversation(to, approval.may, again=authorization.again)
        job = self._job(press, authorization, to, update_id)
        if approval.is_refusal:
            told = two_person.refused(first, pressed.actor)
            await self._request_factory.toast(pressed, None)
            await self._executor.conclude(replace(job, atomic=False), replier, Reply(told, outcome="refused"))
        else:
            told = two_person.confirmed(first, press.name)
            as_first = authorization.of(first, place)
            as_pressed = replace(pressed, actor=first, place=place, message_id=waiting["message"] or 0)
            request = self._request(as_pressed, replier, as_first)
            request = replace(request, arguments=waiting["arguments"])
            await self._obey_press(pressed, lambda: press.handler(request), replier, job)
        if pressed.place.chat != place.chat:
            here = replace(to, actor=pressed.actor, place=pressed.place, shown=pressed.message_id or None)
            await self._request_factory.conversation(here, authorization.may).finish(Reply(told))

    async def _said(self, said: TextSent, update_id: int) -> None:
        """Handle text as an answer; ignored without an open question."""
        authorization = await self._authorizer.authorize_text(said, update_id)
        if authorization is None:
            await self._overheard(said)
            return
        answer = authorization.subject.handler
        to = Address(said.actor, said.place, authorization.station.name, asked=said.message_id)
        replier = self._request_factory.conversation(to, authorization.may, again=authorization.again)
        metrics.COMMANDS.labels(authorization.subject.what, _word(authorization.decision)).inc()
        if not authorization.decision.allowed or not isinstance(answer, ButtonAction):
            late = refusals.answer_to_late_words(said, authorization.decision, authorization.may)
            await replier.finish(
                await interrupted(authorization, self._request_factory.services.temporary_payloads)
                if authorization.before is not None
                else Reply(late)
            )
            return
        request = self._request(said, replier, authorization, arguments=said.text)
        again = Question(answer.name, request.data)
        job = self._job(answer, authorization, to, update_id)
        reply = await self._executor.carry_out(job, self._deed(answer, request, authorization, to), question=again)
        await self._executor.conclude(job, replier, reply)

    async def _overheard(self, said: TextSent) -> None:
        """Handle text that answers no question. In a group it is ignored unless it contains a secret, which is
        deleted."""
        await self._authorizer.overhear(said.place)
        if not said.place.private and not holds_secret(said.text):
            return
        may = await self._authorizer.rights(said.actor, said.place)
        if not refusals.is_known(may):
            return
        to = Address(said.actor, said.place, EVERY_STATION, asked=said.message_id)
        replier = self._request_factory.conversation(to, may)
        if said.place.private:
            await replier.finish(Reply(Message("not_a_command")))
        else:
            await _hide_secret(replier, "password_in_group")

    async def _overheard_anonymous(self, heard: TextOverheard) -> None:
        """Delete a secret; Admission passes such text only from groups that the bot serves."""
        if not heard.place.private and holds_secret(heard.text):
            to = Address(heard.actor, heard.place, EVERY_STATION, asked=heard.message_id)
            may = await self._authorizer.rights(heard.actor, heard.place)
            await _hide_secret(self._request_factory.conversation(to, may), "password_in_group")

    async def _added(self, added: AddedToChat, update_id: int) -> None:
        """Handle the addition to a chat: ask for its access if the person may grant it, else explain and leave."""
        authorization = await self._authorizer.authorize_joining(added, update_id)
        if authorization.decision == UNDECIDED:
            return
        to = Address(added.actor, added.place, authorization.station.name)
        replier = self._request_factory.conversation(to, authorization.may, again=authorization.again)
        async with self._request_factory.store.begin() as session:
            alerted = await self._alert_chats.alert_chats(session)
        given = (
            grant.subject for grant in authorization.access.grants if not grant.has_ended(authorization.asking.now)
        )
        known = added.place.chat in {*alerted, *given}
        if known or (authorization.decision.allowed and added.channel):
            reply = Reply(outcome="stays")
        else:
            reply = await self._greeting(ChatJoined(added, authorization, self._request_factory.services))
        await self._executor.conclude(ExecutionJob(update_id, authorization.entry, to), replier, reply)
        if not known and not authorization.decision.allowed:
            await replier.leave()

    async def _greeting(self, joined: ChatJoined) -> Reply:
        reply = Reply(outcome="answered" if joined.authorization.decision.allowed else "left")
        for hook in self._hooks.added_to_chat:
            reply = await hook(joined)
        return reply

    def _request(
        self,
        intent: CommandTyped | TextSent | ButtonPressed,
        replier: Replier,
        authorization: Authorization,
        *,
        arguments: str = "",
    ) -> Request:
        return self._request_factory.request(
            intent,
            replier,
            authorization,
            arguments=arguments,
            stop=self._executor.stop,
        )


async def _hide_secret(replier: Replier, template: str) -> None:
    await replier.finish(Reply(Message(template, {"deleted": await replier.delete_asked()})))


def _word(decision: Decision) -> str:
    return "allowed" if decision.allowed else "denied"
