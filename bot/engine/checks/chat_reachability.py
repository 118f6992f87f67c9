"""Ahead of the first outage: does the bot know every chat that alerts go to, and has every administrator started it?

An id that was mistyped looks like any other until something is sent there. Telegram's getChat tells: of a person who
never started the bot, and of a group that the bot was never in, it says "chat not found".
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot.notifications.admin_notices import Administrators
from bot.runtime.clock import Clock
from bot.runtime.signals import Signal
from bot.runtime.waiting import wait_for
from bot.store.database import Store
from bot.store.messages import blocked_chats
from bot.telegram.chat_access import Closed, Seen, why_closed

log = structlog.get_logger(__name__)

LOOK_EVERY = 3600.0
# What Telegram puts before the number of a supergroup.
SUPERGROUP = -1_000_000_000_000
# The bot was never there, or is not known to have been.
NOT_FOUND = frozenset({Closed.GONE, Closed.UNKNOWN, Closed.NEVER_STARTED})


@dataclass(frozen=True, slots=True)
class Unreached:
    """A chat that takes nothing. `is_admin`: it is an administrator's own; `removed`: the bot was in it. `meant` is the
    id that was probably meant, `title` what that chat is called."""

    chat: int
    is_admin: bool
    removed: bool
    meant: int | None = None
    title: str = ""

    @property
    def remedy(self) -> str:
        """For the log."""
        if self.meant is not None:
            return f"did you mean {self.meant}, {self.title!r}? Correct ALERT_CHATS and restart"
        if self.removed:
            return "the bot is not in it any more: add it again"
        if self.chat > 0:
            who = f"nobody with the id {self.chat} has started the bot"
            return f"{who}: they must send it /start; /id shows everybody their own id"
        return "the bot knows no such group: add it there; /id in the group shows its id"


def perhaps_meant(chat: int) -> Sequence[int]:
    """Ids that people shorten to this one: of groups without their minus, or without what Telegram puts before them."""
    number = abs(chat)
    whole = [SUPERGROUP - number] if number < -SUPERGROUP else []
    return [-number, *whole] if chat > 0 else whole


class ChatReader(Protocol):
    async def seen(self, chat: int) -> Seen:
        """Ask Telegram for a chat."""


class AlertChats(Protocol):
    async def alert_chats(self, session: AsyncSession) -> set[int]:
        """Chats that alerts go to."""

    async def shut_out(self, session: AsyncSession, chat: int) -> None:
        """A chat was found to be closed."""

    async def let_in(self, session: AsyncSession, chat: int, since: datetime) -> None:
        """A chat is open again; it was closed since then."""


class Reachability:
    """`wake` tells the courier."""

    def __init__(
        self,
        store: Store,
        messenger: ChatReader,
        administrators: Administrators,
        alert_chats: AlertChats,
        clock: Clock,
        wake: Signal,
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._administrators = administrators
        self._alert_chats = alert_chats
        self._clock = clock
        self._wake = wake
        # What the log has of it, by chat: the store knows what people were told.
        self._logged: dict[int, Unreached] = {}

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.look()
            await wait_for(stop, LOOK_EVERY)

    async def look(self) -> None:
        """Once around. Who cannot be reached is told of once, until they can be."""
        admins = await self._administrators.named()
        unreached = [found for chat in admins if (found := await self._try(chat, is_admin=True))]
        async with self._store.begin() as session:
            chats = await self._alert_chats.alert_chats(session)
        others = sorted(chats - set(admins))
        unreached += [found for chat in others if (found := await self._try(chat, is_admin=False))]
        self._logged = {one.chat: self._log(one) for one in unreached}
        if unreached:
            await self._tell(unreached)

    async def _try(self, chat: int, *, is_admin: bool) -> Unreached | None:
        seen = await self._messenger.seen(chat)
        if seen.shut is None:
            if seen.title is not None:
                await self._is_there(chat)
            return None
        removed = why_closed(seen.shut) not in NOT_FOUND
        for other in () if removed or is_admin else perhaps_meant(chat):
            if (title := (await self._messenger.seen(other)).title) is not None:
                return Unreached(chat, is_admin, removed, other, title)
        return Unreached(chat, is_admin, removed)

    async def _is_there(self, chat: int) -> None:
        """What was closed because it was not found is open again; of a block getChat says nothing."""
        async with self._store.begin() as session:
            reason = (await blocked_chats.reasons(session, [chat])).get(chat)
            found = reason is not None and why_closed(reason) in NOT_FOUND
            if found:
                for opened, since in (await blocked_chats.reopen(session, [chat], self._clock())).items():
                    await self._alert_chats.let_in(session, opened, since)
        if found:
            self._wake.send()

    def _log(self, one: Unreached) -> Unreached:
        if self._logged.get(one.chat) != one:
            setting = "ADMINS" if one.is_admin else "ALERT_CHATS"
            log.warning("a chat cannot be reached", chat=one.chat, named_in=setting, remedy=one.remedy)
        return one

    async def _tell(self, unreached: Sequence[Unreached]) -> None:
        """Alerts pass by what is closed, so that the administrators stand in from the first outage on. Without anybody
        to tell, nothing is closed: then the next look tells of it."""
        now = self._clock()
        async with self._store.begin() as session:
            can_hear = set(await self._administrators.able(session)) - {one.chat for one in unreached}
            if not can_hear:
                log.error("no administrator can be reached: an outage may be told to nobody; look at ADMINS")
                return
            new = [one for one in unreached if await blocked_chats.close(session, one.chat, _reason(one), now)]
            for one in new:
                await self._alert_chats.shut_out(session, one.chat)
            if new:
                facts = {"places": [asdict(one) for one in new]}
                await self._administrators.owe(session, "unreachable", facts)
        self._wake.send()


def _reason(one: Unreached) -> str:
    return "Forbidden: bot is not a member of the supergroup chat" if one.removed else "chat not found"
