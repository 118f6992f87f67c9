"""The hand that writes to Telegram: everything the bot says, changes or deletes goes through here."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import NamedTuple, TypeVar

import structlog
from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    ForceReply,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.error import TelegramError

from bot.access.policy import Destination
from bot.messages import masking
from bot.messages.message import File, Message, Rendered, mark
from bot.messages.renderer import CAPTION_LIMIT, Renderer
from bot.messages.sanitize import plain
from bot.runtime.clock import Sleep
from bot.store.database import Store
from bot.store.messages import supergroups
from bot.store.messages.outbox import Urgency
from bot.store.tables.incidents import Keyboard
from bot.telegram import files
from bot.telegram.chat_access import Seen
from bot.telegram.delivery.button_answers import Presses
from bot.telegram.delivery.inline_keyboard import markup_of
from bot.telegram.delivery.last_message import Newest
from bot.telegram.delivery.rate_limiter import PROFILE, Pace
from bot.telegram.errors import (
    ChatMoved,
    DeliveryError,
    HtmlRefused,
    MessageGone,
    TopicGone,
    TryLater,
    Undeliverable,
    classify,
    is_not_modified,
)
from bot.telegram.files import TIMEOUTS

log = structlog.get_logger(__name__)
T = TypeVar("T")

POSSIBLE_REPEAT = mark("🔁 possible repeat")
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class _Target(NamedTuple):
    to: Destination
    reply_to: int | None


async def _nobody_told(_topic: Destination) -> None:
    return None


class Messenger:
    """Raises only DeliveryError. `topic_lost` is told once of each topic whose messages go to General instead."""

    def __init__(
        self,
        bot: Bot,
        store: Store,
        renderer: Renderer,
        pace: Pace,
        topic_lost: Callable[[Destination], Awaitable[None]] = _nobody_told,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._bot = bot
        self._store = store
        self._renderer = renderer
        self._pace = pace
        self._topic_lost = topic_lost
        self.presses = Presses(bot, sleep)
        self._lost_topics: set[Destination] = set()
        self.newest = Newest()

    async def send(
        self,
        to: Destination,
        message: Message | Rendered,
        *,
        zone: tzinfo,
        now: datetime,
        keyboard: Keyboard | None = None,
        reply_to: int | None = None,
        repeat: bool = False,
        wants_answer: bool = False,
        masked: bool = False,
        urgency: Urgency = Urgency.ANSWER,
    ) -> int:
        """Returns Telegram's id of the message. `wants_answer` opens a reply to it in the person's own Telegram;
        `masked` shows phone numbers in part.

        A way that is closed is replaced by the next best one: the supergroup for the group it was, the General topic
        for a topic that is gone, a plain message for a reply. `repeat` says on top that it may have come before.
        """
        text = self.rendered(message, zone=zone, now=now, masked=masked).html
        if repeat:
            text = f"<i>{self._renderer.label(POSSIBLE_REPEAT)}</i>\n{text}"
        markup = ForceReply(selective=True) if wants_answer else markup_of(keyboard, self._renderer, masked)
        target = _Target(to, reply_to)
        while True:
            try:
                return await self._send(target, text, message, markup, urgency)
            except DeliveryError as error:
                target = await self._next_best(target, error, now)

    def rendered(self, message: Message | Rendered, *, zone: tzinfo, now: datetime, masked: bool) -> Rendered:
        if isinstance(message, Rendered):
            return message
        html = self._renderer.text(message.template, message.facts, zone=zone, now=now, masked=masked)
        return Rendered(html, message.template, message.silent, message.protected)

    async def send_file(self, to: Destination, file: File, *, zone: tzinfo, now: datetime, masked: bool = False) -> int:
        """Returns Telegram's id of the message. `masked` is for what is said about the file, not for what is in it."""
        caption = None
        if file.caption is not None:
            caption = self._renderer.text(
                file.caption.template, file.caption.facts, zone=zone, now=now, limit=CAPTION_LIMIT, masked=masked
            )
        shown = _masked(file) if masked else file
        sent = await self._call(to.chat, lambda: files.send(self._bot, to, shown, caption, TIMEOUTS))
        return sent.message_id

    async def download(self, file_id: str) -> bytes:
        """A file that a person sent; Telegram gives bots at most 20 MB."""
        try:
            return await files.fetch(self._bot, file_id, TIMEOUTS)
        except TelegramError as error:
            raise classify(error) from error

    async def edit(
        self,
        chat_id: int,
        message_id: int,
        message: Message | Rendered,
        *,
        zone: tzinfo,
        now: datetime,
        keyboard: Keyboard | None = None,
        masked: bool = False,
        urgency: Urgency = Urgency.ANSWER,
    ) -> None:
        """Without a keyboard the message loses its buttons. A message that already looks like this counts as done."""
        text = self.rendered(message, zone=zone, now=now, masked=masked).html
        markup = markup_of(keyboard, self._renderer, masked)

        async def change(shown: str, parse_mode: str | None) -> None:
            try:
                await self._bot.edit_message_text(
                    shown,
                    chat_id,
                    message_id,
                    parse_mode=parse_mode,
                    reply_markup=markup,
                    link_preview_options=NO_PREVIEW,
                    **TIMEOUTS,
                )
            except TelegramError as error:
                if not is_not_modified(error):
                    raise

        await self._in_html_or_plain(chat_id, message.template, text, change, urgency)

    async def delete(self, chat_id: int, message_id: int) -> bool:
        """False when it is already gone, or the bot may not: in a group it needs an administrator's right for what
        others wrote."""
        try:
            await self._call(chat_id, lambda: self._bot.delete_message(chat_id, message_id, **TIMEOUTS))
        except MessageGone:
            log.info("a message could not be deleted", chat=chat_id)
            return False
        return True

    async def leave(self, chat_id: int) -> None:
        await self._call(chat_id, lambda: self._bot.leave_chat(chat_id, **TIMEOUTS))

    async def answer(self, query_id: str, text: str | None = None, *, alert: bool = False) -> None:
        """See Presses.answer."""
        await self.presses.answer(query_id, text, alert=alert)

    async def set_menu(self, commands: Sequence[BotCommand] | None, scope: BotCommandScope) -> None:
        """None takes the menu away. Waits for its turn, and while Telegram says so; all else goes first."""
        while True:
            await self._pace.ready(PROFILE, Urgency.DIGEST)
            try:
                if commands is None:
                    await self._call(PROFILE, lambda: self._bot.delete_my_commands(scope=scope, **TIMEOUTS))
                else:
                    await self._call(PROFILE, lambda: self._bot.set_my_commands(commands, scope=scope, **TIMEOUTS))
            except TryLater as error:
                if not error.told:
                    raise
            else:
                return

    async def seen(self, chat_id: int) -> Seen:
        """Nothing is shown in the chat. Others go first."""
        try:
            chat = await self._call(chat_id, lambda: self._bot.get_chat(chat_id, **TIMEOUTS), Urgency.DIGEST)
        except Undeliverable as error:
            return Seen(shut=error.reason)
        except DeliveryError as error:
            # A group that moved is found by its first message.
            log.info("a chat could not be looked at", chat=chat_id, reason=str(error))
            return Seen()
        except (TypeError, KeyError, ValueError):
            # A kind of chat that the library cannot read yet is there all the same.
            return Seen(title="")
        return Seen(title=chat.title or chat.first_name or "")

    async def can_write_to(self, person: int) -> bool:
        """Whether the person has opened the bot's private chat and not blocked it since."""
        try:
            await self._call(person, lambda: self._bot.send_chat_action(person, "typing", **TIMEOUTS))
        except Undeliverable:
            return False
        except DeliveryError as error:
            # Not known; what is to be sent there will tell.
            log.info("a private chat could not be tried", reason=str(error))
        return True

    async def ready(self, chat_id: int, urgency: Urgency) -> None:
        """Wait until the chat may be written to, so that a send that follows is under way at once."""
        await self._pace.ready(chat_id, urgency)

    def not_needed(self, chat_id: int) -> None:
        """Nothing follows."""
        self._pace.give_up(chat_id)

    def hold(self, chat_id: int, seconds: float) -> None:
        """Telegram told the chat to wait when the program ran before."""
        self._pace.hold(chat_id, seconds)

    async def _send(
        self,
        target: _Target,
        text: str,
        message: Message | Rendered,
        markup: InlineKeyboardMarkup | ForceReply | None,
        urgency: Urgency,
    ) -> int:
        reply = ReplyParameters(target.reply_to, allow_sending_without_reply=True) if target.reply_to else None

        async def put(shown: str, parse_mode: str | None) -> int:
            sent = await self._bot.send_message(
                target.to.chat,
                shown,
                parse_mode=parse_mode,
                message_thread_id=target.to.thread,
                reply_parameters=reply,
                reply_markup=markup,
                disable_notification=message.silent,
                protect_content=message.protected,
                link_preview_options=NO_PREVIEW,
                **TIMEOUTS,
            )
            self.newest.saw(target.to.chat, sent.message_id)
            return sent.message_id

        return await self._in_html_or_plain(target.to.chat, message.template, text, put, urgency)

    async def _next_best(self, target: _Target, error: DeliveryError, now: datetime) -> _Target:
        """Where to send instead; raises the error when there is nowhere."""
        to = target.to
        if isinstance(error, ChatMoved) and error.new_id != to.chat:
            log.warning("a group became a supergroup", old=to.chat, new=error.new_id)
            async with self._store.begin() as session:
                await supergroups.move(session, to.chat, error.new_id, now)
            return _Target(Destination(error.new_id), None)
        if isinstance(error, TopicGone) and to.thread is not None:
            if to not in self._lost_topics:
                self._lost_topics.add(to)
                log.warning("a topic is gone; its messages go to General", chat=to.chat, topic=to.thread)
                await self._topic_lost(to)
            return _Target(Destination(to.chat), None)
        if isinstance(error, MessageGone) and target.reply_to is not None:
            return _Target(to, None)
        raise error

    async def _in_html_or_plain(
        self,
        chat_id: int,
        template: str,
        text: str,
        show: Callable[[str, str | None], Awaitable[T]],
        urgency: Urgency,
    ) -> T:
        """A mistake in a template's markup must not swallow an alert."""
        try:
            return await self._call(chat_id, lambda: show(text, "HTML"), urgency)
        except HtmlRefused as error:
            log.error("Telegram refuses a template's HTML", template=template, reason=str(error))
            return await self._call(chat_id, lambda: show(plain(text), None), urgency)

    async def _call(self, chat_id: int, request: Callable[[], Awaitable[T]], urgency: Urgency = Urgency.ANSWER) -> T:
        await self._pace.turn(chat_id, urgency)
        try:
            return await request()
        except TelegramError as error:
            what = classify(error)
            if isinstance(what, TryLater) and what.told:
                self._pace.hold(chat_id, what.after)
            raise what from error


def _masked(file: File) -> File:
    """Its caption is masked where it is rendered."""
    name, title, performer = masking.masked([file.name, file.title, file.performer])
    return replace(file, name=name, title=title, performer=performer)
