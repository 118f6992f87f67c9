"""Notices to subscribed chats that the calls of a PBX cannot be read, and that they can again."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from bot.engine.calls.look import MAX_ABSENCE
from bot.notifications.calls import unread_calls as messages
from bot.notifications.calls.told_chats import ToldChats
from bot.pbx import Forbidden, PbxError
from bot.store.access.grants import Grants
from bot.store.database import Session
from bot.store.stations import call_subscriptions
from bot.store.tables.calls import CallSubscription

# Longer than a restart of the PBX takes.
TOLD_AFTER = timedelta(minutes=15)


class UnreadCalls:
    """Notices of one station: a chat is told once that its calls are not read, and once that they are again."""

    def __init__(self, station: str, grants: Grants) -> None:
        self._station = station
        self._grants = grants
        self.restart()

    def restart(self) -> None:
        """Begin as after a start of the program: by the stored times."""
        self._failing_since: datetime | None = None
        # When the records were read last; None if not since then.
        self.read_at: datetime | None = None

    def begin(self, session: Session, error: PbxError, now: datetime) -> bool:
        """Note that the records were not read, and after a while tell the chats; return True if a message is queued."""
        self._failing_since = self._failing_since or now
        if now - self._failing_since < TOLD_AFTER:
            return False
        untold = [
            one for one in self._subscriptions(session) if one.unread_since is None and now - one.at >= TOLD_AFTER
        ]
        lacks = error.permission_row if isinstance(error, Forbidden) else ""
        places = self._told(session, untold, now)
        for wishes in places:
            stored = min(one.read_until for one in wishes)
            since = max(self.read_at or stored, stored)
            for one in wishes:
                one.unread_since = since
            messages.enqueue_unread_calls(session, wishes, since, lacks, now)
        return bool(places)

    def end(self, session: Session, now: datetime) -> bool:
        """Note that the records were read, and tell the chats that know of the contrary; return True if a message is
        queued."""
        self._failing_since, self.read_at = None, now
        unread = {one: one.unread_since for one in self._subscriptions(session) if one.unread_since is not None}
        places = self._told(session, unread, now)
        for wishes in places:
            since = min(unread[one] for one in wishes)
            messages.enqueue_read_again(session, wishes, since, max(since, now - MAX_ABSENCE), now)
        for one in unread:
            one.unread_since = None
        return bool(places)

    def _subscriptions(self, session: Session) -> Sequence[CallSubscription]:
        return call_subscriptions.of_station(session, self._station)

    def _told(
        self, session: Session, wishes: Collection[CallSubscription], now: datetime
    ) -> Sequence[Sequence[CallSubscription]]:
        """Return the wishes that may be told, together those of a chat and topic."""
        if not wishes:
            return ()
        chats = ToldChats(session, self._grants, self._station, now)
        places: dict[tuple[int, int | None], list[CallSubscription]] = {}
        for one in filter(chats.may_be_told, wishes):
            places.setdefault((one.chat_id, one.thread_id), []).append(one)
        return [*places.values()]
