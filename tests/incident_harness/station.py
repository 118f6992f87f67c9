"""Station with scripted trunks, polled by the real monitor on simulated time."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.detection.trunk_machine import Policy
from bot.engine.trunk_monitor import TrunkMonitor
from bot.incidents.model import StateChange, Transition
from bot.pbx import (
    Answer,
    Ban,
    Dialect,
    Forbidden,
    OutboundRoute,
    PbxError,
    PeerStatus,
    Priority,
    TrunkEvent,
    TrunkRow,
    TrunkStatus,
)

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
    """Fake PBX client: each trunk has a state, the time of its change, and of its last measurement."""

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
    # It answers, but has stopped measuring.
    asleep: bool = False
    before_death: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    peers_then: tuple[PeerStatus, ...] = ()
    known_peers: tuple[PeerStatus, ...] = (PeerStatus(id="201"),)
    error: PbxError | None = None
    warnings: tuple[str, ...] = ()
    # Rows of `/providers` beside the trunks that have a state.
    rows: dict[str, TrunkRow] = field(default_factory=dict)
    dialect: Dialect = Dialect.EARLIER
    routes: tuple[OutboundRoute, ...] | None = None
    bans: tuple[Ban, ...] = ()

    def __post_init__(self) -> None:
        self.trunks = self.extensions = self.routing = self.firewall = self

    def shows(self, trunk: str, state: tuple[str, str | None], since: datetime | None = None) -> None:
        if (before := self.states.get(trunk)) != state:
            words = (self._word(before or LOST), self._word(state))
            noted = self.dialect is Dialect.EARLIER or "UNKNOWN" not in words
            if words[0] != words[1] and noted:
                moment = (since or self.clock.now) + self.skew
                event = {"timestamp": moment.timestamp(), "state": words[1], "previousState": words[0]}
                self.noted.setdefault(trunk, []).append(TrunkEvent.model_validate(event))
            self.states[trunk] = state
            self.changed[trunk] = since or self.clock.now

    def _word(self, state: tuple[str, str | None]) -> str:
        """From 2026.3.40 on, a registered trunk without OPTIONS answers has a state of its own."""
        return "unreachable" if self._is_half_out(state) else state[0]

    def _is_half_out(self, state: tuple[str, str | None]) -> bool:
        return self.dialect is Dialect.FROM_2026_3_40 and state == SILENT

    def _looks(self, state: tuple[str, str | None]) -> dict[str, Any]:
        looks: dict[str, Any] = {"state": self._word(state), "contactStatus": state[1]}
        if self._is_half_out(state):
            looks["degradedReason"] = "registered_but_unreachable"
        if state[0] in ("rejected", "unregistered"):
            looks["stateColor"] = "red" if self.dialect is Dialect.FROM_2026_3_40 else "grey"
        return looks

    def engine_dies(self) -> None:
        """Asterisk stops: all trunks become UNKNOWN, those that register with the PBX UNREGISTERED; no peer is left."""
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
                    "description": self.names.get(name, name.title()),
                    "host": self.hosts.get(name, f"sip.{name}.example"),
                    "lastUpdate": (self.measured + self.skew).timestamp(),
                    "lastChange": (self.changed[name] + self.skew).timestamp(),
                }
                | self._looks(state)
            )
            for name, state in self.states.items()
        }
        return Answer(value, warnings=self.warnings, pbx_time=self.clock.now + self.skew)

    async def history(self, trunk: str, limit: int = 100) -> Answer[tuple[TrunkEvent, ...]]:
        return Answer(tuple(reversed(self.noted.get(trunk, []))))

    async def list(self, priority: Priority = Priority.WATCH) -> Answer[tuple[TrunkRow, ...]]:
        return Answer(tuple(self.rows.values()))

    async def outbound(self, priority: Priority = Priority.WATCH) -> Answer[tuple[OutboundRoute, ...]]:
        if self.routes is None:
            raise Forbidden("Outbound Routes", "read")
        return Answer(self.routes)

    async def banned(self, priority: Priority = Priority.WATCH) -> Answer[tuple[Ban, ...]]:
        return Answer(self.bans)

    async def peers(self, priority: Priority = Priority.WATCH) -> Answer[tuple[PeerStatus, ...]]:
        return Answer(self.known_peers)


@dataclass
class FakeIncidentManager:
    """Stores states as JSON, like the real one."""

    states: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, Transition]] = field(default_factory=list)
    writes: int = 0

    async def load_states(self) -> dict[str, dict[str, Any]]:
        return {subject: json.loads(state) for subject, state in self.states.items()}

    async def record(
        self, changed: Mapping[str, dict[str, Any] | None], happened: Sequence[StateChange], now: datetime
    ) -> None:
        self.writes += bool(changed)
        for subject, state in changed.items():
            if state is None:
                self.states.pop(subject, None)
            else:
                self.states[subject] = json.dumps(state)
        self.told += [(one.subject, one.transition) for one in happened]

    def touch(self, subject: str, state: dict[str, Any], now: datetime) -> None:
        assert subject in self.states, "only of what is stored already"
        self.states[subject] = json.dumps(state)


class Scene:
    """One station, one monitor, one clock."""

    def __init__(self, policy: Policy | None = None, **pbx: Any) -> None:
        self.clock = Clock()
        self.pbx = FakePbx(self.clock, **pbx)
        self.incident_manager = FakeIncidentManager()
        self.policy = policy or Policy(poll_interval=10, alert_after=30)
        self.watch = self._new_watch()

    def _new_watch(self) -> TrunkMonitor:
        return TrunkMonitor("Head office", self.pbx, self.incident_manager, self.policy, self.clock)  # type: ignore[arg-type]

    def counts(self, question: str) -> list[datetime]:
        """Return the list of times, filled from now on, at which the PBX is asked `question`."""
        asked: list[datetime] = []
        answer = getattr(self.pbx, question)

        async def counted(*args: Any, **options: Any) -> Any:
            asked.append(self.clock.now)
            return await answer(*args, **options)

        setattr(self.pbx, question, counted)
        return asked

    async def restarts(self) -> None:
        self.watch = self._new_watch()
        await self.watch.load()

    async def looks(self, times: int = 1, every: float = 10) -> None:
        for _ in range(times):
            await self.watch.poll()
            self.clock.pass_(every)

    async def until(self, done: Callable[[], bool], most: int = 100) -> None:
        for _ in range(most):
            if done():
                return
            await self.looks()
        raise AssertionError("it did not happen")

    def told(self, kind: type[Transition]) -> list[tuple[str, Transition]]:
        return [
            (subject, transition) for subject, transition in self.incident_manager.told if isinstance(transition, kind)
        ]
