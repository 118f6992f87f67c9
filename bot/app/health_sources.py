"""Signals of the running program for the health monitor, and the server of its endpoints."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.app.fleet import Fleet
from bot.app.station_metrics import StationMetrics
from bot.app.station_monitor import StationMonitor
from bot.app.update_listener import UpdateListener, listening_socket
from bot.runtime.clock import Clock
from bot.store.database import Database
from bot.store.messages import outbox


@dataclass(frozen=True, slots=True)
class OutboxState:
    database: Database
    clock: Clock

    async def oldest_due(self) -> datetime | None:
        return await self.database.run(outbox.oldest_due, self.clock())


@dataclass(frozen=True, slots=True)
class ProgramSignals:
    listening: UpdateListener
    fleet: Fleet
    outbox: OutboxState

    @property
    def last_updates(self) -> datetime | None:
        return self.listening.last_success

    @property
    def last_tick(self) -> datetime | None:
        return self.fleet.ticker.last_tick

    @property
    def last_polls(self) -> Mapping[str, datetime | None]:
        return self.fleet.stations.last_polls

    async def oldest_due(self) -> datetime | None:
        return await self.outbox.oldest_due()


async def serve_health(
    problems: Callable[[], list[str]], stations: Iterable[StationMonitor], address: str, stop: asyncio.Event
) -> None:
    """Serve /healthz and /metrics on HEALTH_ADDRESS until `stop`. Raises WrongSettings."""
    from bot.health.endpoints import health_app  # imported late: it loads the web server
    from bot.http.server import serve

    await serve(health_app(problems, StationMetrics(stations)), listening_socket("HEALTH_ADDRESS", address), stop)
