"""State machine of watched extensions. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from bot.detection import condition
from bot.detection.condition import LOOKS, ConditionMemory
from bot.incidents.model import EXTENSION, Closed, End, Happened, Kind, Transition
from bot.pbx import Answer, ExtensionStatus

HOLD = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class ExtensionMemory:
    """State of one extension; `missing` counts consecutive answers without its number."""

    name: str = ""
    condition: ConditionMemory = condition.NOTHING
    missing: int = 0

    @property
    def is_calm(self) -> bool:
        return self.condition == condition.NOTHING and not self.missing


Memories = Mapping[str, ExtensionMemory]
Phones = Mapping[str, ExtensionStatus]
ADAPTER = TypeAdapter(ExtensionMemory)


def shows_somebody_online(answer: Answer[dict[str, ExtensionStatus]]) -> bool:
    """Return True if the answer is conclusive. Measured: with Asterisk down every extension is Unavailable."""
    return not answer.suspect and any(phone.online for phone in answer.value.values())


def judge(
    before: Memories, watched: frozenset[str], phones: Phones | None, station: str, now: datetime
) -> tuple[dict[str, ExtensionMemory], list[Happened]]:
    """Evaluate one answer for all watched numbers.

    With `phones` None counters are reset, and only incidents of numbers that are no longer watched change.
    """
    after: dict[str, ExtensionMemory] = {}
    happened: list[Happened] = []
    for number in sorted(watched | before.keys()):
        memory = before.get(number, ExtensionMemory())
        told: Transition | None
        if number not in watched:
            judged, told = ExtensionMemory(memory.name), _called_off(memory, End.CALLED_OFF, now)
        elif phones is None:
            judged, told = replace(memory, condition=condition.anew(memory.condition), missing=0), None
        elif number not in phones:
            judged, told = _missing(memory, now)
        else:
            judged, told = _seen(memory, phones[number], now)
        if not judged.is_calm:
            after[number] = judged
        if told is not None:
            facts = {"station": station, "extension": number, "name": judged.name}
            happened.append(Happened(EXTENSION + number, told, facts))
    return after, happened


def _seen(memory: ExtensionMemory, phone: ExtensionStatus, now: datetime) -> tuple[ExtensionMemory, Transition | None]:
    bad = None if phone.online is None else not phone.online
    judged, told = condition.step(memory.condition, bad, now, HOLD, Kind.EXTENSION_OFFLINE)
    return ExtensionMemory(phone.name, judged), told


def _missing(memory: ExtensionMemory, now: datetime) -> tuple[ExtensionMemory, Transition | None]:
    """Judge the number deleted after CONFIRMATIONS answers without it."""
    if memory.missing + 1 < LOOKS:
        return replace(memory, missing=memory.missing + 1), None
    return ExtensionMemory(memory.name, missing=LOOKS), _called_off(memory, End.DELETED, now)


def _called_off(memory: ExtensionMemory, reason: End, now: datetime) -> Transition | None:
    return Closed(reason, now) if memory.condition.alarm else None


def written(memory: ExtensionMemory | None) -> dict[str, Any] | None:
    if memory is None:
        return None
    state: dict[str, Any] = ADAPTER.dump_python(memory, mode="json")
    return state


def read(states: Mapping[str, dict[str, Any]]) -> dict[str, ExtensionMemory]:
    """Return the stored states by number."""
    return {
        subject.removeprefix(EXTENSION): ADAPTER.validate_python(state)
        for subject, state in states.items()
        if subject.startswith(EXTENSION)
    }
