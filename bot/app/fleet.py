"""Fleet of stations, added, changed and removed without a restart."""

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import structlog
from pydantic import SecretStr

from bot.access.policy import EVERY_STATION
from bot.app.station_monitor import StationMonitor
from bot.app.station_registry import StationRegistry
from bot.app.wiring.shared_services import SharedServices
from bot.app.wiring.stations import build_station
from bot.config.station_settings import StationSettings
from bot.engine.calls import follower
from bot.engine.checks import oncall_reachability
from bot.engine.checks.common_findings import FindingGatherer
from bot.engine.checks.duplicate_instance import DuplicateInstanceCheck
from bot.engine.checks.fleet import FleetChecks
from bot.engine.checks.station_selection import StationSelection
from bot.engine.correlator import Correlator
from bot.engine.digests import sender as digest_sender
from bot.engine.incident_manager import load_all_states, stations_with_leftovers
from bot.engine.schedule import Schedule
from bot.engine.ticker import Ticker
from bot.messages.message import mark
from bot.runtime import metrics
from bot.runtime.waiting import Signal
from bot.store.database import Session
from bot.store.messages import alert_messages, supergroups
from bot.store.stations import bindings, call_subscriptions, digests, renames
from bot.store.tables.messages import Outgoing

log = structlog.get_logger(__name__)

# URL of stations that are never polled, such as the whole fleet.
NO_URL = "https://fleet.invalid"
EVERYTHING = mark("all PBXs")


