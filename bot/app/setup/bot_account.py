"""The bot at Telegram: its token, who writes to it, and what it can tell of a chat."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from telegram.constants import ParseMode
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.config.settings import TELEGRAM, Settings
from bot.messages.message import Message
from bot.messages.renderer import Renderer
from bot.telegram.http_pool import telegram_bot
from bot.telegram.revoked_token import RevokedToken
from bot.telegram.updates.foreign_webhook import host_of, is_of_webhook

T = TypeVar("T")
Update = Mapping[str, Any]

LONG_POLL = 50
# Seconds between two attempts while Telegram is away; without an end only while somebody is waited for.
PAUSE = 3.0


class AccountProblem(Exception):
    """Problem with the account; `str()` is a sentence with the remedy, and holds no token."""


class TokenUnknown(AccountProblem): ...


class TelegramAway(AccountProblem): ...


class OtherProgram(AccountProblem):
    """Another program takes the updates of this bot by polling."""


class WebhookSet(AccountProblem):
    """Updates go to a webhook at `host`."""

    def __init__(self, host: str) -> None:
        super().__init__(f"a webhook takes the messages of this bot to {host}")
        self.host = host


@dataclass(frozen=True, slots=True)
class Account:
    id: int
    name: str
    username: str


class BotAccount:
    """Account of a token; `settings` need nothing but the token and the way to Telegram. Methods raise
    AccountProblem."""

    def __init__(self, settings: Settings) -> None:
        self._remedy = _remedy(settings)
        self._bot = telegram_bot(settings, RevokedToken(confirmed_after=0))
        self._offset: int | None = None

    async def who(self) -> Account:
        try:
            me = await self._bot.get_me()
        except TelegramError as error:
            raise _problem(error, self._remedy) from None
        return Account(me.id, me.full_name, me.username or "")

    async def delete_webhook(self) -> None:
        try:
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            raise _problem(error, self._remedy) from None

    async def wait_for(self, wanted: Callable[[Update], T | None], away: Callable[[str], None]) -> T:
        """Return what `wanted` finds in the first update in which it finds something; all until then are confirmed, so
        that no run gets them again. `away` is told once of each time without Telegram. Raises OtherProgram,
        WebhookSet."""
        is_away = False
        while True:
            try:
                batch = await self._bot.raw_updates(self._offset, LONG_POLL)
            except Conflict as error:
                if is_of_webhook(error):
                    raise WebhookSet(await self._webhook_host()) from None
                raise OtherProgram("another program takes the messages of this bot") from None
            except (TelegramError, TimeoutError) as error:
                if isinstance(error, InvalidToken):
                    raise _problem(error, self._remedy) from None
                if not is_away:
                    away(str(_problem(error, self._remedy)))
                is_away = True
                await asyncio.sleep(_pause(error))
                continue
            is_away = False
            for update in batch:
                self._offset = int(update["update_id"]) + 1
                if (found := wanted(update)) is not None:
                    await self._confirm()
                    return found

    async def title_of(self, chat: int) -> str:
        """Return the name of a person or chat that the bot knows."""
        try:
            found = await self._bot.get_chat(chat)
        except TelegramError as error:
            raise _problem(error, self._remedy) from None
        return found.title or found.full_name or ""

    async def send(self, chat: int, thread: int | None, message: Message, language: str) -> None:
        text = Renderer(language).text(message.template, message.facts, zone=UTC, now=datetime.now(UTC))
        try:
            await self._bot.send_message(chat, text, parse_mode=ParseMode.HTML, message_thread_id=thread)
        except TelegramError as error:
            raise _problem(error, self._remedy) from None

    async def close(self) -> None:
        for pool in self._bot.pools:
            await pool.shutdown()

    async def _confirm(self) -> None:
        """Confirm the updates so far. If that fails, the first run answers a message that was meant for the setup."""
        try:
            await self._bot.raw_updates(self._offset, 0)
        except (TelegramError, TimeoutError):
            return

    async def _webhook_host(self) -> str:
        try:
            return host_of((await self._bot.get_webhook_info()).url)
        except TelegramError:
            return "another server"


def _remedy(settings: Settings) -> str:
    """Return what to look at while Telegram cannot be reached."""
    if settings.telegram_proxy:
        return "look at TELEGRAM_PROXY: address, port, user and password"
    if settings.telegram_api_url != TELEGRAM:
        return "look at TELEGRAM_API_URL, and whether this server runs"
    return "look at the internet access of this machine, or name a proxy: TELEGRAM_PROXY in the environment or in .env"


def _pause(error: Exception) -> float:
    if isinstance(error, RetryAfter):
        after = error.retry_after
        return float(after) if isinstance(after, int | float) else after.total_seconds()
    return PAUSE


def _problem(error: Exception, remedy: str) -> AccountProblem:
    if isinstance(error, InvalidToken):
        return TokenUnknown("Telegram does not know this token; copy it whole from @BotFather (/mybots, API Token)")
    if isinstance(error, NetworkError | TimeoutError | RetryAfter) and not isinstance(error, BadRequest):
        return TelegramAway(f"Telegram cannot be reached; {remedy}")
    return AccountProblem(f"Telegram says: {' '.join(str(error).split())[:200]}")
