"""Which chats may be told of calls, and what they may see of them."""

from collections.abc import Mapping
from datetime import datetime

from bot.access.policy import AccessContext, Permission
from bot.store.access.grants import Grants
from bot.store.database import Session
from bot.store.messages import blocked_chats
from bot.store.tables.calls import CallKind, CallSubscription, Digest

# Rights of the person who asks, held as long as the chat is told.
PERMISSIONS: Mapping[CallKind, tuple[str, ...]] = {
    CallKind.MISSED: (Permission.MISSED_FOLLOW,),
    CallKind.CALLS: (Permission.MISSED_FOLLOW, Permission.CDR_READ),
    CallKind.VOICEMAIL: (Permission.MISSED_FOLLOW, Permission.CDR_READ),
}
OF_A_DIGEST = (Permission.MISSED_FOLLOW,)


class ToldChats:
    """Rights as they are in the caller's session. `mask_numbers`: numbers are masked in chats without the right to read
    them."""

    def __init__(
        self, session: Session, grants: Grants, station: str, now: datetime, *, mask_numbers: bool = True
    ) -> None:
        self._access = grants.read(session)
        self._closed = blocked_chats.closed(session)
        self._station = station
        self._now = now
        self._mask_numbers = mask_numbers

    def may_be_told(self, one: CallSubscription | Digest) -> bool:
        """Return True if the person who asked still has the rights, and the chat takes messages."""
        return self.takes_messages(one.chat_id) and self.has_right(one)

    def takes_messages(self, chat: int) -> bool:
        return chat not in self._closed

    def has_right(self, one: CallSubscription | Digest) -> bool:
        """Return True if the person who asked, or the group, still has the rights."""
        needed = OF_A_DIGEST if isinstance(one, Digest) else PERMISSIONS[CallKind(one.kind)]
        return all(self._may(one.by_id, one.chat_id, right) for right in needed)

    def is_masked(self, chat: int) -> bool:
        return self._mask_numbers and not self._may(chat, chat, Permission.NUMBERS_READ)

    def may_listen(self, chat: int) -> bool:
        """Return False for the private chat of a person without the right; in a group somebody may have it."""
        return chat < 0 or self._may(chat, chat, Permission.RECORDINGS_LISTEN)

    def _may(self, person: int, chat: int, permission: str) -> bool:
        asking = AccessContext(
            person=person, chat=chat, private=chat > 0, station=self._station, now=self._now, member=True
        )
        return self._access.may(asking, permission).allowed
