"""Notifications about updates that are not handled: too many, or set aside since they crashed the program."""

from datetime import UTC, datetime
from typing import Any

import structlog

from bot.access.policy import EVERY_STATION
from bot.notifications.admin_notices import AdminNotices
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.access import audit
from bot.store.access.known_senders import KnownSenders
from bot.store.database import Session
from bot.store.messages import outbox, unfinished_updates
from bot.store.messages.inbox import UnfinishedUpdate
from bot.store.messages.outbox import NOT_READ, Urgency
from bot.telegram.updates.summary import UpdateSummary, summarize

log = structlog.get_logger(__name__)

REASON = "ended the program twice"
OUTCOME = "set aside: the program ended twice while it was done"


class UnhandledUpdates:
    """`station` gives time zone and language: the only station, or EVERY_STATION; `wake` wakes the delivery worker."""

    def __init__(
        self,
        administrators: AdminNotices,
        known: KnownSenders,
        station: str,
        clock: Clock,
        wake: Signal,
    ) -> None:
        self._administrators = administrators
        self._known = known
        self._station = station
        self._clock = clock
        self._wake = wake

    def not_read(self, session: Session, seen: UpdateSummary) -> None:
        """Queue a notification about updates dropped by a full queue, in the caller's session; at the lowest urgency,
        at most one per chat, and without a name in a group."""
        if outbox.is_queued(session, seen.chat, NOT_READ):
            return
        facts = {"station": self._station, "person": seen.name if seen.private else ""}
        self._enqueue(session, seen, NOT_READ, facts, Urgency.DIGEST)

    def set_aside(self, session: Session, leftover: UnfinishedUpdate) -> None:
        """Notify the administrators and write the audit in the session that finishes the update. Of its content only
        the sender, the place and the time are read."""
        seen, now = summarize(leftover.payload), self._clock()
        at = datetime.fromtimestamp(seen.sent_at, UTC) if seen.sent_at else leftover.received_at
        what = _what(seen)
        log.error("update set aside: the program crashed on it twice", update_id=leftover.update_id, what=what)
        self._audit(session, leftover.update_id, seen, what, now)
        unfinished_updates.remove(session, leftover.update_id)
        facts = {"station": self._station, "person": seen.name, "at": at.isoformat()}
        if self._may_notify(seen):
            self._enqueue(session, seen, "set_aside", facts)
        for_admins = facts | {"id": seen.person, "what": what, "private": seen.private}
        self._administrators.enqueue(session, "set_aside_told", for_admins)
        self._wake.send()

    def _enqueue(
        self,
        session: Session,
        seen: UpdateSummary,
        template: str,
        facts: dict[str, Any],
        urgency: Urgency = Urgency.ANSWER,
    ) -> None:
        of_many = template == NOT_READ and not seen.private
        now, about = self._clock(), None if seen.pressed or of_many else seen.message or None
        outbox.enqueue(
            session,
            chat_id=seen.chat,
            thread_id=seen.thread,
            template=template,
            facts=facts,
            now=now,
            message_id=about,
            urgency=urgency,
        )
        self._wake.send()

    def _may_notify(self, seen: UpdateSummary) -> bool:
        """Return False for strangers in a group."""
        known = self._known
        return seen.chat != 0 and (seen.private or seen.person in known.people or seen.chat in known.chats)

    def _audit(self, session: Session, update_id: int, seen: UpdateSummary, what: str, now: datetime) -> None:
        decided = audit.open_decisions(session, update_id, now)
        for decision in decided:
            audit.record_outcome(session, decision, OUTCOME, audit.NOTHING_CHANGED, now)
        if decided:
            return
        row = audit.entry(
            at=now,
            update_id=update_id,
            actor_id=seen.person,
            actor_name=seen.name,
            chat_id=seen.chat,
            station=self._station or EVERY_STATION,
            what=what,
            arguments="",
            permission="",
            allowed=False,
            reason=REASON,
        )
        audit.record_outcome(session, audit.record_decision(session, row), OUTCOME, audit.NOTHING_CHANGED, now)


def _what(seen: UpdateSummary) -> str:
    if seen.pressed:
        return "a button"
    return f"/{seen.command}" if seen.command else "a message"
