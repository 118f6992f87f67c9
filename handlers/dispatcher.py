"""The access-controlled layer: from an update to an answer, with one decision and one audit row between them."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update

from bot import metrics
from bot.access import Decision, Grants, decide
from bot.chat.errors import DeliveryError
from bot.chat.message import Message
from bot.chat.messenger import Messenger
from bot.chat.render import Renderer
from bot.store import audit, keyboards, outbox, questions
from bot.store.database import Store
from bot.store.drawer import Drawer
from bot.store.imports import Imports
from bot.store.tables import AuditEntry
from handlers import refusals
from handlers.command import Catalogue, Press, Question, Reply, Request, Station
from handlers.conversation import Conversation
from handlers.execution import Execution
from handlers.intent import Actor, Document, Place, Pressed, Said, Typed, read_intent

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
        catalogue: Catalogue,
        grants: Grants,
        station: Station,
        store: Store,
        messenger: Messenger,
        renderer: Renderer,
        clock: Callable[[], datetime],
    ) -> None:
        self._bot_name = bot_name
        self._catalogue = catalogue
        self._grants = grants
        self._station = station
        self._store = store
        self._messenger = messenger
        self._renderer = renderer
        self._clock = clock
        self._drawer = Drawer(store, clock)
        self._imports = Imports(store, clock)
        self._execution = Execution(store, station.name)

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

    async def _typed(self, typed: Typed, update_id: int) -> None:
        started = time.monotonic()
        command = self._catalogue.commands.get(typed.name)
        talk = self._conversation(typed.actor, typed.place, asked=typed.message_id)
        async with self._store.begin() as session:
            may = await self._right(session, typed.actor, typed.place)
            decision = refusals.objection_to_command(typed, command, self._clock()) or may(
                command.permission if command else None
            )
            entry = await audit.record_decision(
                session,
                self._entry(
                    typed, update_id, f"/{typed.name}", typed.arguments, command.permission if command else "", decision
                ),
            )
        metrics.COMMANDS.labels(command.name if command else "unknown", _word(decision)).inc()
        if command is None or not decision.allowed:
            answer = refusals.answer_to_command(typed, decision, may)
            await talk.finish(Reply(answer))
            return
        if (wait := self._station.pbx.turn_in) > WORTH_SAYING:
            await talk.progress(Message("waiting_turn", {"station": self._station.name, "wait": wait}))
        request = self._request(typed, talk, may, arguments=typed.arguments, document=typed.document)
        reply = await self._execution.run(lambda: command.handler(request), command=command)
        await self._execution.conclude(entry, talk, reply)
        metrics.COMMAND_SECONDS.labels(command.name).observe(time.monotonic() - started)

    async def _pressed(self, pressed: Pressed, update_id: int) -> None:
        async with self._store.begin() as session:
            may = await self._right(session, pressed.actor, pressed.place)
            keyboard = await keyboards.find_keyboard(session, pressed.keyboard)
            choice = refusals.chosen(keyboard, pressed)
            press = self._catalogue.presses.get(choice["action"]) if choice else None
            decision = refusals.objection_to_press(keyboard, pressed, press, self._clock()) or may(
                press.permission if press else None
            )
            if decision.allowed and keyboard and keyboard.single_use:
                fresh = await keyboards.use_once(session, keyboard.id, self._clock())
                decision = decision if fresh else refusals.USED
            what, data = (choice["action"], choice["data"]) if choice else ("unknown button", {})
            entry = await audit.record_decision(
                session,
                self._entry(pressed, update_id, what, str(data or ""), press.permission if press else "", decision),
            )
        metrics.COMMANDS.labels(press.name if press else "unknown", _word(decision)).inc()
        if press is None or not decision.allowed:
            await self._toast(pressed, refusals.toast(decision), alert=True)
            return
        await self._obey_press(press, pressed, entry, may, data)

    async def _obey_press(
        self, press: Press, pressed: Pressed, entry: int, may: Callable[[str | None], Decision], data: Mapping[str, Any]
    ) -> None:
        talk = self._conversation(pressed.actor, pressed.place, shown=pressed.message_id)
        request = self._request(pressed, talk, may, data=data)
        work = asyncio.create_task(self._execution.run(lambda: press.handler(request)))
        await asyncio.wait({work}, timeout=ANSWER_PRESS_WITHIN)
        toast = work.result().toast if work.done() else None
        await self._toast(pressed, toast)
        await self._execution.conclude(entry, talk, await work)

    async def _said(self, said: Said, update_id: int) -> None:
        """Words that are no command count only as the answer to an open question."""
        talk = self._conversation(said.actor, said.place, asked=said.message_id)
        now = self._clock()
        async with self._store.begin() as session:
            may = await self._right(session, said.actor, said.place)
            question = await questions.find(
                session,
                chat_id=said.place.chat,
                person_id=said.actor.id,
                replied_to=said.replied_to,
                private=said.place.private,
                now=now,
            )
            answer = self._catalogue.answers.get(question.answer) if question else None
            if question is None or answer is None:
                entry = None
            else:
                decision = refusals.objection_to_answer(said, now) or may(answer.permission)
                # An answer counts once: what is asked again, the handler asks again.
                await questions.forget(session, chat_id=question.chat_id, person_id=question.person_id)
                # The words themselves may be a password.
                entry = await audit.record_decision(
                    session, self._entry(said, update_id, answer.name, "", answer.permission, decision)
                )
        if question is None or answer is None or entry is None:
            await talk.finish(Reply(refusals.answer_to_words(said, may)))
            return
        metrics.COMMANDS.labels(answer.name, _word(decision)).inc()
        if not decision.allowed:
            await talk.finish(Reply(refusals.answer_to_late_words(said, decision, may)))
            return
        request = self._request(said, talk, may, arguments=said.text, document=said.document, data=question.data)
        again = Question(question.answer, question.data)
        reply = await self._execution.run(lambda: answer.handler(request), question=again)
        await self._execution.conclude(entry, talk, reply)

    async def _right(self, session: AsyncSession, actor: Actor, place: Place) -> Callable[[str | None], Decision]:
        """What this actor may do here, as a question that can be asked for any permission."""
        # Settings name a group by the id it had before it became a supergroup.
        moves = await outbox.chat_moves(session)
        chats = {moves.get(chat, chat): role for chat, role in self._grants.chats.items()}
        grants = Grants(self._grants.people, chats)

        def may(permission: str | None) -> Decision:
            return decide(grants, person=actor.id, chat=place.chat, permission=permission or "", private=place.private)

        return may

    def _conversation(
        self, actor: Actor, place: Place, *, shown: int | None = None, asked: int | None = None
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
        )

    def _request(
        self,
        intent: Typed | Said | Pressed,
        talk: Conversation,
        may: Callable[[str | None], Decision],
        *,
        arguments: str = "",
        data: Mapping[str, Any] | None = None,
        document: Document | None = None,
    ) -> Request:
        return Request(
            actor=intent.actor,
            place=intent.place,
            station=self._station,
            now=self._clock(),
            talk=talk,
            may=may,
            drawer=self._drawer,
            imports=self._imports,
            translate=self._renderer.label,
            stopping=lambda: self._execution.stopping,
            arguments=arguments,
            data=data or {},
            document=document,
        )

    def _entry(
        self,
        intent: Typed | Said | Pressed,
        update_id: int,
        what: str,
        arguments: str,
        permission: str,
        decision: Decision,
    ) -> AuditEntry:
        return audit.entry(
            at=self._clock(),
            update_id=update_id,
            actor_id=intent.actor.id,
            actor_name=intent.actor.name,
            chat_id=intent.place.chat,
            station=self._station.name,
            what=what,
            arguments=arguments,
            permission=permission,
            allowed=decision.allowed,
            reason=decision.reason,
        )

    async def _toast(self, pressed: Pressed, text: str | None, *, alert: bool = False) -> None:
        try:
            await self._messenger.answer(pressed.query_id, text and self._renderer.label(text), alert=alert)
        except DeliveryError as error:
            log.warning("a press could not be answered", reason=str(error))


def _word(decision: Decision) -> str:
    return "allowed" if decision.allowed else "denied"
