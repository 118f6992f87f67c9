"""One exchange with one person: where its messages go, and what happens when Telegram does not take them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, tzinfo
from typing import TypeVar

import structlog

from bot.access import Destination
from bot.chat.errors import DeliveryError, MaybeDelivered, MessageGone, TryLater
from bot.chat.message import Message
from bot.chat.messenger import Messenger
from bot.store import keyboards, outbox
from bot.store.database import Store
from bot.store.tables import Keyboard
from handlers.command import CONFIRM_WITHIN, Reply, Secret
from handlers.intent import Actor, Place

log = structlog.get_logger(__name__)
T = TypeVar("T")

# Longer than this a person does not wait for an answer; alerts wait for hours, in the outbox.
PATIENCE = 20.0
TRIES = 3


class Conversation:
    """Answers a typed command with a message, and a pressed button by changing the message it is under."""

    def __init__(
        self,
        *,
        messenger: Messenger,
        store: Store,
        station: str,
        zone: tzinfo,
        clock: Callable[[], datetime],
        actor: Actor,
        place: Place,
        shown: int | None = None,
        reply_to: int | None = None,
    ) -> None:
        self._messenger = messenger
        self._store = store
        self._station = station
        self._zone = zone
        self._clock = clock
        self._actor = actor
        self._place = place
        self._shown = shown
        self._reply_to = reply_to

    async def progress(self, message: Message) -> None:
        await self._show(message)

    async def finish(self, reply: Reply) -> None:
        if reply.message is not None:
            await self._show(reply.message, confirm=reply.confirm)
        if reply.secret is not None:
            await self.send_secret(reply.secret)

    async def private_chat_is_open(self) -> bool:
        return await self._messenger.can_write_to(self._actor.id)

    async def send_secret(self, secret: Secret) -> bool:
        """Send to the asker alone, and owe its deletion; a restart does not forget it."""
        to = Destination(self._actor.id)
        keyboard = await self._stored_keyboard(secret.message, to.chat, confirm=False)
        try:
            message_id = await self._patiently(
                lambda: self._messenger.send(to, secret.message, zone=self._zone, now=self._clock(), keyboard=keyboard)
            )
        except DeliveryError as error:
            log.warning("a secret could not be delivered", reason=str(error))
            return False
        now = self._clock()
        async with self._store.begin() as session:
            outbox.owe(
                session,
                action="delete",
                chat_id=to.chat,
                thread_id=None,
                template="",
                facts={"station": self._station},
                now=now,
                not_before=now + secret.lifetime,
                message_id=message_id,
            )
        return True

    async def _show(self, message: Message, *, confirm: bool = False) -> None:
        keyboard = await self._stored_keyboard(message, self._place.chat, confirm=confirm)
        try:
            await self._patiently(lambda: self._deliver(message, keyboard))
        except DeliveryError as error:
            log.warning("an answer could not be delivered", chat=self._place.chat, reason=str(error))

    async def _deliver(self, message: Message, keyboard: Keyboard | None) -> None:
        now = self._clock()
        if self._shown is not None:
            try:
                await self._messenger.edit(
                    self._place.chat, self._shown, message, zone=self._zone, now=now, keyboard=keyboard
                )
            except MessageGone:
                self._shown = None
            else:
                return
        self._shown = await self._messenger.send(
            Destination(self._place.chat, self._place.thread),
            message,
            zone=self._zone,
            now=now,
            keyboard=keyboard,
            reply_to=None if self._place.private else self._reply_to,
        )

    async def _stored_keyboard(self, message: Message, chat: int, *, confirm: bool) -> Keyboard | None:
        if not message.buttons:
            return None
        rows = [[{"label": b.label, "action": b.action, "data": dict(b.data)} for b in row] for row in message.buttons]
        keyboard = keyboards.new_keyboard(
            chat,
            rows,
            now=self._clock(),
            asker_id=self._actor.id if confirm else None,
            single_use=confirm,
            lifetime=CONFIRM_WITHIN if confirm else timedelta(days=2),
        )
        async with self._store.begin() as session:
            session.add(keyboard)
        return keyboard

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Again when Telegram surely did not take it; never when it may have: an answer is not said twice."""
        for _ in range(TRIES - 1):
            try:
                return await attempt()
            except MaybeDelivered:
                raise
            except TryLater as error:
                if error.after > PATIENCE:
                    raise
                await asyncio.sleep(error.after)
        return await attempt()
