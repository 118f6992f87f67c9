"""The access-controlled layer: from an update to an answer, with one decision and one audit row between them."""

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
from handlers.dispatch import preconditions, refusals
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

# Telegram forgets a press after some seconds, so it is answered before slow work is done.
ANSWER_PRESS_WITHIN = 1.5
# A person who waits longer for their turn at the PBX should know why.
WORTH_SAYING = 2.0


class Dispatcher:
    """Everything people say comes through here; nothing reaches a handler any other way. `alert_chats` are the chats
    that the settings name for alerts: the bot stays in them, whoever brought it there."""

    def __init__(
        self,
        *,
        bot_name: str,
        decisions: Authorizer,
        second: TwoPersonRule,
        reception: RequestFactory,
        alert_chats: AlertChats,
        hooks: Hooks,
    ) -> None:
        self._bot_name = bot_name
        self._decisions = decisions
        self._second = second
        self._reception = reception
        self._alert_chats = alert_chats
        self._hooks = hooks
        self._execution = Executor(reception.store, reception.clock)
        self._refused_fields = set[str]()

    async def finish(self, within: float) -> None:
        """The program ends: see Execution.finish."""
        await self._decisions.finish()
        await self._execution.finish(within)

    async def go_on(self) -> None:
        """What was confirmed, and was under way when the program ended."""
        resumption = Resumption(self._decisions, self._reception, self._execution)
        for hook in self._hooks.resume:
            await hook(resumption)

    async def handle(self, update: Update) -> None:
        """Obey, refuse or ignore one update; an error on the way to the decision obeys nothing. What the store cut off
        may be handled again: it goes on, as after a kill."""
        try:
            await self._handle(update)
        except DatabaseError:
            self._decisions.cut_off(update.update_id)
            raise

    async def _handle(self, update: Update) -> None:
        intent = read_intent(update, self._bot_name)
        self._warn_of(unknown_fields.found_in(update))
        if intent is not None and (owed := await self._decisions.owed(update.update_id)):
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
        """Once each in a run: Telegram may have begun to send one with every message."""
        for field in set(fields) - self._refused_fields:
            log.warning(
                "a field newer than this bot says that a message was not typed: refused; update me", field=field
            )
            self._refused_fields.add(field)

    async def _tell(self, owed: Checkpoint, update_id: int) -> None:
        """What was done by a run that was killed before it could say so."""
        reply, to = pending_replies.read(owed)
        may = await self._decisions.rights(to.actor, to.place)
        await self._reception.conversation(to, may, again=True).finish(reply)
        await self._decisions.told(update_id)

    async def _typed(self, typed: CommandTyped, update_id: int) -> None:
        started = time.monotonic()
        typed = self._decisions.refined(typed)
        verdict = await self._decisions.authorize_command(typed, update_id)
        command, decision = verdict.subject.handler, verdict.decision
        to = Address(typed.actor, typed.place, verdict.station.name, asked=typed.message_id)
        talk = self._reception.conversation(to, verdict.may, again=verdict.again, settled=verdict.settled)
        metrics.COMMANDS.labels(command.name if command else "unknown", _word(decision)).inc()
        if not decision.allowed or not isinstance(command, Command):
            await self._refuse(typed, verdict, talk)
            return
        asks_one = command.rule.asks_pbx and command.whose is StationScope.ONE
        if asks_one and (wait := verdict.station.pbx.wait_seconds) > WORTH_SAYING:
            await talk.progress(Message("waiting_turn", {"station": verdict.station.name, "wait": wait}))
        request = self._request(typed, talk, verdict, arguments=verdict.subject.arguments)
        job = ExecutionJob(update_id, verdict.entry, to, command.resume is OnRestart.ATOMIC)
        reply = await self._execution.carry_out(job, lambda: command.handler(request), command=command)
        await self._execution.conclude(job, talk, reply)
        metrics.COMMAND_SECONDS.labels(command.name).observe(time.monotonic() - started)

    async def _refuse(self, typed: CommandTyped, verdict: Authorization, talk: Replier) -> None:
        if template := refusals.secret_in_group(typed, verdict.may):
            await _hide_secret(talk, template)
            return
        if verdict.before is not None and verdict.decision != preconditions.OLD:
            await talk.finish(await interrupted(verdict, self._reception.desk.drawer))
            return
        rule = verdict.subject.rule
        proof = refusals.offer_to_prove(typed, looks=rule.only_looks) if rule is not None else None
        alone = rule is None or not rule.only_looks
        answer = proof or refusals.answer_to_command(typed, verdict.decision, verdict.may, alone=alone)
        if answer is not None and self._decisions.may_be_told(typed, verdict):
            await talk.finish(Reply(answer))

    async def _pressed(self, pressed: ButtonPressed, update_id: int) -> None:
        verdict = await self._decisions.authorize_press(pressed, update_id)
        press, decision = verdict.subject.handler, verdict.decision
        metrics.COMMANDS.labels(press.name if press else "unknown", _word(decision)).inc()
        to = Address(pressed.actor, pressed.place, verdict.station.name, shown=pressed.message_id or None)
        if not decision.allowed or not isinstance(press, ButtonAction):
            await self._reception.toast(pressed, refusals.toast(decision), alert=True)
            await self._explain_late_press(pressed, verdict, update_id)
            return
        if verdict.subject.waiting is not None:
            await self._second_pressed(pressed, press, verdict, update_id)
            return
        talk = self._reception.conversation(to, verdict.may, again=verdict.again)
        request = self._request(pressed, talk, verdict)
        deed = self._deed(press, request, verdict, to)
        await self._obey_press(pressed, deed, talk, self._job(press, verdict, to, update_id))

    async def _explain_late_press(self, pressed: ButtonPressed, verdict: Authorization, update_id: int) -> None:
        """A note about a press that waited nobody sees any more: it is said in a message."""
        sent_at = verdict.subject.sent_at
        if verdict.before is not None:
            reply = await interrupted(verdict, self._reception.desk.drawer)
        elif verdict.decision == preconditions.OLD and sent_at is not None:
            reply = Reply(refusals.too_old(sent_at))
        else:
            return
        to = Address(pressed.actor, pressed.place, verdict.station.name, asked=pressed.message_id)
        await self._reception.conversation(to, verdict.may, again=verdict.again).finish(reply)
        await self._decisions.told(update_id)

    def _job(self, press: ButtonAction, verdict: Authorization, to: Address, update_id: int) -> ExecutionJob:
        """Asking a second person changes nothing but our own store."""
        asks = verdict.subject.waiting is None and self._second.is_needed(press.rule)
        return ExecutionJob(update_id, verdict.entry, to, asks or press.resume is OnRestart.ATOMIC)

    def _deed(self, press: ButtonAction, request: Request, verdict: Authorization, to: Address) -> Work:
        """What is asked for, or the question to a second person whether it may be done."""
        if self._second.is_needed(press.rule):
            return lambda: self._ask_second(press, request, verdict, to)
        return lambda: press.handler(request)

    async def _ask_second(self, press: ButtonAction, request: Request, verdict: Authorization, to: Address) -> Reply:
        """They read what the bot itself has said; of what an earlier version said nothing is kept."""
        said = await self._reception.said(verdict.subject)
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
            question=self._reception.read(said, verdict.station.name),
            label=verdict.subject.label,
            message=to.shown,
            station=verdict.station.name,
        )
        return await self._second.ask(wish, verdict.access)

    async def _obey_press(self, pressed: ButtonPressed, deed: Work, talk: Replier, job: ExecutionJob) -> None:
        work = asyncio.create_task(self._execution.carry_out(job, deed))
        await asyncio.wait({work}, timeout=ANSWER_PRESS_WITHIN)
        toast = work.result().toast if work.done() else None
        await self._reception.toast(pressed, toast)
        reply = await work
        if reply.instead is not None:
            asked = reply.instead.message_id or pressed.message_id
            instead = replace(reply.instead, actor=pressed.actor, place=pressed.place, message_id=asked)
            await self._typed(instead, job.update_id)
        await self._execution.conclude(job, talk, reply)

    async def _second_pressed(
        self, pressed: ButtonPressed, press: ButtonAction, verdict: Authorization, update_id: int
    ) -> None:
        """What was asked for is done, or given up, where it was asked, and in the name of who asked."""
        waiting, approval = verdict.subject.waiting, verdict.subject.approval
        if waiting is None or approval is None:
            return
        first, place = approval.first, approval.place
        to = Address(first, place, verdict.station.name, shown=waiting["message"])
        talk = self._reception.conversation(to, approval.may, again=verdict.again)
        job = self._job(press, verdict, to, update_id)
        if approval.is_refusal:
            told = two_person.refused(first, pressed.actor)
            await self._reception.toast(pressed, None)
            await self._execution.conclude(replace(job, atomic=False), talk, Reply(told, outcome="refused"))
        else:
            told = two_person.confirmed(first, press.name)
            as_first = verdict.of(first, place)
            as_pressed = replace(pressed, actor=first, place=place, message_id=waiting["message"] or 0)
            request = self._request(as_pressed, talk, as_first)
            request = replace(request, arguments=waiting["arguments"])
            await self._obey_press(pressed, lambda: press.handler(request), talk, job)
        if pressed.place.chat != place.chat:
            here = replace(to, actor=pressed.actor, place=pressed.place, shown=pressed.message_id or None)
            await self._reception.conversation(here, verdict.may).finish(Reply(told))

    async def _said(self, said: TextSent, update_id: int) -> None:
        """Words that are no command count only as the answer to an open question."""
        verdict = await self._decisions.authorize_text(said, update_id)
        if verdict is None:
            await self._overheard(said)
            return
        answer = verdict.subject.handler
        to = Address(said.actor, said.place, verdict.station.name, asked=said.message_id)
        talk = self._reception.conversation(to, verdict.may, again=verdict.again)
        metrics.COMMANDS.labels(verdict.subject.what, _word(verdict.decision)).inc()
        if not verdict.decision.allowed or not isinstance(answer, ButtonAction):
            late = refusals.answer_to_late_words(said, verdict.decision, verdict.may)
            await talk.finish(
                await interrupted(verdict, self._reception.desk.drawer) if verdict.before is not None else Reply(late)
            )
            return
        request = self._request(said, talk, verdict, arguments=said.text)
        again = Question(answer.name, request.data)
        job = self._job(answer, verdict, to, update_id)
        reply = await self._execution.carry_out(job, self._deed(answer, request, verdict, to), question=again)
        await self._execution.conclude(job, talk, reply)

    async def _overheard(self, said: TextSent) -> None:
        """Words that answer nothing. What people say to each other in a group does not concern the bot, but for a
        secret in it."""
        await self._decisions.overhear(said.place)
        if not said.place.private and not holds_secret(said.text):
            return
        may = await self._decisions.rights(said.actor, said.place)
        if not refusals.is_known(may):
            return
        to = Address(said.actor, said.place, EVERY_STATION, asked=said.message_id)
        talk = self._reception.conversation(to, may)
        if said.place.private:
            await talk.finish(Reply(Message("not_a_command")))
        else:
            await _hide_secret(talk, "password_in_group")

    async def _overheard_anonymous(self, heard: TextOverheard) -> None:
        """Admission lets such words in only of the groups that the bot serves."""
        if not heard.place.private and holds_secret(heard.text):
            to = Address(heard.actor, heard.place, EVERY_STATION, asked=heard.message_id)
            may = await self._decisions.rights(heard.actor, heard.place)
            await _hide_secret(self._reception.conversation(to, may), "password_in_group")

    async def _added(self, added: AddedToChat, update_id: int) -> None:
        """Into a group by somebody who may give it access: ask which. By anybody else: say so, and leave."""
        verdict = await self._decisions.authorize_joining(added, update_id)
        if verdict.decision == UNDECIDED:
            return
        to = Address(added.actor, added.place, verdict.station.name)
        talk = self._reception.conversation(to, verdict.may, again=verdict.again)
        async with self._reception.store.begin() as session:
            alerted = await self._alert_chats.alert_chats(session)
        given = (grant.subject for grant in verdict.access.grants if not grant.has_ended(verdict.asking.now))
        known = added.place.chat in {*alerted, *given}
        if known or (verdict.decision.allowed and added.channel):
            reply = Reply(outcome="stays")
        else:
            reply = await self._greeting(ChatJoined(added, verdict, self._reception.desk))
        await self._execution.conclude(ExecutionJob(update_id, verdict.entry, to), talk, reply)
        if not known and not verdict.decision.allowed:
            await talk.leave()

    async def _greeting(self, joined: ChatJoined) -> Reply:
        reply = Reply(outcome="answered" if joined.verdict.decision.allowed else "left")
        for hook in self._hooks.added_to_chat:
            reply = await hook(joined)
        return reply

    def _request(
        self,
        intent: CommandTyped | TextSent | ButtonPressed,
        talk: Replier,
        verdict: Authorization,
        *,
        arguments: str = "",
    ) -> Request:
        return self._reception.request(
            intent,
            talk,
            verdict,
            arguments=arguments,
            stop=self._execution.stop,
        )


async def _hide_secret(talk: Replier, template: str) -> None:
    await talk.finish(Reply(Message(template, {"deleted": await talk.delete_asked()})))


def _word(decision: Decision) -> str:
    return "allowed" if decision.allowed else "denied"
