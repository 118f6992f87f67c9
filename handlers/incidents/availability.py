"""Compute outages, downtime and availability of a period from its incidents. Pure.

A trunk is down during an incident of its own, and while Asterisk does not respond: calls then fail over all trunks. Its
state is unknown during any other station incident, while the PBX reports no state, and while it flaps; that time is
excluded from the base of availability. An outage without an observed end continues, so down takes precedence over
unknown. Degraded is not down.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.detection.observation import StationFault
from bot.incidents.model import STATION, Kind, kind_info
from bot.store.stations.incidents import name_of
from bot.store.tables.incidents import Incident, IncidentEvent


class Span(NamedTuple):
    begin: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class StateInterval:
    """Interval in which an incident was of one kind. `cause`: of a trunk's outage, or a station's fault."""

    incident: int
    number: int
    subject: str
    name: str
    kind: str
    cause: str
    began_at: datetime
    ended_at: datetime | None

    @property
    def is_down(self) -> bool:
        return self.kind == Kind.TRUNK_DOWN or (self.kind == Kind.STATION and self.cause == StationFault.ENGINE_DOWN)

    @property
    def is_uncertain(self) -> bool:
        return kind_info(self.kind).uncertain or (self.kind == Kind.STATION and not self.is_down)

    def within(self, period: Span) -> Span | None:
        """Return its overlap with the period, or None."""
        end = period.end if self.ended_at is None else min(self.ended_at, period.end)
        begin = max(self.began_at, period.begin)
        return Span(begin, end) if begin < end else None


@dataclass(frozen=True, slots=True)
class OutageInterval:
    """Outage; `began_at` and `ended_at` are unclipped, `span` is clipped to the period."""

    cause: str
    began_at: datetime
    ended_at: datetime | None
    span: Span


@dataclass(frozen=True, slots=True)
class TrunkAvailability:
    """Availability of one trunk in one period: its outages in order, disjoint, and the intervals of unknown state."""

    subject: str
    name: str
    period: Span
    outages: tuple[OutageInterval, ...]
    uncertain: tuple[Span, ...]

    @property
    def down(self) -> timedelta:
        return sum((outage.span.length for outage in self.outages), timedelta(0))

    @property
    def watched(self) -> timedelta:
        return self.period.length - sum((span.length for span in self.uncertain), timedelta(0))

    @property
    def availability(self) -> float | None:
        """Return percent of the time with a known state; None if there is none."""
        return 100 * (1 - self.down / self.watched) if self.watched else None

    @property
    def longest(self) -> timedelta:
        return max((outage.span.length for outage in self.outages), default=timedelta(0))

    @property
    def recovery(self) -> timedelta | None:
        """Return the mean time to recovery of outages that ended in the period."""
        ended = [o.ended_at - o.began_at for o in self.outages if o.ended_at and o.ended_at <= self.period.end]
        return sum(ended, timedelta(0)) / len(ended) if ended else None


def intervals_of(incident: Incident, events: Sequence[IncidentEvent]) -> list[StateInterval]:
    """Return the intervals of an incident by kind. The outage begins with the warning that preceded it."""
    first = StateInterval(
        incident=incident.id,
        number=incident.number,
        subject=incident.subject,
        name=name_of(incident),
        kind=incident.kind,
        cause=_cause(incident.facts),
        began_at=incident.began_at,
        ended_at=incident.ended_at,
    )
    intervals: list[StateInterval] = []
    for event in events:
        last = intervals[-1] if intervals else first
        changed = replace(last, kind=event.facts.get("kind") or last.kind)
        if last.subject == STATION:
            changed = replace(changed, cause=_cause(event.facts) or last.cause)
        if not intervals:
            intervals = [changed]
        elif changed != last:
            warned = event.what == "worsened" and kind_info(last.kind).precedes_outage
            began = last.began_at if warned else max(event.at, last.began_at)
            began = min(began, incident.ended_at or began)
            intervals[-1:] = [
                replace(last, ended_at=began),
                replace(changed, began_at=began, ended_at=incident.ended_at),
            ]
    return [
        interval
        for interval in intervals or [first]
        if interval.ended_at is None or interval.began_at < interval.ended_at
    ]


def trunk_availabilities(
    intervals: Iterable[StateInterval], trunks: Mapping[str, str], begin: datetime, end: datetime
) -> list[TrunkAvailability]:
    """Return the availability of each trunk (names by id), the worst first."""
    period, all_intervals = Span(begin, end), list(intervals)
    availabilities = [_trunk_availability(subject, name, period, all_intervals) for subject, name in trunks.items()]
    return sorted(availabilities, key=lambda trunk: (-trunk.down, trunk.name.casefold(), trunk.subject))


def _trunk_availability(subject: str, name: str, period: Span, intervals: Iterable[StateInterval]) -> TrunkAvailability:
    parts = [
        (part, interval)
        for interval in intervals
        if interval.subject in (subject, STATION) and (part := interval.within(period)) is not None
    ]
    outages: list[OutageInterval] = []
    for part, interval in sorted(((p, s) for p, s in parts if s.is_down), key=lambda found: found[0]):
        if outages and part.begin <= outages[-1].span.end:
            outages[-1] = _merged(outages[-1], part, interval)
        else:
            outages.append(OutageInterval(interval.cause, interval.began_at, interval.ended_at, part))
    uncertain = [part for part, interval in parts if interval.is_uncertain]
    return TrunkAvailability(
        subject, name, period, tuple(outages), tuple(_subtract(uncertain, [outage.span for outage in outages]))
    )


def _merged(outage: OutageInterval, part: Span, interval: StateInterval) -> OutageInterval:
    """Merge; the earlier cause is kept."""
    ended = (outage.ended_at, interval.ended_at)
    return replace(
        outage,
        began_at=min(outage.began_at, interval.began_at),
        ended_at=None if None in ended else max(moment for moment in ended if moment),
        span=Span(outage.span.begin, max(outage.span.end, part.end)),
    )


def _subtract(spans: Sequence[Span], excluded: Sequence[Span]) -> list[Span]:
    """Return the union of spans minus the holes, in order."""
    edges = sorted({moment for span in (*spans, *excluded) for moment in span})
    remaining: list[Span] = []
    for piece in map(Span, edges, edges[1:]):
        if not _covered(piece, spans) or _covered(piece, excluded):
            continue
        if remaining and remaining[-1].end == piece.begin:
            remaining[-1] = Span(remaining[-1].begin, piece.end)
        else:
            remaining.append(piece)
    return remaining


def _covered(piece: Span, spans: Iterable[Span]) -> bool:
    return any(span.begin <= piece.begin and piece.end <= span.end for span in spans)


def _cause(facts: Mapping[str, object]) -> str:
    return str(facts.get("trouble") or facts.get("cause") or "")
