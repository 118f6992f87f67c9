"""Send, edit and delete Telegram messages within the rate limits."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, tzinfo
from functools import partial
from typing import TypeVar

import structlog
from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    ForceReply,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.error import TelegramError

from bot.access.policy import Destination
from bot.messages.message import File, Message, Rendered, mark
from bot.messages.renderer import CAPTION_LIMIT, Renderer
from bot.runtime.clock import Sleep
from bot.store.database import Database
from bot.store.messages.outbox import Urgency
from bot.store.tables.messages import Keyboard
from bot.telegram import files
from bot.telegram.chat_access import ChatInfo
from bot.telegram.delivery.button_answers import ButtonAnswers
from bot.telegram.delivery.inline_keyboard import markup_of
from bot.telegram.delivery.rate_limiter import PROFILE, RateLimiter
from bot.telegram.delivery.server_features import Content, Feature, refused_feature, unknown_to_server
from bot.telegram.delivery.targets import LastMessages, Redirects, SendTarget, not_notified
from bot.telegram.errors import (
    DeliveryError,
    MessageGone,
    Refused,
    TryLater,
    Undeliverable,
    classify,
    is_not_modified,
)
from bot.telegram.files import TIMEOUTS
from bot.telegram.library import UNPARSABLE

log = structlog.get_logger(__name__)
T = TypeVar("T")

POSSIBLE_REPEAT = mark("🔁 possible repeat")
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Sender:
    """Only `set_menu` and `answer` retry. Raises only DeliveryError. `topic_lost` is called once for each topic whose
    messages go to General instead."""

    def __init__(
        self,
        bot: Bot,
        database: Database,
        renderer: Renderer,
        pace: RateLimiter,
        topic_lost: Callable[[Destination], Awaitable[None]] = not_notified,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._bot = bot
        self._redirects = Redirects(database, topic_lost)
        self._renderer = renderer
        self._pace = pace
        self.presses = ButtonAnswers(bot, sleep)
        self.newest = LastMessages()
        self._unknown_to_server: frozenset[Feature] = frozenset()

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
        """Return the id of the message. `wants_answer` opens a reply in the person's client; `masked` shows phone
        numbers in part; `repeat` adds the line that it may have been delivered before.

        Where the target is gone the next best one is used: the supergroup for a migrated group, General for a deleted
        topic, a plain message for a reply.
        """
        text = self.rendered(message, zone=zone, now=now, masked=masked).html
        if repeat:
            text = f"<i>{self._renderer.label(POSSIBLE_REPEAT)}</i>\n{text}"
        content = Content(text, markup_of(keyboard, self._renderer, masked))
        question = ForceReply(selective=True) if wants_answer else None
        target = SendTarget(to, reply_to)
        while True:
            try:
                return await self._send(target, content, message, question, urgency)
            except DeliveryError as error:
                target = await self._redirects.next_best(target, error, now)

    def rendered(self, message: Message | Rendered, *, zone: tzinfo, now: datetime, masked: bool) -> Rendered:
        if isinstance(message, Rendered):
            return message
        html = self._renderer.text(message.template, message.facts, zone=zone, now=now, masked=masked)
        return Rendered(html, message.template, message.silent, message.protected)

    async def send_file(self, to: Destination, file: File, *, zone: tzinfo, now: datetime, masked: bool = False) -> int:
        """Return the id of the message. `masked` applies to the caption and the names, not to the content."""
        caption = None
        if file.caption is not None:
            caption = self._renderer.text(
                file.caption.template, file.caption.facts, zone=zone, now=now, limit=CAPTION_LIMIT, masked=masked
            )
        shown = files.with_masked_names(file) if masked else file
        sent = await self._call(to.chat, lambda: files.send(self._bot, to, shown, caption, TIMEOUTS))
        return sent.message_id

    async def download(self, file_id: str) -> bytes:
        """Return the content of a file; Telegram gives bots at most 20 MB."""
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
        """Edit a message; without a keyboard it loses its buttons. "message is not modified" counts as success."""
        text = self.rendered(message, zone=zone, now=now, masked=masked).html
        content = Content(text, markup_of(keyboard, self._renderer, masked))

        async def change(shown: Content) -> None:
            try:
                await self._bot.edit_message_text(
                    shown.text,
                    chat_id,
                    message_id,
                    parse_mode=shown.parse_mode,
                    reply_markup=shown.markup,
                    link_preview_options=NO_PREVIEW,
                    **TIMEOUTS,
                )
            except TelegramError as error:
                if not is_not_modified(error):
                    raise

        await self._accepted(chat_id, message.template, content, change, urgency)

    async def delete(self, chat_id: int, message_id: int) -> bool:
        """Return False when it is already gone, or the bot has no right: in a group it needs an administrator's right
        for messages of others."""
        try:
            await self._call(chat_id, lambda: self._bot.delete_message(chat_id, message_id, **TIMEOUTS))
        except MessageGone:
            log.info("message could not be deleted", chat=chat_id)
            return False
        return True

    async def leave_chat(self, chat_id: int) -> None:
        await self._call(chat_id, lambda: self._bot.leave_chat(chat_id, **TIMEOUTS))

    async def answer(self, query_id: str, text: str | None = None, *, alert: bool = False) -> None:
        """Answer a callback query: see ButtonAnswers.answer."""
        await self.presses.answer(query_id, text, alert=alert)

    async def set_menu(self, commands: Sequence[BotCommand] | None, scope: BotCommandScope) -> None:
        """Set a command menu, None deletes it. Waits for the rate limits and retries on a flood limit; all else goes
        first."""
        while True:
            await self._pace.reserve(PROFILE, Urgency.DIGEST)
            try:
                if commands is None:
                    await self._call(PROFILE, lambda: self._bot.delete_my_commands(scope=scope, **TIMEOUTS))
                else:
                    await self._call(PROFILE, lambda: self._bot.set_my_commands(commands, scope=scope, **TIMEOUTS))
            except TryLater as error:
                if not error.is_flood_limit:
                    raise
            else:
                return

    async def seen(self, chat_id: int) -> ChatInfo:
        """Return the title of a chat, or the reason for which it is closed; no message appears in it."""
        try:
            chat = await self._call(chat_id, lambda: self._bot.get_chat(chat_id, **TIMEOUTS), Urgency.DIGEST)
        except Undeliverable as error:
            return ChatInfo(blocked=error.reason)
        except DeliveryError as error:
            # A migrated group is found by its first message.
            log.info("getChat failed, chat access unknown", chat=chat_id, reason=str(error))
            return ChatInfo()
        except UNPARSABLE:
            # A kind of chat that the library cannot parse exists all the same.
            return ChatInfo(title="")
        return ChatInfo(title=chat.title or chat.first_name or "")

    async def can_write_to(self, person: int) -> bool:
        """Return True when the person has opened the bot's private chat and not blocked it since, or that is
        unknown."""
        try:
            await self._call(person, lambda: self._bot.send_chat_action(person, "typing", **TIMEOUTS))
        except Undeliverable:
            return False
        except DeliveryError as error:
            # Unknown; the first message will show it.
            log.info("sendChatAction failed, private chat access unknown", reason=str(error))
        return True

    async def ready(self, chat_id: int, urgency: Urgency) -> None:
        """Wait until the rate limits allow a call to the chat, and reserve it for the send that follows."""
        await self._pace.reserve(chat_id, urgency)

    def not_needed(self, chat_id: int) -> None:
        """Release the reserved call."""
        self._pace.release(chat_id)

    def pause_chat(self, chat_id: int, seconds: float) -> None:
        """Restore a flood limit of the chat from an earlier run."""
        self._pace.pause(chat_id, seconds)

    async def _send(
        self,
        target: SendTarget,
        content: Content,
        message: Message | Rendered,
        question: ForceReply | None,
        urgency: Urgency,
    ) -> int:
        reply = ReplyParameters(target.reply_to, allow_sending_without_reply=True) if target.reply_to else None

        async def put(shown: Content) -> int:
            sent = await self._bot.send_message(
                target.to.chat,
                shown.text,
                parse_mode=shown.parse_mode,
                message_thread_id=target.to.thread,
                reply_parameters=reply,
                reply_markup=question or shown.markup,
                disable_notification=message.silent,
                protect_content=message.protected,
                link_preview_options=NO_PREVIEW,
                **TIMEOUTS,
            )
            self.newest.observe(target.to.chat, sent.message_id)
            return sent.message_id

        return await self._accepted(target.to.chat, message.template, content, put, urgency)

    async def _accepted(
        self,
        chat_id: int,
        template: str,
        content: Content,
        show: Callable[[Content], Awaitable[T]],
        urgency: Urgency,
    ) -> T:
        """Send without what Telegram refuses: neither an older server nor a mistake in a template may lose an alert."""
        left_out = self._unknown_to_server
        while True:
            shown = content.without(left_out)
            try:
                result = await self._call(chat_id, partial(show, shown), urgency)
            except Refused as error:
                feature = refused_feature(error, shown)
                if feature is None:
                    raise
                log.error(
                    "message sent without a refused part", part=str(feature), template=template, reason=str(error)
                )
                left_out |= {feature}
            else:
                self._unknown_to_server |= unknown_to_server(left_out)
                return result

    async def _call(self, chat_id: int, request: Callable[[], Awaitable[T]], urgency: Urgency = Urgency.ANSWER) -> T:
        await self._pace.acquire(chat_id, urgency)
        try:
            return await request()
        except TelegramError as error:
            what = classify(error)
            if isinstance(what, TryLater) and what.is_flood_limit:
                self._pace.pause(chat_id, what.after)
            raise what from error
