"""State machine of one boolean condition: (state, observation) to (state, transition). Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from bot.incidents.model import End, Kind, Opened, Resolved, Transition

CONFIRMATIONS = 2


@dataclass(frozen=True, slots=True)
class ConditionState:
    """Start of the bad and of the good phase; `looks` counts consecutive observations of it.

    `alarm`: an incident is open.
    """

    bad_since: datetime | None = None
    good_since: datetime | None = None
    looks: int = 0
    alarm: bool = False


NOTHING = ConditionState()
ADAPTER = TypeAdapter(ConditionState)


def evaluate(
    state: ConditionState,
    bad: bool | None,
    now: datetime,
    hold_off: timedelta,
    kind: Kind,
    confirmations: int = CONFIRMATIONS,
    *,
    since: datetime | None = None,
) -> tuple[ConditionState, Transition | None]:
    """Evaluate one observation; `bad` None is inconclusive.

    Opening takes `confirmations` observations over `hold_off`, closing `confirmations` observations. `since` is when
    the condition turned, where known from elsewhere.
    """
    if bad is None:
        return state, None
    if bad:
        return _bad(state, now, hold_off, kind, confirmations, since)
    return _good(state, now, confirmations, since)


def _bad(
    state: ConditionState, now: datetime, hold_off: timedelta, kind: Kind, confirmations: int, since: datetime | None
) -> tuple[ConditionState, Transition | None]:
    if state.alarm:
        return replace(state, good_since=None, looks=0), None
    began = state.bad_since or since or now
    state = ConditionState(bad_since=began, looks=min(state.looks + 1, confirmations))
    if state.looks < confirmations or now - began < hold_off:
        return state, None
    return ConditionState(bad_since=began, alarm=True), Opened(kind, began)


def _good(
    state: ConditionState, now: datetime, confirmations: int, since: datetime | None
) -> tuple[ConditionState, Transition | None]:
    if not state.alarm:
        return NOTHING, None
    state = replace(state, good_since=state.good_since or since or now, looks=state.looks + 1)
    if state.looks < confirmations:
        return state, None
    return NOTHING, Resolved(End.RECOVERED, state.good_since or now)


def reset(state: ConditionState) -> ConditionState:
    """Reset the counter after a gap without observations."""
    return replace(state, good_since=None, looks=0) if state.alarm else NOTHING


def written(memory: ConditionState) -> dict[str, Any] | None:
    """Return the state as plain JSON; None for the initial state."""
    state: dict[str, Any] = ADAPTER.dump_python(memory, mode="json")
    return state if memory != NOTHING else None


def read(state: dict[str, Any] | None) -> ConditionState:
    return ADAPTER.validate_python(state) if state else NOTHING
