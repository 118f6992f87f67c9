"""Dispatch updates to handlers: one decision and one audit row between an update and its reply."""

import time
from collections.abc import Collection

import structlog
from telegram import Update

from bot.access.policy import EVERY_STATION
from bot.messages.message import Message
from bot.runtime import metrics
from bot.store.access.known_senders import AlertChats
from bot.store.database import DatabaseError
from bot.store.messages.unfinished_updates import Checkpoint
from bot.store.typed_secrets import contains_secret
from handlers.authorization import preconditions
from handlers.authorization.access_request import Authorization
from handlers.authorization.authorizer import Authorizer
from handlers.dialog import refusals
from handlers.dispatch.button_actions import ButtonActions
from handlers.dispatch.declare import Command, StationScope
from handlers.dispatch.executor import ExecutionJob, Executor
from handlers.dispatch.hooks import ChatJoined, Hooks
from handlers.dispatch.intents import AddedToChat, ButtonPressed, CommandTyped, TextOverheard, TextSent
from handlers.dispatch.replier import Replier
from handlers.dispatch.request import Reply
from handlers.dispatch.rules import OnRestart
from handlers.dispatch.update_parser import read_intent, unknown_fields
from handlers.recovery import pending_replies
from handlers.recovery.pending_replies import Address
from handlers.recovery.resume import Resumption, interrupted
from handlers.safety.two_person import TwoPersonRule

log = structlog.get_logger(__name__)

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
        executor: Executor,
        alert_chats: AlertChats,
        hooks: Hooks,
    ) -> None:
        self._bot_name = bot_name
        self._authorizer = authorizer
        self._executor = executor
        self._buttons = ButtonActions(authorizer, executor, second, self._typed)
        self._alert_chats = alert_chats
        self._hooks = hooks
        self._refused_fields = set[str]()

    async def finish(self, within: float) -> None:
        """Finish at shutdown: see Executor.finish."""
        await self._authorizer.finish()
        await self._executor.finish(within)

    async def go_on(self) -> None:
        """Resume confirmed work that the shutdown interrupted."""
        resumption = Resumption(self._authorizer, self._executor)
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
        self._warn_of(unknown_fields(update))
        if intent is not None and (owed := await self._authorizer.pending_checkpoint(update.update_id)):
            await self._tell(owed, update.update_id)
        elif isinstance(intent, CommandTyped):
            await self._typed(intent, update.update_id)
        elif isinstance(intent, ButtonPressed):
            await self._buttons.pressed(intent, update.update_id)
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
        await self._executor.replier(to, may, again=True).finish(reply)
        await self._authorizer.forget_checkpoint(update_id)

    async def _typed(self, typed: CommandTyped, update_id: int) -> None:
        started = time.monotonic()
        typed = self._authorizer.refined(typed)
        authorization = await self._authorizer.authorize_command(typed, update_id)
        command, decision = authorization.subject.handler, authorization.decision
        to = Address(typed.actor, typed.place, authorization.station.name, asked=typed.message_id)
        replier = self._executor.replier(
            to, authorization.may, again=authorization.again, settled=authorization.settled
        )
        metrics.COMMANDS.labels(command.name if command else "unknown", authorization.result).inc()
        if not decision.allowed or not isinstance(command, Command):
            await self._refuse(typed, authorization, replier)
            return
        asks_one = command.rule.asks_pbx and command.whose is StationScope.ONE
        if asks_one and (wait := authorization.station.pbx.wait_seconds) > WORTH_SAYING:
            await replier.progress(Message("waiting_turn", {"station": authorization.station.name, "wait": wait}))
        request = self._executor.request(typed, replier, authorization, arguments=authorization.subject.arguments)
        job = ExecutionJob(update_id, authorization.entry, to, command.resume is OnRestart.ATOMIC)
        reply = await self._executor.carry_out(job, lambda: command.handler(request), command=command)
        await self._executor.conclude(job, replier, reply)
        metrics.COMMAND_SECONDS.labels(command.name).observe(time.monotonic() - started)

    async def _refuse(self, typed: CommandTyped, authorization: Authorization, replier: Replier) -> None:
        if template := refusals.secret_in_group(typed, authorization.may):
            await _hide_secret(replier, template)
            return
        if authorization.before is not None and authorization.decision != preconditions.OLD:
            await replier.finish(await interrupted(authorization, self._executor.services.temporary_payloads))
            return
        rule = authorization.subject.rule
        proof = refusals.offer_to_prove(typed, looks=rule.only_looks) if rule is not None else None
        alone = rule is None or not rule.only_looks
        answer = proof or refusals.answer_to_command(typed, authorization.decision, authorization.may, alone=alone)
        if answer is not None and self._authorizer.may_be_told(typed, authorization):
            await replier.finish(Reply(answer))

    async def _said(self, said: TextSent, update_id: int) -> None:
        """Handle text as an answer; ignored without an open question."""
        authorization = await self._authorizer.authorize_text(said, update_id)
        if authorization is None:
            await self._overheard(said)
        else:
            await self._buttons.answered(said, authorization, update_id)

    async def _overheard(self, said: TextSent) -> None:
        """Handle text that answers no question. In a group it is ignored unless it contains a secret, which is
        deleted."""
        await self._authorizer.overhear(said.place)
        if not said.place.private and not contains_secret(said.text):
            return
        may = await self._authorizer.rights(said.actor, said.place)
        if not refusals.is_known(may):
            return
        to = Address(said.actor, said.place, EVERY_STATION, asked=said.message_id)
        replier = self._executor.replier(to, may)
        if said.place.private:
            await replier.finish(Reply(Message("not_a_command")))
        else:
            await _hide_secret(replier, "password_in_group")

    async def _overheard_anonymous(self, heard: TextOverheard) -> None:
        """Delete a secret; Admission passes such text only from groups that the bot serves."""
        if not heard.place.private and contains_secret(heard.text):
            to = Address(heard.actor, heard.place, EVERY_STATION, asked=heard.message_id)
            may = await self._authorizer.rights(heard.actor, heard.place)
            await _hide_secret(self._executor.replier(to, may), "password_in_group")

    async def _added(self, added: AddedToChat, update_id: int) -> None:
        """Handle the addition to a chat: ask for its access if the person may grant it, else explain and leave."""
        authorization = await self._authorizer.authorize_joining(added, update_id)
        if authorization.decision == preconditions.UNDECIDED:
            return
        to = Address(added.actor, added.place, authorization.station.name)
        replier = self._executor.replier(to, authorization.may, again=authorization.again)
        async with self._executor.store.begin() as session:
            alerted = await self._alert_chats.alert_chats(session)
        given = (
            grant.subject for grant in authorization.access.grants if not grant.has_ended(authorization.asking.now)
        )
        known = added.place.chat in {*alerted, *given}
        if known or (authorization.decision.allowed and added.channel):
            reply = Reply(outcome="stays")
        else:
            reply = await self._greeting(ChatJoined(added, authorization, self._executor.services))
        await self._executor.conclude(ExecutionJob(update_id, authorization.entry, to), replier, reply)
        if not known and not authorization.decision.allowed:
            await replier.leave()

    async def _greeting(self, joined: ChatJoined) -> Reply:
        reply = Reply(outcome="answered" if joined.authorization.decision.allowed else "left")
        for hook in self._hooks.added_to_chat:
            reply = await hook(joined)
        return reply


async def _hide_secret(replier: Replier, template: str) -> None:
    await replier.finish(Reply(Message(template, {"deleted": await replier.delete_asked()})))
