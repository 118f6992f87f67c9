"""Send replies to one person, with retries and queued delivery."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta, tzinfo
from functools import partial

import structlog

from bot.access.policy import Destination
from bot.messages.message import Button, File, Message, stored
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.database import Database, DatabaseError, Session
from bot.store.database_errors import database_message
from bot.store.messages import keyboards, questions
from bot.store.messages.unstored_keyboards import UnstoredKeyboards
from bot.store.tables.messages import Keyboard
from bot.telegram.delivery.sender import Sender
from bot.telegram.errors import DeliveryError, MessageGone, TryLater
from handlers.dispatch import reply_outbox
from handlers.dispatch.intents import Document
from handlers.dispatch.request import Question, Reply, Secret
from handlers.dispatch.send_retry import with_retries
from handlers.dispatch.unstored_reply import UnstoredReply
from handlers.recovery import pending_replies
from handlers.recovery.pending_replies import Address

log = structlog.get_logger(__name__)


class Replier:
    """Reply to a command (the message `asked`) with a message, and to a button press by editing its message (`shown`).

    `masked`: mask phone numbers in groups, never in private. `wake`: wakes the delivery worker after a reply is queued.
    `possible_repeat`: mark messages as a possible repeat. `names_station`: name the station. `needs_second`: predicate
    for actions that a second person confirms; the text above their buttons is stored, to be shown to that person.
    """

    def __init__(
        self,
        *,
        sender: Sender,
        database: Database,
        unstored_keyboards: UnstoredKeyboards,
        zone: tzinfo,
        clock: Clock,
        address: Address,
        names_station: bool = False,
        masked: bool = False,
        wake: Signal | None = None,
        possible_repeat: bool = False,
        needs_second: Callable[[str], bool] = lambda _action: False,
    ) -> None:
        self._sender = sender
        self._database = database
        self._station = address.station
        self._zone = zone
        self._clock = clock
        self._actor = address.actor
        self._place = address.place
        self._shown_id = address.shown
        self._asked_id = address.asked
        self._names_station = names_station
        self._masked = masked and not address.place.private
        self._possible_repeat = possible_repeat
        self._needs_second = needs_second
        self.unstored = UnstoredReply(unstored_keyboards, wake or Signal())

    async def progress(self, message: Message) -> None:
        # Not queued: delivered later it would replace the reply.
        await self._show(message, is_lasting=False)
        try:
            await self.unstored.store(self._database)
        except DatabaseError as error:
            # Its buttons are unknown; the work, which may have changed the PBX, goes on.
            log.warning("buttons of a progress message not stored", reason=database_message(error))

    async def finish(self, reply: Reply) -> None:
        """Send a reply, and store its buttons and question."""
        await self.send(reply)
        await self.unstored.store(self._database)

    async def send(self, reply: Reply) -> None:
        """Send a reply; the caller stores what is `unstored`."""
        if reply.closes_question:
            self.unstored.add(self._remove_question)
        if reply.as_new_message:
            self._asked_id, self._shown_id = self._shown_id, None
        if reply.message is not None:
            await self._show(
                reply.message,
                confirm_within=reply.confirm_within if reply.confirm else None,
                question=reply.question,
            )
        if reply.secret is not None:
            await self.send_secret(reply.secret)
        if reply.file is not None:
            here = Destination(self._place.chat, self._place.thread)
            if await self._send_elsewhere(here, reply.file) is None:
                await self._show(Message("file_not_delivered"))

    async def private_chat_is_open(self) -> bool:
        return await self._sender.can_write_to(self._actor.id)

    async def send_secret(self, secret: Secret) -> bool:
        """Send to the asker in private, and queue its deletion in the outbox."""
        return await self.send_privately(secret.message, lifetime=secret.lifetime)

    async def send_privately(self, content: Message | File, *, lifetime: timedelta | None = None) -> bool:
        message_id = await self._send_elsewhere(Destination(self._actor.id), content)
        if message_id is not None and lifetime is not None:
            self.unstored.add(
                partial(
                    reply_outbox.enqueue_deletion,
                    chat=self._actor.id,
                    message_id=message_id,
                    station=self._station,
                    now=self._clock(),
                    lifetime=lifetime,
                ),
                is_outbox=True,
            )
        await self.unstored.store(self._database)
        return message_id is not None

    async def ask_privately(self, message: Message, question: Question) -> bool:
        message_id = await self._send_elsewhere(Destination(self._actor.id), message)
        if message_id is not None:
            self._ask(question, self._with_station(message), self._actor.id, message_id)
        await self.unstored.store(self._database)
        return message_id is not None

    async def delete_asked(self) -> bool:
        if self._asked_id is None:
            return False
        message_id = self._asked_id
        try:
            return await with_retries(lambda: self._sender.delete(self._place.chat, message_id))
        except DeliveryError as error:
            log.warning("request message not deleted", chat=self._place.chat, reason=str(error))
            return False

    async def replace(self, message_id: int, message: Message) -> None:
        shown, chat, now = self._with_station(message), self._place.chat, self._clock()
        try:
            await with_retries(
                lambda: self._sender.edit(chat, message_id, shown, zone=self._zone, now=now, masked=self._masked)
            )
        except DeliveryError as error:
            log.warning("message not replaced", chat=chat, reason=str(error))

    async def withdraw_questions(self) -> bool:
        place, person = self._place, self._actor.id
        return await self._database.run(questions.withdraw, place.chat, person, self._clock())

    async def leave(self) -> None:
        try:
            await with_retries(lambda: self._sender.leave_chat(self._place.chat))
        except DeliveryError as error:
            log.warning("chat not left", chat=self._place.chat, reason=str(error))

    async def download(self, document: Document) -> bytes | None:
        try:
            return await self._sender.download(document.file_id)
        except DeliveryError as error:
            log.warning("file download failed", reason=str(error))
            return None

    async def _send_elsewhere(self, to: Destination, content: Message | File) -> int | None:
        """Send a message or a file besides the reply; None if not delivered."""
        masked = self._masked and to.chat == self._place.chat
        try:
            if isinstance(content, File):
                return await with_retries(
                    lambda: self._sender.send_file(to, content, zone=self._zone, now=self._clock(), masked=masked)
                )
            message = self._with_station(content)
            keyboard = self._new_keyboard(message, to.chat)
            message_id = await with_retries(
                lambda: self._sender.send(
                    to, message, zone=self._zone, now=self._clock(), keyboard=keyboard, masked=masked
                )
            )
            if keyboard is not None:
                keyboard.message_id = message_id
            return message_id
        except DeliveryError as error:
            log.warning("message not delivered", chat=to.chat, reason=str(error))
            return None

    def _ask(self, question: Question, message: Message, chat: int, message_id: int) -> None:
        content = pending_replies.plain_message(message) if self._needs_second(question.answer) else None
        self.unstored.add(
            partial(
                questions.ask,
                chat_id=chat,
                person_id=self._actor.id,
                station=self._station,
                message_id=message_id,
                answer=question.answer,
                data=dict(question.data),
                expires_at=self._clock() + question.lifetime,
                content=content,
            )
        )

    def _remove_question(self, session: Session) -> None:
        questions.remove(session, chat_id=self._place.chat, person_id=self._actor.id)

    async def _show(
        self,
        message: Message,
        *,
        confirm_within: timedelta | None = None,
        question: Question | None = None,
        is_lasting: bool = True,
    ) -> None:
        message = self._with_station(message)
        keyboard = self._new_keyboard(message, self._place.chat, confirm_within)
        if keyboard is not None and confirm_within is not None:
            # What is confirmed with it must not be lost with a program that ends right after sending it.
            await self.unstored.store_keyboards(self._database)
        # Only a new message can open the reply field in a group, and only one without buttons.
        opens_reply_field = question is not None and not self._place.private and keyboard is None
        if opens_reply_field:
            self._shown_id = None
        try:
            await with_retries(lambda: self._deliver(message, keyboard, wants_answer=opens_reply_field))
        except DeliveryError as error:
            if isinstance(error, TryLater) and is_lasting:
                log.warning("reply not delivered, queued for retry", chat=self._place.chat, reason=str(error))
                self._enqueue(message, keyboard, error)
                return
            log.warning("reply not delivered", chat=self._place.chat, reason=str(error))
            return
        if keyboard is not None:
            keyboard.message_id = self._shown_id
        if question is not None and self._shown_id is not None:
            self._ask(question, message, self._place.chat, self._shown_id)

    def _with_station(self, message: Message) -> Message:
        if not self._names_station or not self._station:
            return message
        return replace(message, facts={"station": self._station, **message.facts})

    async def _deliver(self, message: Message, keyboard: Keyboard | None, *, wants_answer: bool = False) -> None:
        now = self._clock()
        if self._shown_id is not None:
            try:
                await self._sender.edit(
                    self._place.chat,
                    self._shown_id,
                    message,
                    zone=self._zone,
                    now=now,
                    keyboard=keyboard,
                    masked=self._masked,
                )
            except MessageGone:
                self._shown_id = None
            else:
                return
        self._shown_id = await self._sender.send(
            Destination(self._place.chat, self._place.thread),
            message,
            zone=self._zone,
            now=now,
            keyboard=keyboard,
            reply_to=None if self._place.private else self._asked_id,
            wants_answer=wants_answer,
            masked=self._masked,
            repeat=self._possible_repeat,
        )

    def _enqueue(self, message: Message, keyboard: Keyboard | None, error: TryLater) -> None:
        """Queue a reply that Telegram certainly did not accept."""
        now = self._clock()
        self.unstored.add(
            partial(
                reply_outbox.enqueue_reply,
                rendered=self._sender.rendered(message, zone=self._zone, now=now, masked=self._masked),
                address=Address(self._actor, self._place, self._station, self._shown_id, self._asked_id),
                keyboard=keyboard,
                error=error,
                now=now,
                masked=self._masked,
                possible_repeat=self._possible_repeat,
            ),
            is_outbox=True,
        )

    def _new_keyboard(self, message: Message, chat: int, confirm_within: timedelta | None = None) -> Keyboard | None:
        """Return the keyboard of a message that is about to be sent."""
        if not message.buttons:
            return None
        writes = any(
            isinstance(button, Button) and self._needs_second(button.action)
            for row in message.buttons
            for button in row
        )
        keyboard = keyboards.new_keyboard(
            chat,
            stored(message.buttons),
            now=self._clock(),
            station=self._station,
            asker_id=self._actor.id if confirm_within else None,
            single_use=confirm_within is not None,
            lifetime=confirm_within or timedelta(days=2),
            content=pending_replies.plain_message(message) if writes else None,
        )
        self.unstored.add_keyboard(keyboard)
        return keyboard
