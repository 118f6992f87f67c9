"""The access-controlled layer: from an update to an answer, with one decision and one audit row between them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from telegram import Update

from bot import metrics
from bot.access import Decision, Permission
from bot.chat.errors import DeliveryError
from bot.chat.message import Message
from bot.chat.messenger import Messenger
from bot.chat.render import Renderer
from bot.store.audit import holds_secret
from bot.store.database import Store
from bot.store.tables import Question as StoredQuestion
from handlers import group_chat, refusals, second_person
from handlers.checks import May
from handlers.command import Command, Desk, Press, Question, Reply, Request, Station
from handlers.conversation import Conversation
from handlers.decisions import Decisions, Verdict
from handlers.execution import Execution
from handlers.intent import Actor, Added, Intent, Place, Pressed, Said, Typed, read_intent
from handlers.second_person import SecondPerson, Wish

log = structlog.get_logger(__name__)

# Telegram forgets a press after some seconds, so it is answered before slow work is done.
ANSWER_PRESS_WITHIN = 1.5
# A person who waits longer for their turn at the PBX should know why.
WORTH_SAYING = 2.0


class Dispatcher:
    """Everything people say comes through here; nothing reaches a handler any other way."""

    def __init__(
        self,
        *,
        bot_name: str,
        decisions: Decisions,
        second: SecondPerson,
        desk: Desk,
        station: Station,
        store: Store,
        messenger: Messenger,
        renderer: Renderer,
        clock: Callable[[], datetime],
        alert_chats: Callable[[], Collection[int]],
        mask_numbers: bool = False,
    ) -> None:
        self._bot_name = bot_name
        self._decisions = decisions
        self._second = second
        self._desk = desk
        self._station = station
        self._store = store
        self._messenger = messenger
        self._renderer = renderer
        self._clock = clock
        self._alert_chats = alert_chats
        self._mask_numbers = mask_numbers
        self._execution = Execution(store, station.name, clock)

    async def finish(self, within: float) -> None:
        """The program ends: see Execution.finish."""
        await self._execution.finish(within)

    async def handle(self, update: Update) -> None:
        """Obey, refuse or ignore one update; an error on the way to the decision obeys nothing."""
        intent = read_intent(update, self._bot_name)
        if isinstance(intent, Typed):
            await self._typed(intent, update.update_id)
        elif isinstance(intent, Pressed):
            await self._pressed(intent, update.update_id)
        elif isinstance(intent, Said):
            await self._said(intent, update.update_id)
        elif isinstance(intent, Added):
            await self._added(intent, update.update_id)

    async def _typed(self, typed: Typed, update_id: int) -> None:
        started = time.monotonic()
        verdict = await self._decisions.about_command(typed, update_id)
        command, decision = verdict.handler, verdict.decision
        talk = self._conversation(typed.actor, typed.place, verdict.may, asked=typed.message_id)
        metrics.COMMANDS.labels(command.name if command else "unknown", _word(decision)).inc()
        if not decision.allowed or not isinstance(command, Command):
            await self._refuse(typed, verdict, talk)
            return
        if (wait := self._station.pbx.turn_in) > WORTH_SAYING:
            await talk.progress(Message("waiting_turn", {"station": self._station.name, "wait": wait}))
        request = self._request(typed, talk, verdict, arguments=typed.arguments)
        request = replace(request, document=typed.document, about=typed.about)
        reply = await self._execution.run(lambda: command.handler(request), command=command)
        await self._execution.conclude(verdict.entry, talk, reply)
        metrics.COMMAND_SECONDS.labels(command.name).observe(time.monotonic() - started)

    async def _refuse(self, typed: Typed, verdict: Verdict, talk: Conversation) -> None:
        if not typed.place.private and verdict.may(Permission.SOMEBODY).allowed and holds_secret(typed.arguments):
            await self._hide_secret(talk)
            return
        answer = refusals.offer_to_prove(typed) or refusals.answer_to_command(typed, verdict.decision, verdict.may)
        if answer is not None and self._decisions.may_be_told(typed, verdict.decision):
            await talk.finish(Reply(answer))

    async def _hide_secret(self, talk: Conversation) -> None:
        await talk.finish(Reply(Message("password_in_group", {"deleted": await talk.delete_asked()})))

    async def _pressed(self, pressed: Pressed, update_id: int) -> None:
        verdict = await self._decisions.about_press(pressed, update_id)
        press, decision = verdict.handler, verdict.decision
        metrics.COMMANDS.labels(press.name if press else "unknown", _word(decision)).inc()
        if not decision.allowed or not isinstance(press, Press):
            await self._toast(pressed, refusals.toast(decision), alert=True)
        elif verdict.waiting is not None:
            await self._second_pressed(pressed, press, verdict)
        else:
            talk = self._conversation(pressed.actor, pressed.place, verdict.may, shown=pressed.message_id)
            wish = Wish(pressed.actor, pressed.place, press.name, verdict.data, "", pressed.text, pressed.message_id)
            work = self._work(press, self._request(pressed, talk, verdict, data=verdict.data), wish, verdict)
            await self._obey_press(pressed, work, talk, verdict.entry, update_id)

    def _work(self, press: Press, request: Request, wish: Wish, verdict: Verdict) -> Callable[[], Awaitable[Reply]]:
        """What is done: the deed itself, or the question to a second person whether it may be."""
        if self._second.is_needed(press.rule):
            return lambda: self._second.ask(wish, verdict.access)
        return lambda: press.handler(request)

    async def _obey_press(
        self,
        pressed: Pressed,
        deed: Callable[[], Awaitable[Reply]],
        talk: Conversation,
        entry: int,
        update_id: int,
    ) -> None:
        work = asyncio.create_task(self._execution.run(deed))
        await asyncio.wait({work}, timeout=ANSWER_PRESS_WITHIN)
        toast = work.result().toast if work.done() else None
        await self._toast(pressed, toast)
        reply = await work
        await self._execution.conclude(entry, talk, reply)
        if reply.instead is not None:
            await self._typed(replace(reply.instead, actor=pressed.actor, place=pressed.place), update_id)

    async def _second_pressed(self, pressed: Pressed, press: Press, verdict: Verdict) -> None:
        """What was asked for is done, or given up, where it was asked, and in the name of who asked."""
        waiting, approval = verdict.waiting, verdict.approval
        if waiting is None or approval is None:
            return
        first, place = approval.first, Place(**waiting["place"])
        talk = self._conversation(first, place, approval.may, shown=waiting["message"])
        if approval.is_refusal:
            said = second_person.refused(first, pressed.actor)
            await self._toast(pressed, None)
            await self._execution.conclude(verdict.entry, talk, Reply(said, outcome="refused"))
        else:
            said = second_person.confirmed(first, press.name)
            as_first = replace(verdict, asking=replace(verdict.asking, person=first.id, chat=place.chat))
            intent = replace(pressed, actor=first, place=place)
            request = self._request(intent, talk, as_first, data=waiting["data"], arguments=waiting["arguments"])
            await self._obey_press(pressed, lambda: press.handler(request), talk, verdict.entry, 0)
        if pressed.place.chat != place.chat:
            copy = self._conversation(pressed.actor, pressed.place, verdict.may, shown=pressed.message_id)
            await copy.finish(Reply(said))

    async def _said(self, said: Said, update_id: int) -> None:
        """Words that are no command count only as the answer to an open question."""
        found = await self._decisions.about_words(said, update_id)
        if found is None:
            await self._overheard(said)
            return
        verdict, question = found
        talk = self._conversation(said.actor, said.place, verdict.may, asked=said.message_id)
        metrics.COMMANDS.labels(question.answer, _word(verdict.decision)).inc()
        if not verdict.decision.allowed or not isinstance(verdict.handler, Press):
            answer = refusals.answer_to_late_words(said, verdict.decision, verdict.may)
            await talk.finish(Reply(answer))
            return
        await self._obey_answer(said, question, verdict.handler, verdict, talk)

    async def _obey_answer(
        self, said: Said, question: StoredQuestion, answer: Press, verdict: Verdict, talk: Conversation
    ) -> None:
        request = self._request(said, talk, verdict, arguments=said.text, data=question.data)
        request = replace(request, document=said.document)
        wish = Wish(said.actor, said.place, answer.name, question.data, said.text, said.text, None)
        again = Question(question.answer, question.data)
        reply = await self._execution.run(self._work(answer, request, wish, verdict), question=again)
        await self._execution.conclude(verdict.entry, talk, reply)

    async def _overheard(self, said: Said) -> None:
        """Words that answer nothing. Only a secret in them concerns the bot."""
        may = await self._decisions.rights(said.actor, said.place)
        talk = self._conversation(said.actor, said.place, may, asked=said.message_id)
        if not said.place.private and refusals.is_known(may) and holds_secret(said.text):
            await self._hide_secret(talk)
        else:
            await talk.finish(Reply(refusals.answer_to_words(said, may)))

    async def _added(self, added: Added, update_id: int) -> None:
        """Into a group by somebody who may give it access: ask which. By anybody else: say so, and leave."""
        verdict = await self._decisions.about_joining(added, update_id)
        talk = self._conversation(added.actor, added.place, verdict.may)
        known = added.place.chat in {*self._alert_chats(), *(grant.subject for grant in verdict.access.grants)}
        if known or (verdict.decision.allowed and added.channel):
            reply = Reply(outcome="stays")
        elif verdict.decision.allowed:
            reply = group_chat.introduction(self._station.name, added.place, self._desk.grants.roles)
        else:
            reply = Reply(group_chat.farewell(added.actor), outcome="left")
        await self._execution.conclude(verdict.entry, talk, reply)
        if not known and not verdict.decision.allowed:
            await talk.leave()

    def _conversation(
        self, actor: Actor, place: Place, may: May, *, shown: int | None = None, asked: int | None = None
    ) -> Conversation:
        return Conversation(
            messenger=self._messenger,
            store=self._store,
            station=self._station.name,
            zone=self._station.zone(),
            clock=self._clock,
            actor=actor,
            place=place,
            shown=shown,
            asked=asked,
            masked=self._mask_numbers and not may(Permission.NUMBERS).allowed,
        )

    def _request(
        self,
        intent: Intent,
        talk: Conversation,
        verdict: Verdict,
        *,
        arguments: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> Request:
        return Request(
            actor=intent.actor,
            place=intent.place,
            station=self._station,
            now=self._clock(),
            talk=talk,
            may=verdict.may,
            asking=verdict.asking,
            desk=self._desk,
            translate=self._renderer.label,
            stopping=lambda: self._execution.stopping,
            arguments=arguments,
            data=data or {},
        )

    async def _toast(self, pressed: Pressed, text: str | None, *, alert: bool = False) -> None:
        try:
            await self._messenger.answer(pressed.query_id, text and self._renderer.label(text), alert=alert)
        except DeliveryError as error:
            log.warning("a press could not be answered", reason=str(error))


def _word(decision: Decision) -> str:
    return "allowed" if decision.allowed else "denied"
