"""Health monitor. Four signals: updates from Telegram, polls of each PBX, ticks of the engine, deliveries of the
outbox."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.runtime import metrics
from bot.runtime.clock import Clock
from bot.runtime.logs import OnChange
from bot.runtime.waiting import sleep_or_stop

log = structlog.get_logger(__name__)

# A long poll takes 50 s: two are missed.
TELEGRAM_SILENCE = timedelta(seconds=120)
# It ticks every second; database errors for this long are no short lock.
TICKER_SILENCE = timedelta(seconds=120)
UNDELIVERED_FOR = timedelta(seconds=120)
STORE_SILENCE = timedelta(seconds=60)
CHECK_EVERY = 15.0


class HealthSources(Protocol):
    """Sources of the signals. Only `oldest_due` reads the database."""

    @property
    def last_updates(self) -> datetime | None: ...

    @property
    def last_tick(self) -> datetime | None: ...

    @property
    def last_polls(self) -> Mapping[str, datetime | None]:
        """Return the last successful poll of each station monitored now, by title."""

    async def oldest_due(self) -> datetime | None:
        """Return the due time of the oldest queued message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSignals:
    """Time of the last success of each signal, None before the first; `polls` by the title of the station. `oldest_due`
    is the time at which the oldest queued message was due."""

    updates: datetime | None
    polls: Mapping[str, datetime | None]
    tick: datetime | None
    store_read: datetime | None
    oldest_due: datetime | None

    @property
    def are_proven(self) -> bool:
        any_polled = not self.polls or any(seen is not None for seen in self.polls.values())
        return any_polled and None not in (self.updates, self.tick, self.store_read)


def problems(signals: HealthSignals, *, now: datetime, started: datetime, poll_silence: timedelta) -> list[str]:
    """Return the reasons why the bot is unhealthy, one line each with its remedy."""

    def silent(seen: datetime | None, limit: timedelta) -> str:
        since = seen or started
        return f"since {since:%Y-%m-%d %H:%M:%S} UTC" if now - since > limit else ""

    found = []
    if since := silent(signals.updates, TELEGRAM_SILENCE):
        found.append(f"Telegram: no updates {since}; look at the network, at TELEGRAM_PROXY and at the log")
    silences = {name: since for name, poll in signals.polls.items() if (since := silent(poll, poll_silence))}
    # One silent station of many has an incident of its own; all of them are a fault here.
    if len(silences) == len(signals.polls) > 1:
        found.append(f"PBXs: no good answer from any of {len(silences)}; look at the network of this machine")
    elif len(signals.polls) == 1:
        found += (
            f"PBX {name}: no good answer {since}; look whether it runs, and at its address and key"
            for name, since in silences.items()
        )
    if since := silent(signals.tick, TICKER_SILENCE):
        found.append(f"alerts: nothing that was due could be done {since}; the log says why")
    if since := silent(signals.store_read, STORE_SILENCE):
        found.append(f"store: cannot be read {since}; look at the disk, and who else has DATABASE_URL open")
    if signals.oldest_due and (since := silent(signals.oldest_due, UNDELIVERED_FOR)):
        found.append(f"outbox: a message waits {since}; the log says why it is not delivered")
    return found


class HealthMonitor:
    """`oldest_due` reads the database; the other signals are in memory. `polls` has each station that is monitored
    now."""

    def __init__(
        self,
        *,
        clock: Clock,
        sources: HealthSources,
        poll_silence: timedelta,
    ) -> None:
        self._clock = clock
        self._started = clock()
        self._sources = sources
        self._poll_silence = poll_silence
        self._oldest_due: datetime | None = None
        self._store_read: datetime | None = None
        self._last_error = OnChange()
        self._clock_step: tuple[datetime, timedelta] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Read the database until `stop`: health requests must neither wait for it nor block it."""
        while not stop.is_set():
            await self.check()
            await sleep_or_stop(stop, CHECK_EVERY)

    async def check(self) -> None:
        try:
            self._oldest_due = await self._sources.oldest_due()
        except Exception as error:
            if self._last_error.is_new(type(error).__name__):
                log.warning("database error, health check skipped", reason=str(error).partition("\n")[0])
            return
        self._last_error.is_new(None)
        self._store_read = now = self._clock()
        metrics.OLDEST_DUE.set((now - self._oldest_due).total_seconds() if self._oldest_due else 0)

    def shift_clock(self, now: datetime, by: timedelta) -> None:
        """Shift the signals: the clock was set `by` so much at `now`."""
        self._clock_step = now, by
        self._started += by

    def problems(self) -> list[str]:
        return problems(self._signals(), now=self._clock(), started=self._started, poll_silence=self._poll_silence)

    def is_healthy(self) -> bool:
        """Return True when each signal has succeeded once, and none is overdue."""
        return self._signals().are_proven and not self.problems()

    def _signals(self) -> HealthSignals:
        return HealthSignals(
            updates=self._on_our_clock(self._sources.last_updates),
            polls=self._sources.last_polls,
            tick=self._sources.last_tick,
            store_read=self._on_our_clock(self._store_read),
            oldest_due=self._on_our_clock(self._oldest_due),
        )

    def _on_our_clock(self, seen: datetime | None) -> datetime | None:
        """Convert a time recorded before the clock was set; one that both clocks have shown is ambiguous."""
        if seen is None or self._clock_step is None:
            return seen
        at, by = self._clock_step
        is_older = seen <= at if by > timedelta(0) else seen > self._clock()
        return seen + by if is_older else seen
