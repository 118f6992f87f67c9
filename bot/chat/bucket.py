"""How often something may happen: so many at once, and then so many in a time. Pure; the time is passed in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and one more every `every` seconds."""

    burst: int
    every: float


class Bucket:
    """Full at first. `now` is in seconds; a clock that is set back takes nothing away and gives nothing."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._left = float(rate.burst)
        self._at = now

    def may(self, now: float) -> bool:
        """Whether there is one left, without taking it."""
        self._fill(now)
        return self._left >= 1

    def take(self) -> None:
        """One that `may` has promised."""
        self._left -= 1

    def is_full(self, now: float) -> bool:
        """Whether it remembers nothing any more."""
        self._fill(now)
        return self._left >= self._rate.burst

    def _fill(self, now: float) -> None:
        gone = max(0.0, now - self._at)
        self._at = now
        self._left = min(float(self._rate.burst), self._left + gone / self._rate.every)


class Buckets:
    """One for everybody together, and one for each: who has used up their own takes nothing from the others. At most
    `remembered` people are remembered; who is beyond them has what is left for everybody."""

    def __init__(self, each: Rate, together: Rate, remembered: int, now: float) -> None:
        self._each = each
        self._together = Bucket(together, now)
        self._own: dict[int, Bucket] = {}
        self._remembered = remembered

    def take(self, person: int, now: float) -> bool:
        """False when it is too much, and then nothing is taken from anybody."""
        if not self._together.may(now):
            return False
        own = self._own.get(person)
        if own is None:
            own = self._new(person, now)
        if not own.may(now):
            return False
        own.take()
        self._together.take()
        return True

    def _new(self, person: int, now: float) -> Bucket:
        if len(self._own) >= self._remembered:
            self._own = {known: bucket for known, bucket in self._own.items() if not bucket.is_full(now)}
        own = Bucket(self._each, now)
        if len(self._own) < self._remembered:
            self._own[person] = own
        return own
