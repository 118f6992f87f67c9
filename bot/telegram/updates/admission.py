"""Rate limiting and priority of incoming updates, before anything is stored: strangers cannot queue before people with
a role, and what needs no handler is not stored. Pure, but for the strangers' buckets; the time is passed in.

Measured before it was so: 1,000 strangers with five messages each kept the press of the person on call waiting until
Telegram had forgotten it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from bot.store.access.known_senders import Known
from bot.store.typed_secrets import holds_secret
from bot.telegram.updates.summary import Kind, UpdateSummary
from bot.telegram.updates.token_bucket import Buckets, Rate

# Enough for /start, a request for access and some questions; who tries the bot out has no more to ask.
EACH_STRANGER = Rate(burst=6, every=10.0)
# Long-term rate of one account: with the short-term one alone, three accounts exhausted the rate of all strangers.
EACH_FOR_LONG = Rate(burst=20, every=180.0)
# A company that meets its bot on a Monday morning; then twelve a minute, which is what the store grows by.
ALL_STRANGERS = Rate(burst=60, every=5.0)
# Besides, for the first ones of each account: /start, the wish for access and what follows it.
NEWCOMERS = Rate(burst=20, every=3.0)
BEGINNING = 3
STRANGERS_REMEMBERED = 1000


class Standing(IntEnum):
    """Whether a person has a role of their own, only that of the chat they write in, or none."""

    KNOWN = 0
    MEMBER = 1
    STRANGER = 2


class Intake(IntEnum):
    """What is done with an update. Those above LATER are not stored."""

    # Stored before the rest.
    FIRST = 0
    # A stranger's: stored after the rest.
    LATER = 1
    # Never stored nor parsed: whoever keeps track of chats and their members is told, at the cost of a look for each.
    OBSERVED = 2
    # Never stored: only its chat has gone on.
    IGNORED = 3
    # Too much of strangers: counted.
    RATE_LIMITED = 4


@dataclass(frozen=True, slots=True)
class Entry:
    intake: Intake
    standing: Standing


class Admission:
    def __init__(self, known: Known, now: datetime) -> None:
        self._known = known
        self._strangers = Buckets(
            (EACH_STRANGER, EACH_FOR_LONG),
            ALL_STRANGERS,
            STRANGERS_REMEMBERED,
            now.timestamp(),
            reserve=NEWCOMERS,
            beginning=BEGINNING,
        )

    async def refresh(self) -> None:
        """Read anew who has a role, if that may have changed; to be called before a batch is judged. Raises
        DatabaseError."""
        await self._known.refresh()

    def standing(self, seen: UpdateSummary) -> Standing:
        known = self._known
        if seen.person in known.people:
            return Standing.KNOWN
        # An anonymous administrator has no id; whoever it is may press a button to say so.
        in_ours = seen.chat in known.chats or (seen.anonymous and seen.chat in known.ours)
        return Standing.MEMBER if in_ours else Standing.STRANGER

    def judge(self, seen: UpdateSummary, now: datetime) -> Entry:
        standing = self.standing(seen)
        return Entry(self._intake(seen, standing, now), standing)

    def _intake(self, seen: UpdateSummary, standing: Standing, now: datetime) -> Intake:
        if seen.kind is Kind.MEMBER:
            return Intake.OBSERVED
        if seen.kind is Kind.CHAT and self._is_of_ours(seen):
            return Intake.FIRST
        if standing is not Standing.STRANGER:
            return Intake.FIRST if _may_matter(seen) else Intake.IGNORED
        if seen.kind in (Kind.TEXT, Kind.OTHER):
            # They were asked nothing.
            return Intake.IGNORED
        return Intake.LATER if self._strangers.take(seen.person, now.timestamp()) else Intake.RATE_LIMITED

    def _is_of_ours(self, seen: UpdateSummary) -> bool:
        """Whether the chat, by its old or its new id, has a role or is told of outages."""
        chats = (seen.chat, seen.was, seen.becomes)
        for old, new in ((seen.was, seen.chat), (seen.chat, seen.becomes)):
            if old is not None and new is not None:
                self._known.moved(old, new)
        return any(chat in self._known.ours or chat in self._known.people for chat in chats)


def _may_matter(seen: UpdateSummary) -> bool:
    """Whether an update of somebody with a role needs a handler: talk in a group does not, unless it replies to a bot
    or holds a secret, which is to be deleted."""
    if seen.private or seen.kind in (Kind.REQUEST, Kind.CHAT):
        return True
    return seen.kind is Kind.TEXT and (seen.answers or holds_secret(seen.text))
