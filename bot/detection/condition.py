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
    memory: ConditionState,
    bad: bool | None,
    now: datetime,
    hold: timedelta,
    kind: Kind,
    looks: int = CONFIRMATIONS,
    *,
    since: datetime | None = None,
) -> tuple[ConditionState, Transition | None]:
    """Evaluate one observation; `bad` None is inconclusive.

    Opening takes `looks` observations over `hold`, closing `looks` observations. `since` is when the condition turned,
    where known from elsewhere.
    """
    if bad is None:
        return memory, None
    if bad:
        return _bad(memory, now, hold, kind, looks, since)
    return _good(memory, now, looks, since)


def _bad(
    memory: ConditionState, now: datetime, hold: timedelta, kind: Kind, looks: int, since: datetime | None
) -> tuple[ConditionState, Transition | None]:
    if memory.alarm:
        return replace(memory, good_since=None, looks=0), None
    began = memory.bad_since or since or now
    memory = ConditionState(bad_since=began, looks=min(memory.looks + 1, looks))
    if memory.looks < looks or now - began < hold:
        return memory, None
    return ConditionState(bad_since=began, alarm=True), Opened(kind, began)


def _good(
    memory: ConditionState, now: datetime, looks: int, since: datetime | None
) -> tuple[ConditionState, Transition | None]:
    if not memory.alarm:
        return NOTHING, None
    memory = replace(memory, good_since=memory.good_since or since or now, looks=memory.looks + 1)
    if memory.looks < looks:
        return memory, None
    return NOTHING, Resolved(End.RECOVERED, memory.good_since or now)


def reset(memory: ConditionState) -> ConditionState:
    """Reset the counter after a gap without observations."""
    return replace(memory, good_since=None, looks=0) if memory.alarm else NOTHING


def written(memory: ConditionState) -> dict[str, Any] | None:
    """Return the state as plain JSON; None for the initial state."""
    state: dict[str, Any] = ADAPTER.dump_python(memory, mode="json")
    return state if memory != NOTHING else None


def read(state: dict[str, Any] | None) -> ConditionState:
    return ADAPTER.validate_python(state) if state else NOTHING
