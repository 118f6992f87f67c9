"""Interfaces that checks need, and the bases of checks: polled at intervals, or fed by callbacks."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, Self

import structlog

from bot.config.known_releases import ReleaseTable
from bot.config.working_hours import WorkingHours
from bot.incidents.model import StateChange
from bot.pbx import Dialect, Pbx
from bot.runtime.clock import Clock, Zone
from bot.store.database import Database

log = structlog.get_logger(__name__)


class TrunkWatch(Protocol):
    @property
    def has_fault(self) -> bool:
        """True while the PBX proves only the state of its trunks."""

    @property
    def interruptions(self) -> int:
        """How often the PBX did not answer, or was not asked, for as long as its machine takes to restart."""

    @property
    def trunk_hosts(self) -> Mapping[str, str]:
        """Names of trunks by the host of their provider."""

    @property
    def dialect(self) -> Dialect | None:
        """Detected dialect of the PBX."""


class WatchedNumbers(Protocol):
    async def numbers(self) -> frozenset[str]:
        """Extensions that are watched now."""


class StateSink(Protocol):
    """Load states, record changes."""

    async def load_states(self) -> Mapping[str, dict[str, Any]]:
        """Return the station's states by subject."""

    async def record(
        self, changed: Mapping[str, dict[str, Any] | None], state_changes: Sequence[StateChange], now: datetime
    ) -> None:
        """Store states and changes in one transaction; None deletes a state."""


@dataclass(frozen=True, slots=True)
class NoCallsConfig:
    """Interval without incoming calls that is unusual, and the hours it applies to; zero disables the check."""

    after: timedelta
    hours: WorkingHours


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """Dependencies of the checks of one station. `certificate_dated`: connections fail once its certificate ends."""

    station: str
    pbx: Pbx
    sink: StateSink
    watch: TrunkWatch
    watched: WatchedNumbers
    no_calls: NoCallsConfig
    health_alerts: frozenset[str]
    releases: ReleaseTable
    certificate_dated: bool
    zone: Zone
    clock: Clock


class PeriodicCheck(ABC):
    """Check that polls the PBX by itself, every EVERY seconds; SUBJECT is the subject of its incidents, or the prefix.

    It runs at the stations that want it, and where a state of it is stored, which it then has to close.
    """

    NAME: ClassVar[str]
    EVERY: ClassVar[float]
    SUBJECT: ClassVar[str]

    @abstractmethod
    def __init__(self, context: CheckContext) -> None: ...

    @property
    def is_enabled(self) -> bool:
        """False if the settings of the station disable the check."""
        return True

    @classmethod
    async def stations(cls, database: Database, checks: Mapping[str, Self]) -> set[str]:
        """Return the stations that want the check; `checks` are the running ones by station."""
        return {station for station, check in checks.items() if check.is_enabled}

    @abstractmethod
    async def run_once(self) -> None:
        """Poll, evaluate and record."""

    @abstractmethod
    def drop_state(self) -> None:
        """Drop the cached state: the database may have changed."""


class PushedCheck(ABC):
    """Check fed by callbacks and evaluated in a task of its own: callers neither wait nor see its errors."""

    def __init__(self) -> None:
        self._observed = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Evaluate after each observation, until `stop`. Errors are logged."""
        stopped = asyncio.create_task(stop.wait())
        while not stop.is_set():
            news = asyncio.create_task(self._observed.wait())
            await asyncio.wait({news, stopped}, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            self._observed.clear()
            try:
                await self.evaluate()
            except Exception:
                log.exception("check failed", check=type(self).__name__)

    @abstractmethod
    async def evaluate(self) -> None:
        """Evaluate the latest observation; older ones are superseded."""
