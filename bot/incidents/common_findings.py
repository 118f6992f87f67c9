"""Findings that many PBXs show together, as at the first start or when a fault of a release becomes known. Pure.

One message for all avoids a storm. A finding of one PBX, or one that comes later, is told by itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.incidents.model import PBX_HEALTH, PBX_SIGN_IN

AT_LEAST = 3
# All PBXs are looked at within five minutes.
TOGETHER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Begun:
    """Finding that a PBX has now: when it was found, and its facts."""

    since: datetime
    facts: Mapping[str, Any]


# Findings of each PBX by subject; None for one that was not looked at yet.
Found = Mapping[str, Mapping[str, Begun] | None]


@dataclass(frozen=True, slots=True)
class CommonFinding:
    """Finding of `stations`, of `of` in the fleet; the last of them joined at `joined_at`. `facts` are of one of
    them."""

    subject: str
    since: datetime
    joined_at: datetime
    stations: frozenset[str]
    of: int
    facts: Mapping[str, Any]

    @property
    def host(self) -> str:
        """Return "": it is no provider that fails."""
        return ""

    def gathers(self, station: str, now: datetime) -> bool:
        """Return True for a PBX whose finding the fleet's message tells: it is one of those, or comes with them."""
        return station in self.stations or now <= self.joined_at + TOGETHER


class CommonFindings:
    """Common findings that are told now: written by the gatherer, read by the notifiers of all stations."""

    def __init__(self) -> None:
        self.now: tuple[CommonFinding, ...] = ()

    def of(self, station: str, subject: str, now: datetime) -> CommonFinding | None:
        """Return the common finding that a PBX's own one belongs to."""
        return next((one for one in self.now if one.subject == subject and one.gathers(station, now)), None)


def gather(before: Iterable[CommonFinding], found: Found) -> tuple[CommonFinding, ...]:
    """Return the common findings now, given the previous ones."""
    after = {one.subject: lasting for one in before if (lasting := _lasting(one, found)) is not None}
    for subject, begun in _by_subject(found).items():
        if subject not in after and (together := _together(begun)):
            first = min(together, key=lambda station: (begun[station].since, station))
            after[subject] = CommonFinding(
                subject,
                since=begun[first].since,
                joined_at=max(begun[station].since for station in together),
                stations=frozenset(together),
                of=len(found),
                facts=begun[first].facts,
            )
    return tuple(after[subject] for subject in sorted(after))


def _lasting(one: CommonFinding, found: Found) -> CommonFinding | None:
    """Return what is left of a common finding, with those that joined; None once no PBX has it. One that was not looked
    at yet, as after a restart, keeps it."""
    held = {station for station in one.stations if station in found and _has(found[station], one.subject)}
    joined_at = one.joined_at
    others = sorted(
        (begun[one.subject].since, station)
        for station, begun in found.items()
        if station not in held and begun is not None and one.subject in begun
    )
    for since, station in others:
        if one.since <= since <= joined_at + TOGETHER:
            held.add(station)
            joined_at = max(joined_at, since)
    if not held:
        return None
    return CommonFinding(one.subject, one.since, joined_at, frozenset(held), len(found), one.facts)


def _has(begun: Mapping[str, Begun] | None, subject: str) -> bool:
    return begun is None or subject in begun


def _by_subject(found: Found) -> dict[str, dict[str, Begun]]:
    """Return the findings by subject and PBX. One extension of several PBXs is not one thing."""
    sorted_out: dict[str, dict[str, Begun]] = {}
    for station, begun in found.items():
        for subject, one in (begun or {}).items():
            if subject.startswith(PBX_HEALTH) and not subject.startswith(PBX_SIGN_IN):
                sorted_out.setdefault(subject, {})[station] = one
    return sorted_out


def _together(begun: Mapping[str, Begun]) -> list[str]:
    """Return the PBXs whose finding came within TOGETHER of the newest, if they are AT_LEAST."""
    newest = max(one.since for one in begun.values())
    together = [station for station, one in begun.items() if one.since >= newest - TOGETHER]
    return together if len(together) >= AT_LEAST else []
