"""Monitor of one station, and the services shared by all stations."""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from bot.access.policy import Destination
from bot.config.station_settings import StationSettings
from bot.detection.correlation import ActiveCauses
from bot.detection.trunk_machine import Policy
from bot.engine.calendar_feed import CalendarFeed
from bot.engine.checks.base import CheckContext, NoCallsConfig
from bot.engine.checks.oncall_reachability import ReachabilityCheck
from bot.engine.checks.station import StationChecks
from bot.engine.drills import Drills
from bot.engine.incident_manager import IncidentManager
from bot.engine.last_seen import LastSeenWriter
from bot.engine.trunk_monitor import TrunkMonitor
from bot.notifications.alert_messages import AlertMessages
from bot.notifications.destinations import Destinations
from bot.notifications.escalation import EscalationPolicy
from bot.notifications.fallback import Fallback
from bot.notifications.notifier import Notifier
from bot.notifications.recipients import OnCallResolver
from bot.pbx import Pbx
from bot.pbx.time_zone import PbxTimeZone
from bot.runtime.clock import Clock
from bot.runtime.pause import PausableGroup
from bot.runtime.waiting import Signal
from bot.runtime.watchdog import LoopWatchdog
from bot.store.access.contacts import Contacts
from bot.store.access.grants import GrantBook
from bot.store.database import Store
from bot.store.oncall.schedules import OnCallBook
from bot.store.stations.watched_extensions import WatchedExtensions
from bot.telegram.delivery.sender import Sender

ASK_ZONE_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SharedServices:
    """Services shared by all stations. `fleet_chats` are notified of every station; without other recipients
    `last_resort` is. `wake` wakes the delivery worker; pollers run in `pausable`. Set by the fleet: `owed` signals a
    due step or a queued notification, `watching_changed` a change of the watched extensions, `causes` holds the common
    causes of several stations."""

    store: Store
    sender: Sender
    grants: GrantBook
    people: Contacts
    oncall: OnCallBook
    fleet_chats: Sequence[Destination]
    last_resort: Sequence[Destination]
    last_seen: LastSeenWriter
    wake: Signal
    clock: Clock
    watchdog: LoopWatchdog
    owed: Signal = field(default_factory=Signal)
    watching_changed: Signal = field(default_factory=Signal)
    causes: ActiveCauses = field(default_factory=ActiveCauses)
    pausable: PausableGroup = field(default_factory=PausableGroup)
    calendars: CalendarFeed = field(default_factory=CalendarFeed)


class StationMonitor:
    """Monitor of one station. It starts no task: the fleet polls it and runs its due steps."""

    def __init__(self, settings: StationSettings, shared: SharedServices) -> None:
        self.settings = settings
        self.name, self.title = settings.name, settings.title
        self._clock = shared.clock
        self._zone_asked: datetime | None = None
        self.zone = PbxTimeZone(settings.timezone)
        self.pbx = Pbx(
            settings.url,
            settings.key,
            name=settings.title,
            verify=_verification(settings),
            allow_http=settings.allow_http,
        )
        self.destinations = Destinations(
            self.name, settings.alert_chats, shared.grants, fleet=shared.fleet_chats, last_resort=shared.last_resort
        )
        cards = AlertMessages(shared.sender.newest, timedelta(seconds=1.5 * settings.poll_interval))
        people = OnCallResolver(shared.oncall, shared.grants, self.name, shared.people)
        notices = Notifier(
            station=self.name,
            cards=cards,
            people=people,
            destinations=self.destinations,
            zone=self.zone,
            plan=EscalationPolicy(
                timedelta(seconds=settings.escalate_after),
                timedelta(seconds=settings.remind_every),
                timedelta(seconds=settings.page_again_every),
            ),
            causes=shared.causes,
        )
        self.fallback = Fallback(self.name, notices=notices, cards=cards, people=people, destinations=self.destinations)
        self.incident_manager = IncidentManager(shared.store, self.name, notices, shared.owed, shared.last_seen)
        self.drills = Drills(shared.store, self.name, self.incident_manager)
        self.watch = TrunkMonitor(
            self.name,
            self.pbx,
            self.incident_manager,
            Policy(
                poll_interval=settings.poll_interval,
                alert_after=settings.alert_after,
                partial_after=max(settings.partial_after, settings.alert_after),
            ),
            shared.clock,
            self,
        )
        self.watched = WatchedExtensions(
            shared.store, self.name, Signal(partial(shared.watching_changed.send, self.name))
        )
        self.checks = StationChecks(
            CheckContext(
                station=self.name,
                pbx=self.pbx,
                sink=self.incident_manager,
                watch=self.watch,
                watched=self.watched,
                no_calls=NoCallsConfig(timedelta(minutes=settings.no_calls_after), settings.no_calls_hours),
                zone=self.zone,
                clock=shared.clock,
            )
        )
        self.duty = ReachabilityCheck(
            self.name,
            book=shared.oncall,
            grants=shared.grants,
            people=shared.people,
            sender=shared.sender,
            store=shared.store,
            destinations=self.destinations,
            clock=shared.clock,
            wake=shared.wake,
            source=shared.calendars,
        )

    async def poll(self) -> float:
        """Poll the station; return the seconds from the start of this poll to the next one."""
        pause = await self.watch.run_once()
        await self.checks.after_poll()
        now = self._clock()
        if not self.watch.in_trouble and (self._zone_asked is None or now - self._zone_asked >= ASK_ZONE_EVERY):
            self._zone_asked = now
            await self.zone.fetch(self.pbx)
        return pause

    def recalled(self, states: Mapping[str, dict[str, Any]]) -> None:
        self.checks.recall(states)

    def saw_time(self, pbx_time: datetime | None) -> None:
        self.zone.observe(pbx_time)
        self.checks.clock.observe(pbx_time, self._clock())


def _verification(settings: StationSettings) -> bool | ssl.SSLContext:
    if isinstance(settings.tls_verify, bool):
        return settings.tls_verify
    return _trusting(settings.tls_verify)


@cache
def _trusting(file: Path) -> ssl.SSLContext:
    """Return the SSL context of a file, cached for all stations: each takes a megabyte.

    If the file has no issuer, only server certificates, exactly these are trusted, under any host name. Measured:
    MikoPBX's own is for `mikopbx`, or its external name, never for its address.
    """
    context = ssl.create_default_context(cafile=str(file))
    if context.cert_store_stats()["x509_ca"] == 0:
        context.check_hostname = False
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        # Python 3.13 requires certificate extensions that MikoPBX's own certificate lacks.
        context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
    return context
