"""Rate limiting and priority of incoming updates before they are stored: updates of strangers are queued after those of
people with a role, and updates that need no handler are not stored. Pure, but for the strangers' buckets; the time is
passed in.

Measured without it: 1,000 strangers with five messages each delayed the press of the person on call until Telegram had
forgotten it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from bot.store.access.known_senders import KnownSenders
from bot.store.typed_secrets import contains_secret
from bot.telegram.updates.summary import UpdateKind, UpdateSummary
from bot.telegram.updates.token_bucket import Buckets, Rate

# Enough for /start, a request for access and some questions.
EACH_STRANGER = Rate(burst=6, every=10.0)
# Long-term rate of one account: with the short-term one alone, three accounts exhausted the rate of all strangers.
EACH_LONG_TERM = Rate(burst=20, every=180.0)
# A company's first day with the bot; then twelve a minute, the rate at which the database may grow.
ALL_STRANGERS = Rate(burst=60, every=5.0)
# Reserve for the first updates of each account: /start, the request for access and its answers.
NEWCOMERS = Rate(burst=20, every=3.0)
RESERVED_EACH = 3
MAX_STRANGERS = 1000


class SenderStanding(IntEnum):
    """Role of a person: their own, only that of the chat they write in, or none."""

    KNOWN = 0
    MEMBER = 1
    STRANGER = 2


class Intake(IntEnum):
    """Treatment of an update. Those above LATER are not stored."""

    # Stored before the rest.
    FIRST = 0
    # A stranger's: stored after the rest.
    LATER = 1
    # Neither stored nor parsed: passed raw to the cache of members and to the menus.
    OBSERVED = 2
    # Not stored; only the id of the message is noted.
    IGNORED = 3
    # Beyond the rate of strangers: counted.
    RATE_LIMITED = 4


@dataclass(frozen=True, slots=True)
class Admitted:
    intake: Intake
    role: SenderStanding


class Admission:
    def __init__(self, known: KnownSenders, now: datetime) -> None:
        self._known = known
        self._strangers = Buckets(
            (EACH_STRANGER, EACH_LONG_TERM),
            ALL_STRANGERS,
            MAX_STRANGERS,
            now.timestamp(),
            reserve=NEWCOMERS,
            reserved=RESERVED_EACH,
        )

    async def refresh(self) -> None:
        """Reload the roles if they may have changed; call it before a batch is judged. Raises SQLAlchemyError."""
        await self._known.refresh()

    def role_of(self, summary: UpdateSummary) -> SenderStanding:
        known = self._known
        if summary.person in known.people:
            return SenderStanding.KNOWN
        # An anonymous administrator has no id, and may press a button to be identified.
        in_ours = summary.chat in known.chats or (summary.anonymous and summary.chat in known.ours)
        return SenderStanding.MEMBER if in_ours else SenderStanding.STRANGER

    def admit(self, summary: UpdateSummary, now: datetime) -> Admitted:
        role = self.role_of(summary)
        return Admitted(self._intake(summary, role, now), role)

    def _intake(self, summary: UpdateSummary, role: SenderStanding, now: datetime) -> Intake:
        if summary.kind is UpdateKind.MEMBER:
            return Intake.OBSERVED
        if summary.kind is UpdateKind.CHAT and self._is_our_chat(summary):
            return Intake.FIRST
        if role is not SenderStanding.STRANGER:
            return Intake.FIRST if _needs_handler(summary) else Intake.IGNORED
        if summary.kind in (UpdateKind.TEXT, UpdateKind.OTHER):
            # The bot has asked them no question.
            return Intake.IGNORED
        return Intake.LATER if self._strangers.take(summary.person, now.timestamp()) else Intake.RATE_LIMITED

    def _is_our_chat(self, summary: UpdateSummary) -> bool:
        """Return True when the chat, by its old or its new id, has a role or receives alerts."""
        chats = (summary.chat, summary.old_chat, summary.new_chat)
        for old_id, new_id in ((summary.old_chat, summary.chat), (summary.chat, summary.new_chat)):
            if old_id is not None and new_id is not None:
                self._known.add_migrated(old_id, new_id)
        return any(chat in self._known.ours or chat in self._known.people for chat in chats)


def _needs_handler(summary: UpdateSummary) -> bool:
    """Return True when an update of a person with a role needs a handler: a message in a group does not, unless it
    replies to a bot or holds a secret, which is deleted."""
    if summary.private or summary.kind in (UpdateKind.REQUEST, UpdateKind.CHAT):
        return True
    return summary.kind is UpdateKind.TEXT and (summary.replies_to_bot or contains_secret(summary.text))
