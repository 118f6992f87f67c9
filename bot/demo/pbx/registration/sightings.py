"""States of a trunk over time as the PBX sees them: a pure function of its changes."""

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.demo.pbx.registration.sights import (
    ENGINE_GONE,
    MENDED,
    MENDED_OTHERWISE,
    NOTICED,
    NOTICED_OTHERWISE,
    OFF,
    REFUSED_RETRY,
    Condition,
    Kind,
    TrunkChange,
    TrunkStatusView,
    settled,
)

_KEPT: Final = ""


@dataclass(frozen=True)
class _Step:
    """Change of state, contact, or both, `after` seconds."""

    after: float
    state: str = _KEPT
    contact: str | None = _KEPT

    def on(self, observed_state: TrunkStatusView) -> TrunkStatusView:
        return TrunkStatusView(
            observed_state.state if self.state == _KEPT else self.state,
            observed_state.contact if self.contact == _KEPT else self.contact,
        )


def _whole(after: float, observed_state: TrunkStatusView) -> _Step:
    return _Step(after, observed_state.state, observed_state.contact)


def _towards(end: TrunkStatusView, delays: tuple[float, float]) -> list[_Step]:
    contact_after, state_after = delays
    steps = [_Step(contact_after, contact=end.contact), _Step(state_after, state=end.state)]
    return sorted(steps, key=lambda step: step.after)


def _coming_up(kind: Kind, condition: Condition, first: float) -> list[_Step]:
    """Return the steps from Asterisk's start to the settled state; `first` is the seconds to the first registration
    attempt.
    """
    end = settled(kind, condition)
    start = replace(ENGINE_GONE[kind], contact="NonQualified" if kind in ("none", "unqualified") else None)
    steps = [_whole(0, start)]
    if kind == "outbound":
        early = "unregistered" if end.state == "rejected" and end.contact == "Unreachable" else end.state
        steps += [
            _whole(first, TrunkStatusView(early, "NonQualified")),
            _Step(30 if end.contact == "Unreachable" else 60, contact=end.contact),
            _Step(40, state=end.state),
        ]
        return sorted(steps, key=lambda step: step.after)
    until_settled = {"none": 40.0 if end.state == "OK" else 70.0}.get(kind, first)
    return [*steps, _whole(until_settled, end)]


class _Watch:
    """Replay changes, tracking the actual condition (condition, loaded, running) apart from Asterisk's view."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.condition: Condition = "ok"
        self.loaded = False
        self.running = True
        # An un-REGISTER was sent: Asterisk does not register again on its own.
        self.given_up = False
        self._refused_at = 0.0

    def steps(self, change: TrunkChange) -> list[_Step] | None:
        """Return the steps that a change causes; None if it has no effect, and pending steps continue."""
        match change.what:
            case "created":
                return [_whole(0, ENGINE_GONE[self.kind])]
            case "disabled" | "enabled":
                return None
            case "loaded":
                self.loaded = True
                return self._loaded()
            case "unloaded":
                self.loaded = False
                return [_whole(0, ENGINE_GONE[self.kind])]
            case "unregistered_by_pbx":
                return self._given_up()
            case "asterisk_stopped":
                self.running = False
                return [_whole(0, ENGINE_GONE[self.kind])]
            case "asterisk_started":
                self.running = True
                return self._from_scratch(first=8)
            case condition:
                return self._turned(condition, change)

    def _loaded(self) -> list[_Step]:
        steps = self._from_scratch(first=4.5)
        if self.kind == "outbound" and self.running:
            steps.append(_whole(1, TrunkStatusView("unregistered", "NonQualified")))
        return sorted(steps, key=lambda step: step.after)

    def _from_scratch(self, first: float) -> list[_Step]:
        """Return the steps of a fresh start; `first` is the seconds until an answer or its timeout."""
        self.given_up = False
        if not self.loaded or not self.running:
            return [_whole(0, ENGINE_GONE[self.kind])]
        return _coming_up(self.kind, self.condition, first)

    def _given_up(self) -> list[_Step] | None:
        if self.kind != "outbound" or not self.loaded or not self.running:
            return None
        self.given_up = True
        return [_Step(0, state="unregistered")]

    def _turned(self, condition: Condition, change: TrunkChange) -> list[_Step] | None:
        before, self.condition = self.condition, condition
        if not self.loaded or not self.running:
            return None
        if condition == "ok":
            contact_after, state_after = MENDED.get((self.kind, before), MENDED_OTHERWISE[self.kind])
            if before == "wrong_password" and self.kind == "outbound" and not math.isinf(change.pace):
                state_after = _until_retry((change.at - self._refused_at) * change.pace)
        else:
            contact_after, state_after = NOTICED.get((self.kind, condition), NOTICED_OTHERWISE[self.kind])
            if condition == "wrong_password":
                self._refused_at = change.at + state_after / change.pace
        steps = _towards(settled(self.kind, condition), (contact_after, state_after))
        return [replace(step, state=_KEPT) for step in steps] if self.given_up else steps


def _until_retry(since_refusal: float) -> float:
    """Return the seconds to the next retry: after a refusal Asterisk retries at a fixed interval, even if the cause is
    repaired.
    """
    return REFUSED_RETRY - since_refusal % REFUSED_RETRY if since_refusal > 0 else REFUSED_RETRY


def sightings(kind: Kind, changes: Sequence[TrunkChange], until: float) -> list[tuple[float, TrunkStatusView]]:
    """Return the states seen by the PBX by `until`, as (unix time, sight), oldest first.

    A trunk disabled in the PBX's record shows as off, even before Asterisk's reload.
    """
    seen: list[tuple[float, TrunkStatusView]] = []
    observed_state, off = ENGINE_GONE[kind], False
    for at, step in _merged(_switched(changes, until), _due(kind, changes, until)):
        if isinstance(step, bool):
            off = step
        else:
            observed_state = step.on(observed_state)
        shown = OFF if off else observed_state
        if seen and seen[-1][0] == at:
            seen.pop()
        if not seen or seen[-1][1] != shown:
            seen.append((at, shown))
    return seen


def in_asterisk(kind: Kind, changes: Sequence[TrunkChange], until: float) -> TrunkStatusView | None:
    """Return the state in Asterisk; None if the trunk is not loaded."""
    last = next((change.what for change in reversed(changes) if change.what in ("loaded", "unloaded")), "unloaded")
    if last == "unloaded":
        return None
    observed_state = ENGINE_GONE[kind]
    for _, step in _due(kind, changes, until):
        observed_state = step.on(observed_state)
    return observed_state


def _switched(changes: Sequence[TrunkChange], until: float) -> Iterator[tuple[float, bool]]:
    """Yield the times at which the PBX's record was disabled (True) and enabled."""
    for change in changes:
        if change.what in ("disabled", "enabled") and change.at <= until:
            yield change.at, change.what == "disabled"


def _merged(
    switched: Iterator[tuple[float, bool]], seen: Iterator[tuple[float, _Step]]
) -> Iterator[tuple[float, _Step | bool]]:
    return heapq.merge(switched, seen, key=lambda one: one[0])


def _due(kind: Kind, changes: Sequence[TrunkChange], until: float) -> Iterator[tuple[float, _Step]]:
    watch = _Watch(kind)
    pending: list[tuple[float, _Step]] = []
    for change in changes:
        if change.at > until:
            break
        yield from (due for due in pending if due[0] <= change.at)
        pending = [due for due in pending if due[0] > change.at]
        steps = watch.steps(change)
        if steps is not None:
            pending = [(change.at + step.after / change.pace, step) for step in steps]
    yield from (due for due in pending if due[0] <= until)
