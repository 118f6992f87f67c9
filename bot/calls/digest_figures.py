"""Figures of a digest: those of `/stats` and `/missed` of its period, and what is usual. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.calls.call_stats import CallStats, bars
from bot.calls.missed_calls import MissedCalls
from bot.calls.outcome import Outcome
from bot.pbx import CallRecord
from bot.pbx.resources.record_models import Direction


@dataclass(frozen=True, slots=True)
class DigestFigures:
    """`missed` and `not_called_back` count calls, `longest_wait` is in seconds, `by_hour` has a bar for each hour."""

    calls: int
    incoming: int
    answered_incoming: int
    missed: int
    not_called_back: int
    longest_wait: int
    by_hour: str

    @property
    def answer_rate(self) -> int | None:
        return CallStats.rate(self.answered_incoming, self.incoming)


@dataclass(frozen=True, slots=True)
class Usual:
    """Averages of `weeks` earlier weeks."""

    weeks: int
    calls: int
    answer_rate: int | None
    missed: int
    not_called_back: int
    longest_wait: int


class DigestCount:
    """Count the records of a period that ends at `end`, and of the time afterwards for the calls back."""

    def __init__(self, end: datetime) -> None:
        self._end = end.replace(microsecond=0)
        self._stats = CallStats()
        self._missed = MissedCalls.of_period(end)

    def add(self, record: CallRecord) -> None:
        if record.start is None or record.start.replace(microsecond=0) <= self._end:
            self._stats.add(record)
        self._missed.add(record)

    def figures(self) -> DigestFigures:
        stats = self._stats
        return DigestFigures(
            calls=stats.total,
            incoming=stats.directions[Direction.INCOMING],
            answered_incoming=stats.answered_incoming,
            missed=stats.outcomes[Outcome.MISSED],
            not_called_back=self._missed.result().open,
            longest_wait=stats.longest_wait,
            by_hour=bars(stats.hours),
        )


def usual(weeks: Sequence[DigestFigures]) -> Usual | None:
    """Return the averages of earlier weeks, the newest first. Weeks without a call before the oldest one with calls are
    from a time of which the PBX holds none: they do not count; None if no week has calls."""
    known = list(weeks)
    while known and not known[-1].calls:
        known.pop()
    if not known:
        return None
    return Usual(
        weeks=len(known),
        calls=_average([week.calls for week in known]),
        answer_rate=CallStats.rate(sum(week.answered_incoming for week in known), sum(week.incoming for week in known)),
        missed=_average([week.missed for week in known]),
        not_called_back=_average([week.not_called_back for week in known]),
        longest_wait=_average([week.longest_wait for week in known]),
    )


def _average(values: Sequence[int]) -> int:
    # Rounded half up.
    return (2 * sum(values) + len(values)) // (2 * len(values))
