"""How good a stretch of time was, from the incidents in it: outages, downtime, availability. Pure.

A trunk is down while an incident says so, and while the telephony engine of its station does not answer: then nobody
can call over any trunk. How it was is not known while the station had any other trouble, while the PBX did not know
the trunk's state, and while it flapped; that time is left out of what availability is a share of. An outage that has
begun and was not seen to end goes on, so being down comes before not being known. Answering badly is not being down.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.detection.observation import Trouble
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
class Spell:
    """A stretch of an incident in which it was of one kind. `cause` is why a trunk is down, or a station's trouble."""

    incident: int
    subject: str
    name: str
    kind: str
    cause: str
    began_at: datetime
    ended_at: datetime | None

    @property
    def is_down(self) -> bool:
        return self.kind == Kind.TRUNK_DOWN or (self.kind == Kind.STATION and self.cause == Trouble.ENGINE_DOWN)

    @property
    def is_uncertain(self) -> bool:
        return kind_info(self.kind).uncertain or (self.kind == Kind.STATION and not self.is_down)

    def within(self, period: Span) -> Span | None:
        """Its part of the period; None when it has none."""
        end = period.end if self.ended_at is None else min(self.ended_at, period.end)
        begin = max(self.began_at, period.begin)
        return Span(begin, end) if begin < end else None


@dataclass(frozen=True, slots=True)
class Outage:
    """`began_at` and `ended_at` are its own, `span` is the part of it within the period."""

    cause: str
    began_at: datetime
    ended_at: datetime | None
    span: Span


@dataclass(frozen=True, slots=True)
class TrunkPast:
    """One trunk in one period: its outages in their order, none of which touches another, and the stretches in which
    nobody knows how it was."""

    subject: str
    name: str
    period: Span
    outages: tuple[Outage, ...]
    uncertain: tuple[Span, ...]

    @property
    def down(self) -> timedelta:
        return sum((outage.span.length for outage in self.outages), timedelta(0))

    @property
    def watched(self) -> timedelta:
        return self.period.length - sum((span.length for span in self.uncertain), timedelta(0))

    @property
    def availability(self) -> float | None:
        """In percent of the time that is known; None when none is."""
        return 100 * (1 - self.down / self.watched) if self.watched else None

    @property
    def longest(self) -> timedelta:
        return max((outage.span.length for outage in self.outages), default=timedelta(0))

    @property
    def recovery(self) -> timedelta | None:
        """The mean time from the beginning to the end, of the outages that ended in the period."""
        over = [o.ended_at - o.began_at for o in self.outages if o.ended_at and o.ended_at <= self.period.end]
        return sum(over, timedelta(0)) / len(over) if over else None


def spells_of(incident: Incident, chain: Sequence[IncidentEvent]) -> list[Spell]:
    """What the incident was, stretch by stretch. A warning that became an outage was the outage's beginning."""
    first = Spell(
        incident=incident.id,
        subject=incident.subject,
        name=name_of(incident),
        kind=incident.kind,
        cause=_cause(incident.facts),
        began_at=incident.began_at,
        ended_at=incident.ended_at,
    )
    spells: list[Spell] = []
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


def trunk_pasts(spells: Iterable[Spell], trunks: Mapping[str, str], begin: datetime, end: datetime) -> list[TrunkPast]:
    """Each of the trunks (names by id) in the period, the worst first."""
    period, known = Span(begin, end), list(spells)
    pasts = [_past(subject, name, period, known) for subject, name in trunks.items()]
    return sorted(pasts, key=lambda past: (-past.down, past.name.casefold(), past.subject))


def _past(subject: str, name: str, period: Span, spells: Iterable[Spell]) -> TrunkPast:
    parts = [
        (part, spell)
        for spell in spells
        if spell.subject in (subject, STATION) and (part := spell.within(period)) is not None
    ]
    outages: list[Outage] = []
    for part, spell in sorted(((p, s) for p, s in parts if s.is_down), key=lambda found: found[0]):
        if outages and part.begin <= outages[-1].span.end:
            outages[-1] = _joined(outages[-1], part, spell)
        else:
            outages.append(Outage(spell.cause, spell.began_at, spell.ended_at, part))
    doubtful = [part for part, spell in parts if spell.is_uncertain]
    return TrunkPast(
        subject, name, period, tuple(outages), tuple(_outside(doubtful, [outage.span for outage in outages]))
    )


def _joined(outage: Outage, part: Span, spell: Spell) -> Outage:
    """The cause that was there first stays."""
    ended = (outage.ended_at, spell.ended_at)
    return replace(
        outage,
        began_at=min(outage.began_at, spell.began_at),
        ended_at=None if None in ended else max(moment for moment in ended if moment),
        span=Span(outage.span.begin, max(outage.span.end, part.end)),
    )


def _outside(spans: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    """What the spans cover together and the holes do not, in order."""
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
