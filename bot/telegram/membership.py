"""Members of chats: read from Telegram, cached for a short time, and corrected at once by updates."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from telegram import Bot, ChatMember, ChatMemberAdministrator, ChatMemberOwner
from telegram.error import BadRequest, TelegramError

from bot.runtime.clock import Clock
from bot.telegram.updates.member_changes import is_in, member_changes

log = structlog.get_logger(__name__)

CACHE_TIMEOUT = timedelta(seconds=60)
MAX_CACHED = 10_000
REQUEST_TIMEOUT = 5.0
# Telegram's errors for a person that is not in this chat; no other error says so.
NOT_A_MEMBER = frozenset({"user not found", "member not found", "participant_id_invalid", "user_not_participant"})

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _CachedMember:
    is_member: bool
    at: datetime


class Membership:
    """Cache of getChatMember, requested with timeouts of REQUEST_TIMEOUT and not retried. True and False come from
    Telegram; None is unknown, and must never grant access.

    Only people that were asked for are cached, however many join and leave.
    """

    def __init__(self, bot: Bot, clock: Clock) -> None:
        self._bot = bot
        self._clock = clock
        self._cache: dict[Key, _CachedMember] = {}
        # Number of requests under way for each.
        self._pending = Counter[Key]()

    async def is_member(self, chat: int, person: int) -> bool | None:
        if (known := self.cached(chat, person)) is not None:
            return known
        key = (chat, person)
        cached = self._cache.get(key)
        self._pending[key] += 1
        try:
            answer = await self._fetch(chat, person)
        finally:
            self._pending[key] -= 1
            if not self._pending[key]:
                del self._pending[key]
        newest = self._cache.get(key)
        if newest is not None and newest is not cached:
            # An update received meanwhile is newer than the answer.
            return newest.is_member
        if answer is not None:
            self._store(key, answer)
        return answer

    def cached(self, chat: int, person: int) -> bool | None:
        """Return what was learned within CACHE_TIMEOUT, without asking Telegram."""
        cached = self._cache.get((chat, person))
        # An entry from the future was made before the clock was set back.
        if cached is None or not timedelta() <= self._clock() - cached.at < CACHE_TIMEOUT:
            return None
        return cached.is_member

    async def is_anonymous_admin(self, chat: int, person: int) -> bool:
        """Return True when a message of an anonymous administrator of this chat may be this person's."""
        try:
            member = await self._get(chat, person)
        except TelegramError as error:
            log.warning("getChatMember failed, anonymous administrator not confirmed", chat=chat, reason=str(error))
            return False
        return isinstance(member, ChatMemberOwner | ChatMemberAdministrator) and member.is_anonymous

    def observe(self, payload: Mapping[str, Any]) -> None:
        """Correct the cache by a raw update: a person that leaves loses the chat's role at once."""
        for change in member_changes(payload):
            key = (change.chat, change.person)
            if key in self._cache or key in self._pending:
                self._store(key, change.is_member)

    async def _fetch(self, chat: int, person: int) -> bool | None:
        try:
            member = await self._get(chat, person)
            return is_in(member.status, getattr(member, "is_member", None))
        except BadRequest as error:
            if str(error).lower() in NOT_A_MEMBER:
                return False
            log.warning("getChatMember failed, membership unknown", chat=chat, reason=str(error))
        except TelegramError as error:
            log.warning("getChatMember failed, membership unknown", chat=chat, reason=str(error))
        return None

    async def _get(self, chat: int, person: int) -> ChatMember:
        return await self._bot.get_chat_member(
            chat, person, read_timeout=REQUEST_TIMEOUT, connect_timeout=REQUEST_TIMEOUT
        )

    def _store(self, key: Key, is_member: bool) -> None:
        # The newest stands last, and the oldest goes.
        self._cache.pop(key, None)
        if len(self._cache) >= MAX_CACHED:
            self._cache.pop(next(iter(self._cache)))
        self._cache[key] = _CachedMember(is_member, self._clock())
