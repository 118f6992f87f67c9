"""Correlate failures of many stations: a provider's host is down everywhere, or the bot's own internet is. Pure.

One notification for all avoids a storm; a wrong one would hide unrelated outages. So a common cause takes several
stations, nearly all that use the host, within TOGETHER; it ends when most have been healthy for CALM. It is due no
later than the first affected station's own notification.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.detection.station_summary import CUT_OFF, FailureSince, StationSummary, host_of
from bot.incidents.model import INTERNET, PROVIDER, Kind, kind_info

AT_LEAST = 3
NEARLY_ALL = 0.8
# Share of affected stations below which the cause ends.
MANY = 0.5
TOGETHER = timedelta(seconds=60)
# Time for each station to be polled often enough to confirm.
CALM = timedelta(seconds=60)


class CauseKind(StrEnum):
    OWN_INTERNET = "own internet"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class CommonCause:
    """Common cause.

    `host` is the provider's, "" for the bot's own internet. `stations` are affected, of `of` that could be; `trunks`
    are down with it. `due` is the time of notification, `told` if it was sent; most stations are healthy since
    `well_since`.
    """

    what: CauseKind
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
        """Subject of the fleet's incident."""
        return subject(self.what, self.host)


class ActiveCauses:
    """Common causes that are active now: written by the correlator, read by the notifiers of all stations."""

    def __init__(self) -> None:
        self.now: tuple[CommonCause, ...] = ()


# Affected stations with their failures, and all stations that could be affected.
Hit = tuple[Mapping[str, FailureSince], frozenset[str]]
NOTHING_HIT: Hit = ({}, frozenset())


def subject(what: CauseKind, host: str) -> str:
    return INTERNET if what is CauseKind.OWN_INTERNET else PROVIDER + host


def correlate(before: Iterable[CommonCause], views: Sequence[StationSummary], now: datetime) -> tuple[CommonCause, ...]:
    """Return the current common causes, given the previous ones.

    While a station is unreachable, its share in a provider's failure is kept.
    """
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


def inhibitor_of(causes: Iterable[CommonCause], station: str) -> bool:
    """Return True if the bot's own internet failure makes the station unreachable."""
    return any(cause.what is CauseKind.OWN_INTERNET and station in cause.stations for cause in causes)


def inhibitor_of_station(causes: Iterable[CommonCause], station: str, kind: str, facts: Mapping[str, Any]) -> bool:
    """Return True if notification of the station's incident is inhibited: no fault of the station is visible."""
    return kind == Kind.STATION and facts.get("trouble") in CUT_OFF and inhibitor_of(causes, station)


def inhibitor_of_trunk(
    causes: Iterable[CommonCause], station: str, kind: str, facts: Mapping[str, Any]
) -> CommonCause | None:
    """Return the provider failure that inhibits the fleet's notification of this incident; the station's own recipients
    are notified still.
    """
    host = host_of(str(facts.get("host") or "")) if kind_info(kind).is_trunk else ""
    return next(
        (one for one in causes if one.what is CauseKind.PROVIDER and one.host == host and station in one.stations), None
    )


def _all_hit(views: Sequence[StationSummary]) -> dict[tuple[CauseKind, str], Hit]:
    """Return affected and possible stations for each possible cause."""
    known = [view for view in views if view.looked]
    cut_off = {view.station: view.cut_off for view in known if view.cut_off is not None}
    found: dict[tuple[CauseKind, str], Hit] = {
        (CauseKind.OWN_INTERNET, ""): (cut_off, frozenset(v.station for v in known))
    }
    could: dict[str, set[str]] = {}
    bad: dict[str, dict[str, FailureSince]] = {}
    for view in known:
        for host, down in (view.hosts or {}).items():
            could.setdefault(host, set()).add(view.station)
            if down is not None:
                bad.setdefault(host, {})[view.station] = down
    for host, stations in could.items():
        found[CauseKind.PROVIDER, host] = (bad.get(host, {}), frozenset(stations))
    return found


def _together(bad: Mapping[str, FailureSince], could: frozenset[str]) -> frozenset[str]:
    """Return the largest set of stations affected within TOGETHER; stations that were down long before do not count on
    either side.
    """
    best: frozenset[str] = frozenset()
    for before, hit in _windows(bad):
        # While all are only partially down, the provider may work and ignore OPTIONS.
        is_down = not all(bad[station].half for station in hit)
        enough = is_down and len(hit) >= AT_LEAST and len(hit) >= NEARLY_ALL * (len(could) - before)
        if enough and len(hit) > len(best):
            best = frozenset(hit)
    return best


def _windows(bad: Mapping[str, FailureSince]) -> Iterator[tuple[int, list[str]]]:
    """Yield for each start time the number of earlier failures and the stations affected within TOGETHER of it."""
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
    what: CauseKind, host: str, together: frozenset[str], bad: Mapping[str, FailureSince], could: frozenset[str]
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
    cause: CommonCause,
    bad: Mapping[str, FailureSince],
    could: frozenset[str],
    seen: Mapping[str, StationSummary],
    now: datetime,
) -> CommonCause | None:
    """Update a known cause: add newly affected stations; end it after CALM, or at once if no notification was sent.

    A station polled last may have failed first, as a PBX tells since when a trunk is down: one that failed up to
    TOGETHER before the cause belongs to it.
    """
    stations = cause.stations | {station for station, one in bad.items() if one.since >= cause.since - TOGETHER}
    trunks = max(cause.trunks, sum(bad[station].trunks for station in stations & bad.keys()))
    # A station whose own notification is due already does not make the cause due: it may be down for long.
    due = min((one.due for station, one in bad.items() if station in stations and one.due > now), default=cause.due)
    cause = replace(
        cause, due=min(cause.due, due), stations=stations, of=max(cause.of, len(could | stations)), trunks=trunks
    )
    if sum(not _is_well(cause, seen.get(station)) for station in stations) >= MANY * len(stations):
        return replace(cause, well_since=None)
    well_since = min(cause.well_since or now, now)
    if not cause.told or now - well_since >= CALM:
        return None
    return replace(cause, well_since=well_since)


def _is_well(cause: CommonCause, view: StationSummary | None) -> bool:
    """Return True also for a station that was removed, and a trunk that was disabled or deleted."""
    if view is None:
        return True
    if not view.looked or view.cut_off is not None:
        return False
    if cause.what is CauseKind.OWN_INTERNET:
        return True
    return view.hosts is not None and view.hosts.get(cause.host) is None
