"""What hits many stations at once has one cause: a provider's host that is down everywhere, or our own internet. Pure.

Told once for all, it is no storm; told too early, it would hide outages that have nothing to do with each other. So it
takes several stations, nearly all that it could hit, and that they were hit together; it ends when most are well again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

AT_LEAST = 3
NEARLY_ALL = 0.8
OVER_BELOW = 0.5
TOGETHER = timedelta(seconds=60)


class What(StrEnum):
    OWN_INTERNET = "own internet"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class View:
    """How a station is seen. `cut_off` is since when it cannot be reached; `hosts` are those of its trunks that are
    switched on, each with since when all of them there are down, or None."""

    station: str
    cut_off: datetime | None
    hosts: Mapping[str, datetime | None]


@dataclass(frozen=True, slots=True)
class CommonCause:
    """`host` is the provider's; "" for our own internet. `stations` were hit by it."""

    what: What
    host: str
    since: datetime
    stations: frozenset[str] = field(hash=False)

    @property
    def key(self) -> str:
        return f"{self.what}:{self.host}"


def step(before: Iterable[CommonCause], views: Sequence[View]) -> tuple[CommonCause, ...]:
    """What has a common cause now, given what had one. While our own internet is down nothing is known of providers:
    what was said of them stays said."""
    hit = _all_hit(views)
    found: dict[str, CommonCause] = {}
    for cause in before:
        bad, could = hit.get((cause.what, cause.host), ({}, frozenset[str]()))
        if (lasting := _still(cause, bad, could)) is not None:
            found[cause.key] = lasting
    for (what, host), (bad, could) in hit.items():
        if f"{what}:{host}" not in found and (together := _together(bad, could)):
            found[f"{what}:{host}"] = CommonCause(what, host, min(bad[s] for s in together), together)
    return tuple(found[key] for key in sorted(found))


Hit = tuple[dict[str, datetime], frozenset[str]]


def _all_hit(views: Sequence[View]) -> dict[tuple[What, str], Hit]:
    """For everything that can be a cause: which stations have it bad since when, and all whom it could hit."""
    cut_off = {view.station: view.cut_off for view in views if view.cut_off is not None}
    found: dict[tuple[What, str], Hit] = {(What.OWN_INTERNET, ""): (cut_off, frozenset(v.station for v in views))}
    could: dict[str, set[str]] = {}
    bad: dict[str, dict[str, datetime]] = {}
    for view in views:
        if view.cut_off is not None:
            continue
        for host, down in view.hosts.items():
            could.setdefault(host, set()).add(view.station)
            if down is not None:
                bad.setdefault(host, {})[view.station] = down
    for host, stations in could.items():
        found[What.PROVIDER, host] = (bad.get(host, {}), frozenset(stations))
    return found


def _together(bad: Mapping[str, datetime], could: frozenset[str]) -> frozenset[str]:
    """Those that were hit within a minute of each other; who was down long before says nothing, for or against."""
    best: frozenset[str] = frozenset()
    for begin in set(bad.values()):
        hit = frozenset(station for station, since in bad.items() if begin <= since <= begin + TOGETHER)
        before = sum(since < begin for since in bad.values())
        if len(hit) >= AT_LEAST and len(hit) >= NEARLY_ALL * (len(could) - before) and len(hit) > len(best):
            best = hit
    return best


def _still(cause: CommonCause, bad: Mapping[str, datetime], could: frozenset[str]) -> CommonCause | None:
    """It gains who was hit since, and ends when most of those who can be seen are well."""
    if cause.what is What.PROVIDER and not could & cause.stations:
        return cause
    seen = cause.stations & could
    if not seen or len(seen & bad.keys()) < OVER_BELOW * len(seen):
        return None
    late = frozenset(station for station, since in bad.items() if since >= cause.since)
    return CommonCause(cause.what, cause.host, cause.since, cause.stations | late)
