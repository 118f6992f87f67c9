"""Check before the first outage that every alert chat is known to the bot and every administrator has started it.

A mistyped id is noticed only when a message is sent. Telegram's getChat answers "chat not found" for a person that
never started the bot and for a group that the bot was never in.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

import structlog

from bot.notifications.admin_notices import AdminNotices
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal, sleep_or_stop
from bot.store.access import contacts
from bot.store.database import Database, Session
from bot.store.messages import blocked_chats
from bot.telegram.chat_access import BlockReason, ChatInfo, block_reason

log = structlog.get_logger(__name__)

CHECK_EVERY = 3600.0
# Prefix that Telegram puts before the number of a supergroup.
SUPERGROUP = -1_000_000_000_000
# The bot was never in the chat, as far as known.
NOT_FOUND = frozenset({BlockReason.DELETED, BlockReason.UNKNOWN, BlockReason.NEVER_STARTED})


@dataclass(frozen=True, slots=True)
class Unreached:
    """Unreachable chat.

    `is_admin`: the private chat of an administrator; `removed`: the bot was a member once. `meant` is the id that was
    probably meant, `title` that chat's title.
    """

    chat: int
    is_admin: bool
    removed: bool
    meant: int | None = None
    title: str = ""

    @property
    def remedy(self) -> str:
        if self.meant is not None:
            return f"did you mean {self.meant}, {self.title!r}? Correct ALERT_CHATS and restart"
        if self.removed:
            return "the bot is not in it any more: add it again"
        if self.chat > 0:
            who = f"nobody with the id {self.chat} has started the bot"
            return f"{who}: they must send it /start; /id shows everybody their own id"
        return "the bot knows no such group: add it there; /id in the group shows its id"


def possible_group_ids(chat: int) -> Sequence[int]:
    """Return the group ids that this id may be a shortened form of: without the minus sign or the supergroup prefix."""
    number = abs(chat)
    whole = [SUPERGROUP - number] if number < -SUPERGROUP else []
    return [-number, *whole] if chat > 0 else whole


class ChatReader(Protocol):
    async def seen(self, chat: int) -> ChatInfo:
        """Ask Telegram for a chat."""


class AlertChatState(Protocol):
    def alert_chats(self, session: Session) -> set[int]:
        """Return the chats that alerts go to, in the caller's session."""

    def on_chat_blocked(self, session: Session, chat: int) -> None:
        """Notify others of the incidents in a chat found closed, in the caller's session."""

    def on_chat_unblocked(self, session: Session, chat: int, since: datetime) -> None:
        """Update a chat that is open again and was closed since then, in the caller's session."""


class ChatReachabilityCheck:
    """Hourly check of chats.

    `alert_chats` is notified when a chat is found closed, or open again (with the time it closed); `wake` wakes the
    delivery worker.
    """

    def __init__(
        self,
        database: Database,
        sender: ChatReader,
        administrators: AdminNotices,
        alert_chats: AlertChatState,
        clock: Clock,
        wake: Signal,
    ) -> None:
        self._database = database
        self._sender = sender
        self._administrators = administrators
        self._alert_chats = alert_chats
        self._clock = clock
        self._wake = wake
        # Last logged result by chat; the database holds which chats were already reported.
        self._logged: dict[int, Unreached] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Check every CHECK_EVERY seconds until `stop`. A database error ends the task; the application retries it."""
        while not stop.is_set():
            await self.run_once()
            await sleep_or_stop(stop, CHECK_EVERY)

    async def run_once(self) -> None:
        """Check all chats once. An unreachable chat is reported once, until it is reachable again."""
        admins = await self._administrators.all()
        unreached = [found for chat in admins if (found := await self._check(chat, is_admin=True))]
        chats = await self._database.run(self._alert_chats.alert_chats)
        others = sorted(chats - set(admins))
        unreached += [found for chat in others if (found := await self._check(chat, is_admin=False))]
        self._logged = {one.chat: self._log(one) for one in unreached}
        if unreached:
            await self._report(unreached)

    async def _check(self, chat: int, *, is_admin: bool) -> Unreached | None:
        seen = await self._sender.seen(chat)
        if seen.blocked is None:
            if seen.title is not None:
                await self._found(chat, seen.title)
            return None
        removed = block_reason(seen.blocked) not in NOT_FOUND
        for other in () if removed or is_admin else possible_group_ids(chat):
            if (title := (await self._sender.seen(other)).title) is not None:
                return Unreached(chat, is_admin, removed, other, title)
        return Unreached(chat, is_admin, removed)

    async def _found(self, chat: int, title: str) -> None:
        """Keep the title, and reopen a chat that was closed as not found. A block is not visible in getChat."""
        if await self._database.run(self._store, chat, title):
            self._wake.send()

    def _store(self, session: Session, chat: int, title: str) -> bool:
        """Return True if the chat is reopened."""
        contacts.record_title(session, chat, title)
        reason = blocked_chats.reasons(session, [chat]).get(chat)
        if reason is None or block_reason(reason) not in NOT_FOUND:
            return False
        for opened, since in blocked_chats.reopen(session, [chat], self._clock()).items():
            self._alert_chats.on_chat_unblocked(session, opened, since)
        return True

    def _log(self, one: Unreached) -> Unreached:
        if self._logged.get(one.chat) != one:
            setting = "ADMINS" if one.is_admin else "ALERT_CHATS"
            log.warning("chat unreachable", chat=one.chat, named_in=setting, remedy=one.remedy)
        return one

    async def _report(self, unreached: Sequence[Unreached]) -> None:
        """Close unreachable chats, so that alerts go to administrators instead, and notify the administrators, in one
        transaction.

        If no administrator is reachable, close none: the next check reports them.
        """
        if await self._database.run(self._close, unreached, self._clock()):
            self._wake.send()
        else:
            log.error("no administrator is reachable, alerts may reach no one; check ADMINS")

    def _close(self, session: Session, unreached: Sequence[Unreached], now: datetime) -> bool:
        """Return False if no administrator is reachable."""
        if not set(self._administrators.reachable(session)) - {one.chat for one in unreached}:
            return False
        new = [one for one in unreached if blocked_chats.close(session, one.chat, _reason(one), now)]
        for one in new:
            self._alert_chats.on_chat_blocked(session, one.chat)
        if new:
            self._administrators.enqueue(session, "unreachable", {"places": [asdict(one) for one in new]})
        return True


def _reason(one: Unreached) -> str:
    return "Forbidden: bot is not a member of the supergroup chat" if one.removed else "chat not found"
