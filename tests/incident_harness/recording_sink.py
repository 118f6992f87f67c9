"""State sink that stores states as JSON, like the real incident manager, and the context of a check with it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from bot.config.known_releases import ReleaseTable
from bot.config.working_hours import WorkingHours
from bot.engine.checks.base import CheckContext, NoCallsConfig
from bot.incidents.model import StateChange, Transition


@dataclass
class RecordingStateSink:
    states: dict[str, str] = field(default_factory=dict)
    happened: list[StateChange] = field(default_factory=list)
    writes: int = 0
    refuses: Exception | None = None

    async def load_states(self) -> dict[str, dict[str, Any]]:
        return {subject: json.loads(state) for subject, state in self.states.items()}

    async def record(
        self, changed: Mapping[str, dict[str, Any] | None], happened: Sequence[StateChange], now: datetime
    ) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.writes += 1
        for subject, state in changed.items():
            self.states.pop(subject, None)
            if state is not None:
                self.states[subject] = json.dumps(state)
        self.happened += happened

    @property
    def told(self) -> list[Transition]:
        return [one.transition for one in self.happened]

    def last_facts(self) -> dict[str, Any]:
        return self.happened[-1].facts


def check_context(sink: RecordingStateSink, pbx: object, clock: Callable[[], datetime], **given: Any) -> CheckContext:
    """Return the context of a check: a PBX in UTC without faults, except for what is given."""
    usual: dict[str, Any] = {
        "watch": SimpleNamespace(has_fault=False, trunk_hosts={}, dialect=None, interruptions=0),
        "watched": None,
        "no_calls": NoCallsConfig(timedelta(0), WorkingHours((), "")),
        "releases": ReleaseTable(),
        "health_alerts": frozenset({"release", "disk", "certificate"}),
        "certificate_dated": True,
        "zone": lambda: UTC,
    }
    parts: dict[str, Any] = {"station": "Head office", "pbx": pbx, "sink": sink, "clock": clock, **usual, **given}
    return CheckContext(**parts)
