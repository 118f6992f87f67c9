"""What hits many stations at once has one cause: a provider's host that is down everywhere, or our own internet. Pure.

Told once for all, it is no storm; told too early, it would hide outages that have nothing to do with each other. So it
takes several stations, nearly all that it could hit, and that they were hit together; it ends when most have been well
again for a while. Between its first sign and its telling it waits no longer than the first station that it hit would.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.detection.station_summary import CUT_OFF, Bad, View, host_of
from bot.incidents.model import INTERNET, PROVIDER, TRUNKS, Kind

AT_LEAST = 3
NEARLY_ALL = 0.8
# Of those that were hit: it goes on while so many are.
MANY = 0.5
TOGETHER = timedelta(seconds=60)
# Until each station has been looked at often enough to be sure of it.
CALM = timedelta(seconds=60)


class What(StrEnum):
    OWN_INTERNET = "own internet"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class CommonCause:
    """`host` is the provider's; "" for our own internet. `stations` were hit by it, of `of` that it could hit; `trunks`
    were down with it. `due` is when it is to be told, `told` whether it was; most are well since `well_since`."""

    what: What
    host: str
    since: datetime
    due: datetime
    stations: frozenset[str]
    of: int
    trunks: int = 0
    told: bool = False
    well_since: datetime | None = None

    @property
    def subject(self) -> str:
        """Of the fleet's incident."""
        return subject(self.what, self.host)


class ActiveCauses:
    """The common causes that are active now: written by the correlator, read by the notifiers of all stations."""

    def __init__(self) -> None:
        self.now: tuple[CommonCause, ...] = ()


# What it could hit, and which of it is bad.
Hit = tuple[Mapping[str, Bad], frozenset[str]]
NOTHING_HIT: Hit = ({}, frozenset())


def subject(what: What, host: str) -> str:
    return INTERNET if what is What.OWN_INTERNET else PROVIDER + host


def step(before: Iterable[CommonCause], views: Sequence[View], now: datetime) -> tuple[CommonCause, ...]:
    """What has a common cause now, given what had one. Of a station that cannot be reached nothing is known but that:
    what was said of its providers stays said."""
    hit = _all_hit(views)
    seen = {view.station: view for view in views}
    found: dict[str, CommonCause] = {}
    for cause in before:
        if (lasting := _still(cause, *hit.get((cause.what, cause.host), NOTHING_HIT), seen, now)) is not None:
            found[cause.subject] = lasting
    for (what, host), (bad, could) in hit.items():
        if subject(what, host) not in found and (together := _together(bad, could)):
            found[subject(what, host)] = _begun(what, host, together, bad, could)
    return tuple(found[key] for key in sorted(found))


def hiding(causes: Iterable[CommonCause], station: str) -> bool:
    """Whether it is only our own internet that hides the station."""
    return any(cause.what is What.OWN_INTERNET and station in cause.stations for cause in causes)


def holding(causes: Iterable[CommonCause], station: str, kind: str, facts: Mapping[str, Any]) -> bool:
    """Whether the station's incident is to be told to nobody: nothing is wrong there, as far as anybody can see."""
    return kind == Kind.STATION and facts.get("trouble") in CUT_OFF and hiding(causes, station)


def covering(causes: Iterable[CommonCause], station: str, kind: str, facts: Mapping[str, Any]) -> CommonCause | None:
    """What the fleet is told of once in place of this incident; the station's own people are told of it still."""
    host = host_of(str(facts.get("host") or "")) if kind in TRUNKS else ""
    return next(
        (one for one in causes if one.what is What.PROVIDER and one.host == host and station in one.stations), None
    )


def _all_hit(views: Sequence[View]) -> dict[tuple[What, str], Hit]:
    """For everything that can be a cause."""
    known = [view for view in views if view.looked]
    cut_off = {view.station: view.cut_off for view in known if view.cut_off is not None}
    found: dict[tuple[What, str], Hit] = {(What.OWN_INTERNET, ""): (cut_off, frozenset(v.station for v in known))}
    could: dict[str, set[str]] = {}
    bad: dict[str, dict[str, Bad]] = {}
    for view in known:
        for host, down in (view.hosts or {}).items():
            could.setdefault(host, set()).add(view.station)
            if down is not None:
                bad.setdefault(host, {})[view.station] = down
    for host, stations in could.items():
        found[What.PROVIDER, host] = (bad.get(host, {}), frozenset(stations))
    return found


def _together(bad: Mapping[str, Bad], could: frozenset[str]) -> frozenset[str]:
    """Those that were hit within a minute of each other; who was down long before says nothing, for or against."""
    best: frozenset[str] = frozenset()
    for before, hit in _windows(bad):
        # While all are only half out the provider may work, and ignore what it is asked.
        is_down = not all(bad[station].half for station in hit)
        enough = is_down and len(hit) >= AT_LEAST and len(hit) >= NEARLY_ALL * (len(could) - before)
        if enough and len(hit) > len(best):
            best = frozenset(hit)
    return best


def _windows(bad: Mapping[str, Bad]) -> Iterator[tuple[int, list[str]]]:
    """From each beginning on: how many were bad before it, and who became so within a minute."""
    order = sorted(bad, key=lambda station: (bad[station].since, station))
    last = 0
    for first, station in enumerate(order):
        begin = bad[station].since
        if first and bad[order[first - 1]].since == begin:
            continue
        while last < len(order) and bad[order[last]].since <= begin + TOGETHER:
            last += 1
        yield first, order[first:last]


def _begun(
    what: What, host: str, together: frozenset[str], bad: Mapping[str, Bad], could: frozenset[str]
) -> CommonCause:
    hit = [bad[station] for station in together]
    return CommonCause(
        what,
        host,
        since=min(one.since for one in hit),
        due=min(one.due for one in hit),
        stations=together,
        of=len(could),
        trunks=sum(one.trunks for one in hit),
    )


def _still(
    cause: CommonCause, bad: Mapping[str, Bad], could: frozenset[str], seen: Mapping[str, View], now: datetime
) -> CommonCause | None:
    """It gains who was hit since, and ends when most of them have been well for a while, or at once when nobody was
    told of it."""
    stations = cause.stations | {station for station, one in bad.items() if one.since >= cause.since}
    trunks = max(cause.trunks, sum(bad[station].trunks for station in stations & bad.keys()))
    cause = replace(cause, stations=stations, of=max(cause.of, len(could | stations)), trunks=trunks)
    if sum(not _is_well(cause, seen.get(station)) for station in stations) >= MANY * len(stations):
        return replace(cause, well_since=None)
    well_since = min(cause.well_since or now, now)
    if not cause.told or now - well_since >= CALM:
        return None
    return replace(cause, well_since=well_since)


def _is_well(cause: CommonCause, view: View | None) -> bool:
    """Who is not of the fleet any more needs no word, nor does a trunk that was switched off or deleted."""
    if view is None:
        return True
    if not view.looked or view.cut_off is not None:
        return False
    if cause.what is What.OWN_INTERNET:
        return True
    return view.hosts is not None and view.hosts.get(cause.host) is None
