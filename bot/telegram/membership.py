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

REMEMBERED = timedelta(seconds=60)
MOST_REMEMBERED = 10_000
ASK_WITHIN = 5.0
# Telegram's errors for a person that is not in this chat; no other error says so.
NOT_THERE = frozenset({"user not found", "member not found", "participant_id_invalid", "user_not_participant"})

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Remembered:
    is_member: bool
    at: datetime


class Membership:
    """Cache of getChatMember, requested with timeouts of ASK_WITHIN and not retried. True and False come from Telegram;
    None is unknown, and must never grant access.

    Only people that were asked for are cached, however many join and leave.
    """

    def __init__(self, bot: Bot, clock: Clock) -> None:
        self._bot = bot
        self._clock = clock
        self._known: dict[Key, _Remembered] = {}
        # Number of requests under way for each.
        self._asked = Counter[Key]()

    async def is_member(self, chat: int, person: int) -> bool | None:
        key = (chat, person)
        known = self._known.get(key)
        if known is not None and self._clock() - known.at < REMEMBERED:
            return known.is_member
        self._asked[key] += 1
        try:
            answer = await self._ask(chat, person)
        finally:
            self._asked[key] -= 1
            if not self._asked[key]:
                del self._asked[key]
        newest = self._known.get(key)
        if newest is not None and newest is not known:
            # An update received meanwhile is newer than the answer.
            return newest.is_member
        if answer is not None:
            self._remember(key, answer)
        return answer

    async def is_anonymous_admin(self, chat: int, person: int) -> bool:
        """Return True when a message of an anonymous administrator of this chat may be this person's."""
        try:
            member = await self._get(chat, person)
        except TelegramError as error:
            log.warning("getChatMember failed, anonymous administrator not confirmed", chat=chat, reason=str(error))
            return False
        return isinstance(member, ChatMemberOwner | ChatMemberAdministrator) and member.is_anonymous

    def heard(self, payload: Mapping[str, Any]) -> None:
        """Correct the cache by a raw update: a person that leaves loses the chat's role at once."""
        for one in member_changes(payload):
            key = (one.chat, one.person)
            if key in self._known or key in self._asked:
                self._remember(key, one.is_member)

    async def _ask(self, chat: int, person: int) -> bool | None:
        try:
            member = await self._get(chat, person)
            return is_in(member.status, getattr(member, "is_member", None))
        except BadRequest as error:
            if str(error).lower() in NOT_THERE:
                return False
            log.warning("getChatMember failed, membership unknown", chat=chat, reason=str(error))
        except TelegramError as error:
            log.warning("getChatMember failed, membership unknown", chat=chat, reason=str(error))
        return None

    async def _get(self, chat: int, person: int) -> ChatMember:
        return await self._bot.get_chat_member(chat, person, read_timeout=ASK_WITHIN, connect_timeout=ASK_WITHIN)

    def _remember(self, key: Key, is_member: bool) -> None:
        # The newest stands last, and the oldest goes.
        self._known.pop(key, None)
        if len(self._known) >= MOST_REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[key] = _Remembered(is_member, self._clock())
