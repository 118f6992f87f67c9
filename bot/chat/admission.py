"""Who is let in, and in which order, before anything is stored: what nobody answers costs nothing, and strangers cannot
queue before people with a role. Pure, but for what it remembers of strangers; the time is passed in.

Measured before it was so: 1,000 strangers with five messages each kept the press of the person on call waiting until
Telegram had forgotten it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from bot.chat.bucket import Buckets, Rate
from bot.chat.glance import Glance, Kind
from bot.store.known import Known
from bot.store.typed_secrets import holds_secret

# Enough for /start, a request for access and some questions; who tries the bot out has no more to ask.
EACH_STRANGER = Rate(burst=6, every=10.0)
# Who goes on for long gets rarer: three accounts that send without end used up what all strangers have.
EACH_FOR_LONG = Rate(burst=20, every=180.0)
# A company that meets its bot on a Monday morning; then twelve a minute, which is what the store grows by.
ALL_STRANGERS = Rate(burst=60, every=5.0)
# Besides, for the first ones of each account: /start, the wish for access and what follows it.
NEWCOMERS = Rate(burst=20, every=3.0)
BEGINNING = 3
STRANGERS_REMEMBERED = 1000


class Standing(IntEnum):
    """A person with a role of their own, one who has that of a chat, anybody else."""

    KNOWN = 0
    MEMBER = 1
    STRANGER = 2


class Turn(IntEnum):
    """What becomes of an update."""

    # Stored before the rest.
    FIRST = 0
    # A stranger's: stored after the rest.
    LATER = 1
    # Never stored: whoever keeps track of chats and their members is told.
    HEARD = 2
    # Never stored: only its chat has gone on.
    NOTICED = 3
    # Too much of strangers: counted.
    TURNED_AWAY = 4


@dataclass(frozen=True, slots=True)
class Entry:
    turn: Turn
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
        """To be called before a batch is judged. Raises SQLAlchemyError."""
        await self._known.refresh()

    def standing(self, seen: Glance) -> Standing:
        known = self._known
        if seen.person in known.people:
            return Standing.KNOWN
        # An anonymous administrator has no id; whoever it is may press a button to say so.
        in_ours = seen.chat in known.chats or (seen.anonymous and seen.chat in known.ours)
        return Standing.MEMBER if in_ours else Standing.STRANGER

    def judge(self, seen: Glance, now: datetime) -> Entry:
        standing = self.standing(seen)
        return Entry(self._turn(seen, standing, now), standing)

    def _turn(self, seen: Glance, standing: Standing, now: datetime) -> Turn:
        if seen.kind is Kind.MEMBER:
            return Turn.HEARD
        if seen.kind is Kind.CHAT and self._is_of_ours(seen):
            return Turn.FIRST
        if standing is not Standing.STRANGER:
            return Turn.FIRST if _may_matter(seen) else Turn.NOTICED
        if seen.kind in (Kind.WORDS, Kind.NOTHING):
            # They were asked nothing.
            return Turn.NOTICED
        return Turn.LATER if self._strangers.take(seen.person, now.timestamp()) else Turn.TURNED_AWAY

    def _is_of_ours(self, seen: Glance) -> bool:
        """Whoever lets the bot in there or shuts it out."""
        chats = (seen.chat, seen.was, seen.becomes)
        for old, new in ((seen.was, seen.chat), (seen.chat, seen.becomes)):
            if old is not None and new is not None:
                self._known.moved(old, new)
        return any(chat in self._known.ours or chat in self._known.people for chat in chats)


def _may_matter(seen: Glance) -> bool:
    """What people say to each other in a group does not, unless it may answer a question or holds a secret."""
    if seen.private or seen.kind in (Kind.WISH, Kind.CHAT):
        return True
    return seen.kind is Kind.WORDS and (seen.answers or holds_secret(seen.text))
