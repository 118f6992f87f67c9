"""State machine of watched extensions. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from bot.detection import condition
from bot.detection.condition import CONFIRMATIONS, ConditionState
from bot.incidents.model import EXTENSION, End, Kind, Resolved, StateChange, Transition
from bot.pbx import Answer, ExtensionStatus

HOLD_OFF = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class ExtensionState:
    """State of one extension; `missing` counts consecutive answers without its number."""

    name: str = ""
    condition: ConditionState = condition.NOTHING
    missing: int = 0

    @property
    def is_calm(self) -> bool:
        return self.condition == condition.NOTHING and not self.missing


Memories = Mapping[str, ExtensionState]
Phones = Mapping[str, ExtensionStatus]
ADAPTER = TypeAdapter(ExtensionState)


def has_online_phone(answer: Answer[dict[str, ExtensionStatus]]) -> bool:
    """Return True if the answer is conclusive. Measured: with Asterisk down every extension is Unavailable."""
    return not answer.suspect and any(phone.online for phone in answer.value.values())


def evaluate(
    before: Memories, watched: frozenset[str], phones: Phones | None, station: str, now: datetime
) -> tuple[dict[str, ExtensionState], list[StateChange]]:
    """Evaluate one answer for all watched numbers.

    With `phones` None counters are reset, and only incidents of numbers that are no longer watched change.
    """
    after: dict[str, ExtensionState] = {}
    happened: list[StateChange] = []
    for number in sorted(watched | before.keys()):
        memory = before.get(number, ExtensionState())
        transition: Transition | None
        if number not in watched:
            judged, transition = ExtensionState(memory.name), _resolved_if_open(memory, End.CALLED_OFF, now)
        elif phones is None:
            judged, transition = replace(memory, condition=condition.reset(memory.condition), missing=0), None
        elif number not in phones:
            judged, transition = _missing(memory, now)
        else:
            judged, transition = _seen(memory, phones[number], now)
        if not judged.is_calm:
            after[number] = judged
        if transition is not None:
            facts = {"station": station, "extension": number, "name": judged.name}
            happened.append(StateChange(EXTENSION + number, transition, facts))
    return after, happened


def _seen(memory: ExtensionState, phone: ExtensionStatus, now: datetime) -> tuple[ExtensionState, Transition | None]:
    bad = None if phone.online is None else not phone.online
    judged, transition = condition.evaluate(memory.condition, bad, now, HOLD_OFF, Kind.EXTENSION_OFFLINE)
    return ExtensionState(phone.name, judged), transition


def _missing(memory: ExtensionState, now: datetime) -> tuple[ExtensionState, Transition | None]:
    """Judge the number deleted after CONFIRMATIONS answers without it."""
    if memory.missing + 1 < CONFIRMATIONS:
        return replace(memory, missing=memory.missing + 1), None
    return ExtensionState(memory.name, missing=CONFIRMATIONS), _resolved_if_open(memory, End.DELETED, now)


def _resolved_if_open(memory: ExtensionState, reason: End, now: datetime) -> Transition | None:
    return Resolved(reason, now) if memory.condition.alarm else None


def written(memory: ExtensionState | None) -> dict[str, Any] | None:
    if memory is None:
        return None
    state: dict[str, Any] = ADAPTER.dump_python(memory, mode="json")
    return state


def read(states: Mapping[str, dict[str, Any]]) -> dict[str, ExtensionState]:
    """Return the stored states by number."""
    return {
        subject.removeprefix(EXTENSION): ADAPTER.validate_python(state)
        for subject, state in states.items()
        if subject.startswith(EXTENSION)
    }
