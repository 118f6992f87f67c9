"""A station whose trunks do as they are told, watched by the real watch on simulated time."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.alerts.incident import Happened, Transition
from bot.alerts.machine import Policy
from bot.alerts.watch import Watch
from bot.pbx import Answer, PbxError, PeerStatus, Priority, TrunkEvent, TrunkStatus

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
UP = ("registered", "Reachable")
SILENT = ("registered", "Unreachable")
REFUSED = ("rejected", "Reachable")
DEAD = ("rejected", "Unreachable")
OFF = ("OFF", None)
STRANGE = ("moonwalking", "Reachable")
LOST = ("UNKNOWN", None)


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class FakePbx:
    """Answers like a PBX: each trunk with its state, when it changed, and when it was last measured."""

    clock: Clock
    skew: timedelta = timedelta(0)
    states: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    changed: dict[str, datetime] = field(default_factory=dict)
    noted: dict[str, list[TrunkEvent]] = field(default_factory=dict)
    measured: datetime = START
    cached_for: float = 0
    types: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    # It goes on answering, and has stopped measuring.
    asleep: bool = False
    before_death: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    peers_then: tuple[PeerStatus, ...] = ()
    known_peers: tuple[PeerStatus, ...] = (PeerStatus(id="201"),)
    error: PbxError | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.trunks = self.extensions = self

    def shows(self, trunk: str, state: tuple[str, str | None], since: datetime | None = None) -> None:
        if (before := self.states.get(trunk)) != state:
            if before is None or before[0] != state[0]:
                moment = (since or self.clock.now) + self.skew
                event = {
                    "timestamp": moment.timestamp(),
                    "state": state[0],
                    "previousState": (before or ("UNKNOWN",))[0],
                }
                self.noted.setdefault(trunk, []).append(TrunkEvent.model_validate(event))
            self.states[trunk] = state
            self.changed[trunk] = since or self.clock.now

    def engine_dies(self) -> None:
        """Every trunk turns UNKNOWN at once, those that register with the PBX UNREGISTERED; no peer is left."""
        self.before_death, self.peers_then = dict(self.states), self.known_peers
        self.known_peers = ()
        for trunk, (state, _) in self.before_death.items():
            if state != "OFF":
                self.shows(trunk, ("UNREGISTERED" if state == "REGISTERED" else "UNKNOWN", None))

    def engine_lives(self) -> None:
        self.known_peers = self.peers_then
        for trunk, state in self.before_death.items():
            self.shows(trunk, state)

    async def statuses(
        self, *, fresh: bool = False, priority: Priority = Priority.WATCH
    ) -> Answer[dict[str, TrunkStatus]]:
        if self.error is not None:
            raise self.error
        if self.asleep:
            pass
        elif fresh or self.clock.now - self.measured >= timedelta(seconds=self.cached_for):
            self.measured = self.clock.now
        value = {
            name: TrunkStatus.model_validate(
                {
                    "id": name,
                    "type": self.types.get(name, "sip"),
                    "state": state,
                    "contactStatus": contact,
                    "description": self.names.get(name, name.title()),
                    "host": self.hosts.get(name, f"sip.{name}.example"),
                    "lastUpdate": (self.measured + self.skew).timestamp(),
                    "lastChange": (self.changed[name] + self.skew).timestamp(),
                }
            )
            for name, (state, contact) in self.states.items()
        }
        return Answer(value, warnings=self.warnings, pbx_time=self.clock.now + self.skew)

    async def history(self, trunk: str, limit: int = 100) -> Answer[tuple[TrunkEvent, ...]]:
        return Answer(tuple(reversed(self.noted.get(trunk, []))))

    async def peers(self, priority: Priority = Priority.WATCH) -> Answer[tuple[PeerStatus, ...]]:
        return Answer(self.known_peers)


@dataclass
class FakeLedger:
    """Remembers like the real one: through JSON."""

    states: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, Transition]] = field(default_factory=list)
    writes: int = 0

    async def remembered(self) -> dict[str, dict[str, Any]]:
        return {subject: json.loads(state) for subject, state in self.states.items()}

    async def apply(
        self, changed: Mapping[str, dict[str, Any] | None], happened: Sequence[Happened], now: datetime
    ) -> None:
        self.writes += bool(changed)
        for subject, state in changed.items():
            if state is None:
                self.states.pop(subject, None)
            else:
                self.states[subject] = json.dumps(state)
        self.told += [(one.subject, one.transition) for one in happened]

    def note_look(self, subject: str, state: dict[str, Any], now: datetime) -> None:
        assert subject in self.states, "only of what is stored already"
        self.states[subject] = json.dumps(state)


class Scene:
    """One station, one watch, one clock."""

    def __init__(self, policy: Policy | None = None, **pbx: Any) -> None:
        self.clock = Clock()
        self.pbx = FakePbx(self.clock, **pbx)
        self.ledger = FakeLedger()
        self.policy = policy or Policy(poll_interval=10, alert_after=30)
        self.watch = self._new_watch()

    def _new_watch(self) -> Watch:
        return Watch("Head office", self.pbx, self.ledger, self.policy, self.clock)  # type: ignore[arg-type]

    async def restarts(self) -> None:
        self.watch = self._new_watch()
        await self.watch.remember()

    async def looks(self, times: int = 1, every: float = 10) -> None:
        for _ in range(times):
            await self.watch.look()
            self.clock.pass_(every)

    async def until(self, done: Callable[[], bool], most: int = 100) -> None:
        for _ in range(most):
            if done():
                return
            await self.looks()
        raise AssertionError("it did not happen")

    def told(self, kind: type[Transition]) -> list[tuple[str, Transition]]:
        return [(subject, transition) for subject, transition in self.ledger.told if isinstance(transition, kind)]
