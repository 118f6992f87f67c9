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
        over = [o.ended_at - o.began_at for o in self.outages if o.ended_at and o.ended_at <= self.period.end]
        return sum(over, timedelta(0)) / len(over) if over else None


def intervals_of(incident: Incident, chain: Sequence[IncidentEvent]) -> list[StateInterval]:
    """Return the intervals of an incident by kind. The outage begins with the warning that preceded it."""
    first = StateInterval(
        incident=incident.id,
        subject=incident.subject,
        name=name_of(incident),
        kind=incident.kind,
        cause=_cause(incident.facts),
        began_at=incident.began_at,
        ended_at=incident.ended_at,
    )
    spells: list[StateInterval] = []
    for event in chain:
        last = spells[-1] if spells else first
        turned = replace(last, kind=event.facts.get("kind") or last.kind)
        if last.subject == STATION:
            turned = replace(turned, cause=_cause(event.facts) or last.cause)
        if not spells:
            spells = [turned]
        elif turned != last:
            warned = event.what == "worsened" and kind_info(last.kind).precedes_outage
            began = last.began_at if warned else max(event.at, last.began_at)
            began = min(began, incident.ended_at or began)
            spells[-1:] = [replace(last, ended_at=began), replace(turned, began_at=began, ended_at=incident.ended_at)]
    return [spell for spell in spells or [first] if spell.ended_at is None or spell.began_at < spell.ended_at]


def trunk_availabilities(
    spells: Iterable[StateInterval], trunks: Mapping[str, str], begin: datetime, end: datetime
) -> list[TrunkAvailability]:
    """Return the availability of each trunk (names by id), the worst first."""
    period, known = Span(begin, end), list(spells)
    pasts = [_past(subject, name, period, known) for subject, name in trunks.items()]
    return sorted(pasts, key=lambda past: (-past.down, past.name.casefold(), past.subject))


def _past(subject: str, name: str, period: Span, spells: Iterable[StateInterval]) -> TrunkAvailability:
    parts = [
        (part, spell)
        for spell in spells
        if spell.subject in (subject, STATION) and (part := spell.within(period)) is not None
    ]
    outages: list[OutageInterval] = []
    for part, spell in sorted(((p, s) for p, s in parts if s.is_down), key=lambda found: found[0]):
        if outages and part.begin <= outages[-1].span.end:
            outages[-1] = _joined(outages[-1], part, spell)
        else:
            outages.append(OutageInterval(spell.cause, spell.began_at, spell.ended_at, part))
    doubtful = [part for part, spell in parts if spell.is_uncertain]
    return TrunkAvailability(
        subject, name, period, tuple(outages), tuple(_outside(doubtful, [outage.span for outage in outages]))
    )


def _joined(outage: OutageInterval, part: Span, spell: StateInterval) -> OutageInterval:
    """Merge; the earlier cause is kept."""
    ended = (outage.ended_at, spell.ended_at)
    return replace(
        outage,
        began_at=min(outage.began_at, spell.began_at),
        ended_at=None if None in ended else max(moment for moment in ended if moment),
        span=Span(outage.span.begin, max(outage.span.end, part.end)),
    )


def _outside(spans: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    """Return the union of spans minus the holes, in order."""
    edges = sorted({moment for span in (*spans, *holes) for moment in span})
    left: list[Span] = []
    for piece in map(Span, edges, edges[1:]):
        if not _covered(piece, spans) or _covered(piece, holes):
            continue
        if left and left[-1].end == piece.begin:
            left[-1] = Span(left[-1].begin, piece.end)
        else:
            left.append(piece)
    return left


def _covered(piece: Span, spans: Iterable[Span]) -> bool:
    return any(span.begin <= piece.begin and piece.end <= span.end for span in spans)


def _cause(facts: Mapping[str, object]) -> str:
    return str(facts.get("trouble") or facts.get("cause") or "")
