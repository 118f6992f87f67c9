"""Token buckets: a burst, and a rate. Pure; the time is passed in."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and one more every `every` seconds."""

    burst: int
    every: float


class Bucket:
    """Full at first. `now` is in seconds; a clock that is set back changes no bucket."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._at = now

    def may(self, now: float) -> bool:
        """Return True when a token is left, without taking it."""
        self._fill(now)
        return self._tokens >= 1

    def take(self) -> None:
        """Take a token; call it only after `may` returned True."""
        self._tokens -= 1

    def is_full(self, now: float) -> bool:
        """Return True when the bucket has refilled and can be forgotten."""
        self._fill(now)
        return self._tokens >= self._rate.burst

    def _fill(self, now: float) -> None:
        elapsed = max(0.0, now - self._at)
        self._at = now
        self._tokens = min(float(self._rate.burst), self._tokens + elapsed / self._rate.every)


class _PersonBuckets:
    """Buckets of one person, short-term and long-term; the first `reserved` tokens come from a reserve."""

    def __init__(self, rates: Sequence[Rate], reserved: int, now: float) -> None:
        self._buckets = [Bucket(rate, now) for rate in rates]
        self.reserved = reserved

    def may(self, now: float) -> bool:
        return all(bucket.may(now) for bucket in self._buckets)

    def take(self) -> None:
        for bucket in self._buckets:
            bucket.take()

    def is_full(self, now: float) -> bool:
        return all(bucket.is_full(now) for bucket in self._buckets)


class Buckets:
    """One bucket for all, and one of every rate in `each` per person: a person that has used up their own takes none
    from the others. The first `reserved` tokens of each come from the `reserve`, so that earlier people cannot exclude
    new ones. At most `max_people` people have their own buckets; anybody else has only the common one."""

    def __init__(
        self,
        each: Sequence[Rate],
        shared: Rate,
        max_people: int,
        now: float,
        *,
        reserve: Rate | None = None,
        reserved: int = 0,
    ) -> None:
        self._each = tuple(each)
        self._shared = Bucket(shared, now)
        self._reserve = Bucket(reserve, now) if reserve else None
        self._reserved = reserved
        self._own: dict[int, _PersonBuckets] = {}
        self._max_people = max_people

    def take(self, person: int, now: float) -> bool:
        """Take a token; return False when the rate is exceeded, and then take none."""
        reserve = self._reserve if self._reserve is not None and self._reserve.may(now) else None
        shared = self._shared if self._shared.may(now) else None
        if reserve is None and shared is None:
            return False
        own = self._own.get(person) or self._new(person, now)
        source = reserve if reserve is not None and own.reserved > 0 else shared
        if source is None or not own.may(now):
            return False
        source.take()
        own.reserved -= 1
        own.take()
        return True

    def _new(self, person: int, now: float) -> _PersonBuckets:
        if len(self._own) >= self._max_people:
            self._own = {known: one for known, one in self._own.items() if not one.is_full(now)}
        is_tracked = len(self._own) < self._max_people
        own = _PersonBuckets(self._each, self._reserved if is_tracked else 0, now)
        if is_tracked:
            self._own[person] = own
        return own
