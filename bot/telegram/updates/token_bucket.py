"""How often something may happen: so many at once, and then so many in a time. Pure; the time is passed in."""

from collections.abc import Sequence
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


class _Person:
    """What one person has: so many soon, fewer in the long run; and their `beginning`, taken from a reserve."""

    def __init__(self, rates: Sequence[Rate], beginning: int, now: float) -> None:
        self._buckets = [Bucket(rate, now) for rate in rates]
        self.beginning = beginning

    def may(self, now: float) -> bool:
        return all(bucket.may(now) for bucket in self._buckets)

    def take(self) -> None:
        for bucket in self._buckets:
            bucket.take()

    def is_full(self, now: float) -> bool:
        return all(bucket.is_full(now) for bucket in self._buckets)


class Buckets:
    """One for everybody together, and for each one of every rate in `each`: who has used up their own takes nothing
    from the others. The first `beginning` of each come out of the `reserve` while there is one, so that who was here
    before cannot keep out who comes. At most `remembered` people are remembered; who is beyond them has what is left
    for everybody."""

    def __init__(
        self,
        each: Sequence[Rate],
        together: Rate,
        remembered: int,
        now: float,
        *,
        reserve: Rate | None = None,
        beginning: int = 0,
    ) -> None:
        self._each = tuple(each)
        self._together = Bucket(together, now)
        self._reserve = Bucket(reserve, now) if reserve else None
        self._beginning = beginning
        self._own: dict[int, _Person] = {}
        self._remembered = remembered

    def take(self, person: int, now: float) -> bool:
        """False when it is too much, and then nothing is taken from anybody."""
        reserve = self._reserve if self._reserve is not None and self._reserve.may(now) else None
        together = self._together if self._together.may(now) else None
        if reserve is None and together is None:
            return False
        own = self._own.get(person) or self._new(person, now)
        source = reserve if reserve is not None and own.beginning > 0 else together
        if source is None or not own.may(now):
            return False
        source.take()
        own.beginning -= 1
        own.take()
        return True

    def _new(self, person: int, now: float) -> _Person:
        if len(self._own) >= self._remembered:
            self._own = {known: one for known, one in self._own.items() if not one.is_full(now)}
        has_room = len(self._own) < self._remembered
        own = _Person(self._each, self._beginning if has_room else 0, now)
        if has_room:
            self._own[person] = own
        return own