@dataclass(frozen=True, slots=True)
class FleetChange:
    """Result of a reload: names of stations."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]


class Fleet:
    """Fleet of stations. `whole` stands for all of them: it has the incidents common to several stations, and its own
    people on call. With a single PBX it is that PBX, and `one` is its name."""

    def __init__(
        self,
        stations: Sequence[StationSettings],
        shared: SharedServices,
        registry: StationRegistry,
        defaults: Mapping[str, Any] | None,
        title: str = "",
    ) -> None:
        """`defaults`: settings of stations without their own, and of the whole, which is called `title`; None with a
        single PBX."""
        self._shared = shared
        self.stations = registry
        self._configured = tuple(stations)
        self.schedule = Schedule(metrics.LATENESS, shared.watchdog.register("polling"))
        self.ticker = Ticker(shared.database, shared.clock, shared.watchdog.register("ticker"), shared.pausable)
        whole = stations[0] if defaults is None else _virtual_station(EVERY_STATION, title or EVERYTHING, defaults)
        registry.whole = self.whole = build_station(whole, shared)
        self.one = registry.one
        self.checks = FleetChecks(shared.database, shared.watchdog.register("checks"), shared.pausable)
        self.reachability_checks = StationSelection(
            "on-call reachability", oncall_reachability.CHECK_EVERY, shared.oncall.stations
        )
        self.calls = StationSelection("call records", follower.EVERY, self._stations_to_follow)
        self.digests = StationSelection("digests", digest_sender.EVERY, self._stations_with_digest)
        self.causes = Correlator(
            self.whole.incident_manager, registry, shared.clock, shared.causes, Signal(self._released), shared.pausable
        )
        self.findings = FindingGatherer(
            self.whole.incident_manager, registry.findings, shared.clock, shared.findings, shared.pausable
        )
        shared.step_due.connect(shared.wake.send, self.ticker.wake)
        shared.watching_changed.connect(self.checks.wake)
        shared.subscriptions_changed.connect(self.calls.wake)
        self.second_copy = DuplicateInstanceCheck(self.whole.name, self.whole.incident_manager, shared.clock)
        if self.one is None:
            self.ticker.add(self.whole.name, self.whole.incident_manager)
            self.reachability_checks.add(self.whole.name, self.whole.oncall_check.run_once)

    def __iter__(self) -> Iterator[StationMonitor]:
        return iter(self.stations)

    def __getitem__(self, name: str) -> StationMonitor:
        return self.stations[name]

    def zone(self, name: str) -> tzinfo:
        return self.stations.zone(name)

    async def start(self) -> None:
        """Start polling; may be retried after a database error."""
        await self._load_common()
        await self._apply()

    async def save_last_seen(self) -> None:
        """Write the last-seen times that are not stored yet."""
        await self._shared.last_seen.write()

    async def restore(self) -> None:
        """Reload states after stored times were shifted; all pollers are paused meanwhile."""
        states = await load_all_states(self._shared.database)
        for station in self:
            station.watch.restart_states(states.get(station.name, {}))
            station.calls.restart()
        await self._load_common()
        self.second_copy.drop_state()
        self.ticker.shift_time()

    async def _load_common(self) -> None:
        if self.one is None:
            await self.causes.load_causes()
            await self.findings.load()

    async def reload(self, stations: Sequence[StationSettings]) -> FleetChange:
        """Apply a new list of stations; those with unchanged settings keep running. After a database error, a retry of
        `start` completes it."""
        before = {one.name: one.settings for one in self}
        self._configured = tuple(stations)
        after = {one.name: one for one in stations}
        changed = tuple(name for name in after if name in before and before[name] != after[name])
        gone = tuple(name for name in before if name not in after)
        new = tuple(name for name in after if name not in before)
        for name in (*gone, *changed):
            await self._remove(name)
        for name in changed:
            self._add(build_station(after[name], self._shared))
        # Removed stations were excluded from garbage collection.
        gc.unfreeze()
        gc.collect()
        await self._apply()
        return FleetChange(new, changed, gone)

    async def _apply(self) -> None:
        """Start all described stations, and close the incidents of stations that are stored only."""
        await self._rename_stored([one for one in self._configured if one.name not in self.stations.names])
        states = await load_all_states(self._shared.database)
        for settings in self._configured:
            if settings.name not in self.stations.names:
                station = self.whole if settings.name == self.one else build_station(settings, self._shared)
                station.watch.load_states(states.get(station.name, {}))
                self._add(station)
        for name in await stations_with_leftovers(self._shared.database):
            if name not in (*self.stations.names, self.whole.name):
                await self._close_incidents_of_removed(name)
        # Measured: a garbage collection over a thousand stations blocks the event loop for 0.4 s, again and again.
        gc.freeze()

    async def _rename_stored(self, stations: Sequence[StationSettings]) -> None:
        for one in stations:
            if one.formerly is None:
                continue
            moved = await self._shared.database.run(renames.rename_station, formerly=one.formerly, name=one.name)
            if moved:
                log.info("station renamed", station=one.name, formerly=one.formerly, rows=moved)

    async def close(self) -> None:
        await asyncio.gather(*(station.pbx.close() for station in {*self, self.whole}))

    def jobs(self) -> Mapping[str, Callable[[asyncio.Event], Coroutine[Any, Any, None]]]:
        """Return the tasks, by name, to run until their event is set."""
        runs = {
            "polling": self.schedule.run,
            "ticker": self.ticker.run,
            "checks": self.checks.run,
            "on-call reachability": self.reachability_checks.run,
            "call records": self.calls.run,
            "digests": self.digests.run,
            "last seen": self._shared.last_seen.run,
            "second copy": self.second_copy.run,
        }
        if self.one is not None:
            return runs
        return {**runs, "common causes": self.causes.run, "common findings": self.findings.run}

    def _add(self, station: StationMonitor) -> None:
        self.stations.add(station)
        self.ticker.add(station.name, station.incident_manager, station.watch)
        poll = self._shared.pausable.as_running(station.poll)
        self.schedule.add(station.name, poll, station.settings.poll_interval)
        self.checks.add(station.name, station.checks)
        self.reachability_checks.add(station.name, station.oncall_check.run_once)
        self.calls.add(station.name, self._shared.pausable.as_running(station.follow_calls))
        self.digests.add(station.name, station.digests.run_once)

    async def _remove(self, name: str) -> None:
        station = self.stations.remove(name)
        await self.schedule.remove(name)
        await self.checks.remove(name)
        await self.reachability_checks.remove(name)
        await self.calls.remove(name)
        await self.digests.remove(name)
        self.ticker.remove(name)
        await station.pbx.close()

    async def _stations_to_follow(self) -> set[str]:
        """Return the stations whose ended calls somebody wants to know of."""
        if self._shared.count_calls:
            return set(self.stations.names)
        return await self._shared.database.run(call_subscriptions.stations)

    async def _stations_with_digest(self) -> set[str]:
        return await self._shared.database.run(digests.stations)

    def _released(self, stations: frozenset[str]) -> None:
        for name in stations:
            self.ticker.silences_changed(name)

    async def _close_incidents_of_removed(self, name: str) -> None:
        """Close the open incidents of a removed station, which no poll would end."""
        station = build_station(_virtual_station(name, self.stations.title(name), {}), self._shared)
        ended = await station.incident_manager.close_all(self._shared.clock())
        metrics.forget_station(name)
        log.info("station removed", station=name, incidents_ended=ended)

    def alert_chats(self, session: Session) -> set[int]:
        """Return the chats that are notified of an outage of any station."""
        moved, bound = supergroups.migrations(session), bindings.alert_chats(session)
        named = [
            *self._shared.fleet_chats,
            *self._shared.last_resort,
            *(to for one in self for to in one.settings.alert_chats),
        ]
        return {moved.get(to.chat, to.chat) for to in named} | bound

    def on_undeliverable(self, session: Session, message: Outgoing, reason: str, newly_closed: bool) -> str | None:
        """Notify others of an undeliverable message, for each station in it, in the caller's session; return their
        names."""
        now = self._shared.clock()
        if newly_closed:
            self.report_blocked_chat(session, message.chat_id, reason)
        shown = {str(one.get("station")) for one in message.facts.get("incidents", ())}
        notified = [
            self[name].fallback.on_undeliverable(session, message, now)
            for name in sorted(shown or {str(message.facts.get("station", ""))})
        ]
        return ", ".join(dict.fromkeys(filter(None, notified))) or None

    def report_blocked_chat(self, session: Session, chat: int, reason: str) -> None:
        """Report a blocked chat once, by the first station with alerts in it, and notify others of the open incidents
        shown there, in the caller's session."""
        now = self._shared.clock()
        for station in (self.whole, *self):
            if station.fallback.report_blocked_chat(session, chat, reason, now):
                break
        self.on_chat_blocked(session, chat)

    def on_chat_blocked(self, session: Session, chat: int) -> None:
        """Notify others of the open incidents shown in a blocked chat, in the caller's session; the next tick pages
        them."""
        now = self._shared.clock()
        for name in alert_messages.stations_open_in(session, chat):
            self[name].fallback.on_chat_blocked(session, chat, now)

    def on_chat_unblocked(self, session: Session, chat: int, since: datetime) -> None:
        """Update a chat that takes messages again, after it took none since `since`."""
        now = self._shared.clock()
        for name in alert_messages.stations_missed_in(session, chat, since):
            self[name].fallback.on_chat_unblocked(session, chat, since, now)


def _virtual_station(name: str, title: str, defaults: Mapping[str, Any]) -> StationSettings:
    described = {"name": name, "title": title, "url": NO_URL, "key": SecretStr("-")}
    return StationSettings.model_validate({**defaults, **described})
