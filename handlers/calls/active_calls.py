"""Join the call legs that the PBX lists into calls. Pure.

Measured: the list has one row for each leg, ended legs included; five calls were seven rows.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.pbx import CallLeg, Channel
from handlers.parsing.phone_numbers import is_among

# A channel this old is one that Asterisk failed to close.
SUSPICIOUSLY_LONG = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class LiveCall:
    """Active call. `since`: time of the answer if answered, else of the start; PBX local time, naive."""

    linkedid: str
    caller: str
    caller_name: str
    callees: tuple[tuple[str, str], ...]
    talking: bool
    started: datetime | None
    since: datetime | None
    trunk: str | None = None
    from_outside: bool = False

    def lasts(self, now: datetime) -> int:
        """Return the duration in seconds; `now` is PBX local time, naive."""
        return max(0, int((now - self.since).total_seconds())) if self.since else 0

    def involves(self, query: str) -> bool:
        """Match a whole number, or a part of a name."""
        return is_among(query, [(self.caller, self.caller_name), *self.callees])

    def is_suspicious(self, now: datetime) -> bool:
        return self.since is not None and now - self.since > SUSPICIOUSLY_LONG


def join_legs(legs: Iterable[CallLeg], channels: Iterable[Channel] = ()) -> list[LiveCall]:
    """Return each active call once, oldest first."""
    rows = tuple(channels)
    trunks = {channel.linkedid: channel.trunk_id for channel in rows if channel.trunk_id}
    outside = {channel.linkedid for channel in rows if channel.came_by_trunk}
    by_call: dict[str, list[CallLeg]] = {}
    for leg in legs:
        if leg.end is None:
            by_call.setdefault(leg.linkedid, []).append(leg)
    calls = [_call(linkedid, live, trunks, outside) for linkedid, live in by_call.items()]
    return sorted(calls, key=lambda call: (call.started or datetime.max, call.linkedid))  # noqa: DTZ901 (naive times)


def _call(linkedid: str, legs: list[CallLeg], trunks: Mapping[str, str | None], outside: Collection[str]) -> LiveCall:
    legs = sorted(legs, key=lambda leg: leg.start or datetime.max)  # noqa: DTZ901 (naive times)
    first = legs[0]
    answered = [leg for leg in legs if leg.answer is not None]
    reached = answered[-1:] or legs
    callees = dict.fromkeys((leg.destination_number, leg.destination_name) for leg in reached)
    return LiveCall(
        linkedid=linkedid,
        caller=first.source_number,
        caller_name=first.source_name,
        callees=tuple(callees),
        talking=bool(answered),
        started=first.start,
        since=answered[-1].answer if answered else first.start,
        trunk=trunks.get(linkedid),
        from_outside=linkedid in outside,
    )
