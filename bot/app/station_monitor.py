"""Monitor of one station."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.config.known_releases import ReleaseTable
from bot.config.station_settings import StationSettings
from bot.detection.trunk_machine import Policy
from bot.engine.calls.follower import CallFollower
from bot.engine.checks.base import CheckContext, NoCallsConfig
from bot.engine.checks.oncall_reachability import ReachabilityCheck
from bot.engine.checks.station import StationChecks
from bot.engine.digests.sender import DigestSender
from bot.engine.drills import Drills
from bot.engine.incident_manager import IncidentManager
from bot.engine.trunk_monitor import TrunkMonitor
from bot.notifications.destinations import Destinations
from bot.notifications.fallback import Fallback
from bot.pbx import Pbx
from bot.pbx.time_zone import PbxTimeZone
from bot.runtime.clock import Clock
from bot.store.stations.watched_extensions import WatchedExtensions

FETCH_ZONE_EVERY = timedelta(minutes=10)


class StationMonitor:
    """Monitor of one station. It starts no task: the fleet polls it and runs its due steps."""

    def __init__(
        self,
        settings: StationSettings,
        *,
        pbx: Pbx,
        zone: PbxTimeZone,
        incident_manager: IncidentManager,
        destinations: Destinations,
        fallback: Fallback,
        drills: Drills,
        watched: WatchedExtensions,
        duty: ReachabilityCheck,
        calls: CallFollower,
        digests: DigestSender,
        releases: ReleaseTable,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self.name, self.title = settings.name, settings.title
        self.pbx = pbx
        self.zone = zone
        self.incident_manager = incident_manager
        self.destinations = destinations
        self.fallback = fallback
        self.drills = drills
        self.watched = watched
        self.oncall_check = duty
        self.calls = calls
        self.digests = digests
        self._clock = clock
        self._zone_fetched_at: datetime | None = None
        self._is_polled = False
        self.watch = TrunkMonitor(
            self.name,
            pbx,
            incident_manager,
            Policy(
                poll_interval=settings.poll_interval,
                alert_after=settings.alert_after,
                partial_after=max(settings.partial_after, settings.alert_after),
            ),
            clock,
            self,
        )
        self.checks = StationChecks(
            CheckContext(
                station=self.name,
                pbx=pbx,
                sink=incident_manager,
                watch=self.watch,
                watched=watched,
                no_calls=NoCallsConfig(timedelta(minutes=settings.no_calls_after), settings.no_calls_hours),
                health_alerts=settings.health_alerts,
                releases=releases,
                certificate_dated=not settings.tls_fingerprint and settings.tls_verify is not False,
                zone=zone,
                clock=clock,
            )
        )

    async def poll(self) -> float:
        """Poll the station; return the seconds from the start of this poll to the next one."""
        pause = await self.watch.run_once()
        await self.checks.after_poll()
        now = self._clock()
        if not self.watch.has_fault and (
            self._zone_fetched_at is None or now - self._zone_fetched_at >= FETCH_ZONE_EVERY
        ):
            self._zone_fetched_at = now
            await self.zone.fetch(self.pbx)
        self._is_polled = True
        return pause

    async def follow_calls(self) -> None:
        """Read the ended calls; only to count them, not while the PBX has a fault. Nothing is read before the first
        poll, which finds out the zone and the clock of the PBX: by others, calls of hours ago would be told."""
        if not self._is_polled:
            return
        await self.calls.run_once(count=not self.watch.has_fault)

    def on_states_loaded(self, states: Mapping[str, dict[str, Any]]) -> None:
        self.checks.load_states(states)

    def on_pbx_time(self, pbx_time: datetime | None) -> None:
        now = self._clock()
        self.zone.observe(pbx_time, now)
        self.checks.clock.observe(pbx_time, now)
