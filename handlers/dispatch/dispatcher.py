"""Dispatch updates to handlers: one decision and one audit row between an update and its reply."""

import time
from collections.abc import Collection
from typing import NamedTuple

import structlog
from telegram import Update

from bot.messages.message import Message, mark
from bot.runtime import metrics
from bot.store.access.known_senders import AlertChats
from bot.store.database import DatabaseError, Session
from bot.store.messages.unfinished_updates import Checkpoint
from handlers.authorization import preconditions
from handlers.authorization.access_request import Authorization, MembershipUnknown
from handlers.authorization.authorizer import Authorizer
from handlers.dialog import refusals
from handlers.dialog.command_guess import CommandGuess
from handlers.dispatch.button_actions import ButtonActions
from handlers.dispatch.declare import Catalogue, Command, StationScope
from handlers.dispatch.executor import ExecutionJob, Executor
from handlers.dispatch.hooks import ChatJoined, Hooks
from handlers.dispatch.intents import (
    AddedToChat,
    AnonymousText,
    ButtonPressed,
    CommandTyped,
    Intent,
    TextSent,
    UnreadMessage,
)
from handlers.dispatch.other_messages import OtherMessages, hide_secret
from handlers.dispatch.replier import Replier
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart
from handlers.dispatch.update_parser import read_intent, unknown_fields
from handlers.recovery import pending_replies
from handlers.recovery.pending_replies import Address
from handlers.recovery.resume import Resumption, interrupted
from handlers.safety.two_person import TwoPersonRule

log = structlog.get_logger(__name__)

# Longer waits for a request slot of the PBX are explained to the person. Seconds.
MIN_REPORTED_WAIT = 2.0


class Decided(NamedTuple):
    """Intent of an update with its decision, which is committed; None for a text that answers no question."""

    intent: Intent
    authorization: Authorization | None


