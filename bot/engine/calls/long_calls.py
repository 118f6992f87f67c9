"""Calls that have been up for so long that a reading of recent ones does not find them when they are over. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.pbx import Channel

# Interval of the question for active calls while none of them is long; otherwise each look asks.
ASK_EVERY = timedelta(minutes=5)
# Recent calls are read 30 minutes back. A call may be asked for ASK_EVERY late, and by then be in its second leg.
LONG_AFTER = timedelta(minutes=20)
# The PBX lists a call some ten seconds after its end, and its legs one after another.
LISTED_WITHIN = timedelta(minutes=3)


class LongCalls:
    """Long calls of one PBX: those that were up when it was last asked, and those that have ended since."""

    def __init__(self) -> None:
        self._asked_at: datetime | None = None
        # Start of each call that was up, as far as it was seen: a leg that has ended is listed no more.
        self._up: dict[str, datetime] = {}
        self._is_any_long = False
        # Start of each that is over, and when it was found to be.
        self._ended: list[tuple[datetime, datetime]] = []

    def must_ask(self, now: datetime) -> bool:
        """Return True if the active calls must be asked for now; also after the clock was set back."""
        asked_lately = self._asked_at is not None and timedelta(0) <= now - self._asked_at < ASK_EVERY
        return self._is_any_long or not asked_lately

    def see(self, channels: Iterable[Channel], now: datetime, local_now: datetime) -> None:
        """Take what is up at `now`, which is `local_now` at the PBX."""
        up: dict[str, datetime] = {}
        for channel in channels:
            known = self._up.get(channel.linkedid, local_now)
            up[channel.linkedid] = min(known, up.get(channel.linkedid, known), channel.start or known)
        begun_before = local_now - LONG_AFTER
        starts = (self._up[linkedid] for linkedid in self._up.keys() - up.keys())
        self._ended += [(start, now) for start in starts if start <= begun_before]
        self._is_any_long = any(start <= begun_before for start in up.values())
        self._up, self._asked_at = up, now

    def not_told(self, now: datetime) -> None:
        """Note that the PBX was asked in vain."""
        self._asked_at, self._is_any_long = now, False

    def begin_of_ended(self, now: datetime) -> datetime | None:
        """Return when the first of those began that ended within LISTED_WITHIN, or a little earlier; None if none
        did."""
        self._ended = [(start, at) for start, at in self._ended if timedelta(0) <= now - at <= LISTED_WITHIN]
        # A leg before the first that was seen was shorter than the time between two questions.
        return min((start - ASK_EVERY for start, _ in self._ended), default=None)
