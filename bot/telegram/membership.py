"""Who is in a chat now: asked from Telegram, remembered for a short time, corrected at once by what Telegram tells."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from telegram import Bot, ChatMember, ChatMemberAdministrator, ChatMemberOwner
from telegram.error import BadRequest, TelegramError

from bot.runtime.clock import Clock
from bot.telegram.updates.member_changes import comings, is_in

log = structlog.get_logger(__name__)

REMEMBERED = timedelta(seconds=60)
MOST_REMEMBERED = 10_000
ASK_WITHIN = 5.0
# Telegram's words for somebody it knows nothing of in this chat; everything else says nothing about the person.
NOT_THERE = frozenset({"user not found", "member not found", "participant_id_invalid", "user_not_participant"})

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Remembered:
    is_member: bool
    at: datetime


class Membership:
    """True and False are Telegram's word; None is that nobody knows, and must never open anything.

    Only who was asked about is remembered, however many come and go: what nobody has asked needs no correction.
    """

    def __init__(self, bot: Bot, clock: Clock) -> None:
        self._bot = bot
        self._clock = clock
        self._known: dict[Key, _Remembered] = {}
        # How many questions about each are under way.
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
            # What Telegram told while it was being asked is newer than its answer.
            return newest.is_member
        if answer is not None:
            self._remember(key, answer)
        return answer

    async def is_anonymous_admin(self, chat: int, person: int) -> bool:
        """Whether what an anonymous administrator writes there may be this person's."""
        try:
            member = await self._get(chat, person)
        except TelegramError as error:
            log.warning("an administrator could not be looked up", chat=chat, reason=str(error))
            return False
        return isinstance(member, ChatMemberOwner | ChatMemberAdministrator) and member.is_anonymous

    def heard(self, payload: Mapping[str, Any]) -> None:
        """Correct what is remembered by an update, raw. Whoever leaves has no right of the chat's any more from this
        moment on."""
        for one in comings(payload):
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
            log.warning("Telegram does not say who is in a chat", chat=chat, reason=str(error))
        except TelegramError as error:
            log.warning("Telegram does not say who is in a chat", chat=chat, reason=str(error))
        return None

    async def _get(self, chat: int, person: int) -> ChatMember:
        return await self._bot.get_chat_member(chat, person, read_timeout=ASK_WITHIN, connect_timeout=ASK_WITHIN)

    def _remember(self, key: Key, is_member: bool) -> None:
        # The newest stands last, and the oldest goes.
        self._known.pop(key, None)
        if len(self._known) >= MOST_REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[key] = _Remembered(is_member, self._clock())