class Dispatcher:
    """Entry point of all updates; no other code calls a handler. `alert_chats`: chats configured for alerts, in which
    the bot stays, regardless of the person that added it."""

    def __init__(
        self,
        *,
        bot_name: str,
        authorizer: Authorizer,
        two_person_rule: TwoPersonRule,
        executor: Executor,
        alert_chats: AlertChats,
        catalogue: Catalogue,
        hooks: Hooks,
    ) -> None:
        self._bot_name = bot_name
        self._authorizer = authorizer
        self._executor = executor
        self._buttons = ButtonActions(authorizer, executor, two_person_rule, self._handle_instead)
        self._alert_chats = alert_chats
        self._hooks = hooks
        self._guess = CommandGuess(catalogue)
        self._other_messages = OtherMessages(authorizer, executor, self._guess, self._handle_instead)
        self._unstored_keyboards = executor.unstored_keyboards
        self._refused_fields = set[str]()

    async def finish(self, drain_timeout: float) -> None:
        """Finish at shutdown: see Executor.finish."""
        await self._authorizer.finish()
        await self._executor.finish(drain_timeout)

    async def resume(self) -> None:
        """Resume confirmed work that the shutdown interrupted."""
        resumption = Resumption(self._authorizer, self._executor)
        for hook in self._hooks.resume:
            await hook(resumption)

    def decide(self, session: Session, update: Update) -> Decided | None:
        """Decide about a new update in the session that stores it. None if that takes more than the database, or if
        there is nothing to decide."""
        intent = read_intent(update, self._bot_name)
        if intent is None or isinstance(intent, AnonymousText | UnreadMessage) or self._waits_for_keyboard(intent):
            return None
        intent = self._authorizer.with_subcommand(intent)
        try:
            return Decided(intent, self._authorizer.decide(session, intent, update.update_id))
        except MembershipUnknown:
            return None

    def repeat(self, update_id: int) -> None:
        """Let `handle` take an update as after a kill: its decision may be stored, and was not carried out."""
        self._authorizer.interrupted.mark(update_id)

    async def handle(self, update: Update, decided: Decided | None = None) -> bool:
        """Handle one update; an error before the decision executes no handler. An update interrupted by a database
        error is retried as after a kill, without the decision of `decide`. Return True if it is finished in the inbox
        already."""
        try:
            return await self._handle(update, decided)
        except DatabaseError:
            self._authorizer.interrupted.mark(update.update_id)
            raise

    async def _handle(self, update: Update, decided: Decided | None) -> bool:
        self._warn_of(unknown_fields(update))
        if decided is None:
            intent = read_intent(update, self._bot_name)
            if intent is None:
                return False
            if checkpoint := await self._authorizer.interrupted.pending_reply(update.update_id):
                await self._send_pending(checkpoint, update.update_id)
                return False
            if isinstance(intent, AnonymousText):
                await self._other_messages.handle_anonymous(intent)
                return False
            if isinstance(intent, UnreadMessage):
                await self._other_messages.handle_unread(intent)
                return False
            decided = await self._decide(intent, update.update_id)
        elif decided.authorization is not None:
            self._authorizer.count_repeats(decided.intent, decided.authorization)
        return await self._handle_decided(decided, update.update_id)

    async def _decide(self, intent: Intent, update_id: int) -> Decided:
        """Decide in a transaction of its own."""
        if isinstance(intent, ButtonPressed):
            await self._unstored_keyboards.wait(intent.keyboard)
        intent = self._authorizer.with_subcommand(intent)
        return Decided(intent, await self._authorizer.authorize(intent, update_id))

    async def _handle_decided(self, decided: Decided, update_id: int) -> bool:
        intent, authorization = decided
        if authorization is None:
            if isinstance(intent, TextSent):
                await self._other_messages.handle_text(intent, update_id)
            return False
        if isinstance(intent, CommandTyped):
            return await self._handle_command(intent, authorization, update_id)
        if isinstance(intent, ButtonPressed):
            return await self._buttons.handle_press(intent, authorization, update_id)
        if isinstance(intent, TextSent):
            return await self._buttons.handle_answer(intent, authorization, update_id)
        if isinstance(intent, AddedToChat):
            await self._handle_added(intent, authorization, update_id)
        return False

    def _waits_for_keyboard(self, intent: Intent) -> bool:
        return isinstance(intent, ButtonPressed) and intent.keyboard in self._unstored_keyboards

    def _warn_of(self, fields: Collection[str]) -> None:
        """Log each field once per run: Telegram may send it with every message."""
        for field in set(fields) - self._refused_fields:
            log.warning(
                "unknown field says that a message was not typed, message rejected; update the bot", field=field
            )
            self._refused_fields.add(field)

    async def _send_pending(self, checkpoint: Checkpoint, update_id: int) -> None:
        """Send the pending reply of work that a killed run had done."""
        reply, address = pending_replies.from_checkpoint(checkpoint)
        may = await self._authorizer.rights(address.actor, address.place)
        await self._executor.replier(address, may, possible_repeat=True).finish(reply)
        await self._authorizer.interrupted.delete_checkpoint(update_id)

    async def _handle_instead(self, typed: CommandTyped, update_id: int) -> None:
        """Handle the command that the reply to a press names."""
        intent, authorization = await self._decide(typed, update_id)
        if isinstance(intent, CommandTyped) and authorization is not None:
            await self._handle_command(intent, authorization, update_id, finishes_update=False)

    async def _handle_command(
        self, typed: CommandTyped, authorization: Authorization, update_id: int, *, finishes_update: bool = True
    ) -> bool:
        started = time.monotonic()
        command, decision = authorization.subject.handler, authorization.decision
        address = Address(typed.actor, typed.place, authorization.station.name, asked=typed.message_id)
        replier = self._executor.replier(
            address, authorization.may, possible_repeat=authorization.possible_repeat, settled=authorization.settled
        )
        metrics.COMMANDS.labels(command.name if command else "unknown", authorization.result).inc()
        if not decision.allowed or not isinstance(command, Command):
            await self._refuse(typed, authorization, replier)
            return False
        asks_one = command.rule.asks_pbx and command.scope is StationScope.ONE
        if asks_one and (wait := authorization.station.pbx.wait_seconds) > MIN_REPORTED_WAIT:
            await replier.progress(Message("waiting_turn", {"station": authorization.station.name, "wait": wait}))
        request = self._executor.request(typed, replier, authorization, arguments=authorization.subject.arguments)
        job = ExecutionJob(
            update_id,
            authorization.audit_id,
            address,
            atomic=command.resume is OnRestart.ATOMIC,
            finishes_update=finishes_update,
        )
        reply = await self._executor.execute(job, lambda: _run(command, request), command=command)
        await self._executor.conclude(job, replier, reply)
        metrics.COMMAND_SECONDS.labels(command.name).observe(time.monotonic() - started)
        return finishes_update

    async def _refuse(self, typed: CommandTyped, authorization: Authorization, replier: Replier) -> None:
        if template := refusals.secret_in_group(typed, authorization.may):
            await hide_secret(replier, template)
            return
        if authorization.interrupted_decision is not None and authorization.decision != preconditions.TOO_OLD:
            await replier.finish(await interrupted(authorization, self._executor.services.temporary_payloads))
            return
        rule = authorization.subject.rule
        identification = (
            refusals.offer_identification(typed, is_read_only=rule.is_read_only) if rule is not None else None
        )
        one_command = rule is None or not rule.is_read_only
        is_unknown = authorization.decision == preconditions.NO_SUCH_COMMAND and typed.place.private
        # An unknown command is about no PBX: the person's rights anywhere count.
        may = await self._authorizer.rights(typed.actor, typed.place) if is_unknown else authorization.may
        near = self._guess.nearest(typed.name, may) if is_unknown else ()
        answer = identification or refusals.answer_to_command(
            typed, authorization.decision, may, one_command=one_command, near=near
        )
        if answer is not None and self._authorizer.may_reply(typed, authorization):
            await replier.finish(Reply(answer))

    async def _handle_added(self, added: AddedToChat, authorization: Authorization, update_id: int) -> None:
        """Handle the addition to a chat: ask for its access if the person may grant it, else explain and leave."""
        if authorization.decision == preconditions.UNDECIDED:
            return
        address = Address(added.actor, added.place, authorization.station.name)
        replier = self._executor.replier(address, authorization.may, possible_repeat=authorization.possible_repeat)
        alerted = await self._executor.database.run(self._alert_chats.alert_chats)
        given = (
            grant.subject for grant in authorization.access.grants if not grant.has_ended(authorization.asking.now)
        )
        is_served = added.place.chat in {*alerted, *given}
        if is_served or (authorization.decision.allowed and added.channel):
            reply = Reply(outcome="stays")
        else:
            reply = await self._greeting(ChatJoined(added, authorization, self._executor.services))
        await self._executor.conclude(ExecutionJob(update_id, authorization.audit_id, address), replier, reply)
        if not is_served and not authorization.decision.allowed:
            await replier.leave()

    async def _greeting(self, joined: ChatJoined) -> Reply:
        reply = Reply(outcome="answered" if joined.authorization.decision.allowed else "left")
        for hook in self._hooks.added_to_chat:
            reply = await hook(joined)
        return reply


async def _run(command: Command, request: Request) -> Reply:
    """Run the handler; words behind a command without arguments are refused. Raises WrongArguments."""
    if request.arguments and not command.usage and command.scope is StationScope.ONE:
        several = request.services.fleet.single_station is None
        problem = (
            mark("I do not understand “%(written)s”. Behind this command stands the name of a PBX, or nothing.")
            if several
            else mark("I do not understand “%(written)s” behind this command.")
        )
        raise WrongArguments(problem, written=request.arguments)
    return await command.handler(request)
