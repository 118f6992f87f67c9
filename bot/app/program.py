"""Build all parts of one run of the program, and list its tasks."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from bot.access.policy import Destination, grants_from
from bot.app.arrivals import Arrivals
from bot.app.check.findings import Finding
from bot.app.check.inspection import Installation, inspect
from bot.app.check.startup import StartupCheck
from bot.app.clock_adjustment import ClockAdjustment
from bot.app.fleet import Fleet
from bot.app.health_sources import OutboxState, ProgramSignals
from bot.app.reload import StationReader, StationReloader
from bot.app.retention_job import RetentionJob
from bot.app.station_registry import StationRegistry
from bot.app.update_listener import UpdateListener
from bot.app.wiring.handlers import HandlerStations, build_dispatcher, build_services
from bot.app.wiring.pbx_clients import PbxClients
from bot.app.wiring.shared_services import SharedServices
from bot.config.known_releases import ReleaseTable
from bot.config.settings import Settings
from bot.config.station_settings import StationSettings
from bot.engine.calendar_feed import CalendarFeed
from bot.engine.checks.chat_reachability import ChatReachabilityCheck
from bot.engine.last_seen import LastSeenWriter
from bot.health.monitor import HealthMonitor
from bot.messages.renderer import Renderer
from bot.notifications.admin_notices import AdminNotices
from bot.notifications.unhandled_updates import UnhandledUpdates
from bot.runtime.clock import MonotonicClock
from bot.runtime.systemd import ServiceManager
from bot.runtime.waiting import Signal
from bot.runtime.watchdog import LoopWatchdog
from bot.store.access.contacts import Contacts
from bot.store.access.denials import Denials
from bot.store.access.grants import Grants
from bot.store.access.known_senders import KnownSenders
from bot.store.database import Database
from bot.store.oncall.schedules import OnCallSchedules
from bot.telegram.delivery.rate_limiter import RateLimiter
from bot.telegram.delivery.sender import Sender
from bot.telegram.delivery.worker import DeliveryWorker
from bot.telegram.membership import Membership
from bot.telegram.updates.admission import Admission
from bot.telegram.updates.polling import UpdatesBot
from bot.telegram.updates.queue import UpdateQueue
from handlers import CATALOGUE, HOOKS
from handlers.authorization.station_choice import StationChooser
from handlers.dialog.menus import Menus
from handlers.dispatch.dispatcher import Dispatcher

Jobs = Mapping[str, Callable[[asyncio.Event], Coroutine[Any, Any, None]]]


@dataclass(frozen=True, slots=True)
class Resources:
    """Clock, database, Telegram and PBXs of one run."""

    clock: MonotonicClock
    database: Database
    bot: UpdatesBot
    rate_limiter: RateLimiter
    clients: PbxClients


class Program:
    """Parts of one run, connected. No task is started."""

    def __init__(
        self, settings: Settings, stations: Sequence[StationSettings], resources: Resources, reread: StationReader
    ) -> None:
        self._settings = settings
        self._bot = resources.bot
        self.clock = clock = resources.clock
        self.database = database = resources.database
        self.watchdog = LoopWatchdog()
        self.manager = ServiceManager()
        self._outbox_queued = Signal()
        several = settings.stations_file is not None
        registry = StationRegistry(settings.alert_chats if several else (), several=several)
        self._renderer = Renderer(settings.language, stations=registry)
        self._membership = Membership(self._bot, clock)
        self._shared = shared = self._share(resources, registry)
        self.fleet = Fleet(
            stations, shared, registry, settings.station_defaults() if several else None, settings.pbx_name
        )
        self.delivery_worker = DeliveryWorker(
            database, shared.sender, self.fleet, clock, self.watchdog.register("delivery worker")
        )
        self._outbox_queued.connect(self.delivery_worker.wake)
        self.administrators = AdminNotices(database, self.fleet.whole.destinations, clock, self._outbox_queued)
        self._known = KnownSenders(database, shared.grants, self.fleet, clock)
        self._reachability = ChatReachabilityCheck(
            database, shared.sender, self.administrators, self.fleet, clock, self._outbox_queued
        )
        self._menus = Menus(
            shared.sender,
            self._renderer,
            CATALOGUE,
            shared.grants,
            database,
            clock,
            self._bot.token.partition(":")[0],
        )
        self._arrivals = Arrivals(
            shared.sender,
            self._menus,
            self._membership,
            UnhandledUpdates(self.administrators, self._known, self.fleet.whole.name, clock, self._outbox_queued),
            self.fleet,
            database,
            clock,
            self._outbox_queued,
        )
        self._directory = StationChooser(single_station=self.fleet.one, stations=HandlerStations(registry))
        self._denials = Denials(clock)
        self._services = build_services(
            settings,
            shared,
            directory=self._directory,
            membership=self._membership,
            denials=self._denials,
            silences_changed=Signal(self.fleet.ticker.silences_changed),
        )
        self.reloader = StationReloader(
            self.fleet, reread, database=database, admins=settings.admins, clock=clock, wake=self._outbox_queued
        )
        self._retention = RetentionJob(settings, database, clock)
        outbox_state = OutboxState(database, clock)
        self.listener = UpdateListener(
            settings,
            bot=self._bot,
            clock=clock,
            loop=self.watchdog.register("listening"),
            second_copy=self.fleet.second_copy,
            administrators=self.administrators,
            outbox=outbox_state,
            manager=self.manager,
        )
        self.health_monitor = HealthMonitor(
            clock=clock,
            sources=ProgramSignals(self.listener, self.fleet, outbox_state),
            poll_silence=timedelta(seconds=max(120.0, 4 * settings.poll_interval)),
        )
        self._startup_check = StartupCheck(
            self._inspect, database, self.administrators, self.fleet.whole.name, clock, self._outbox_queued
        )
        self._clock_adjustment = ClockAdjustment(clock, database, self.fleet, self.health_monitor, shared.pausable)

    def _share(self, resources: Resources, registry: StationRegistry) -> SharedServices:
        settings, database, clock = self._settings, resources.database, resources.clock
        in_settings = grants_from(settings.admins, settings.operators, settings.viewers)
        return SharedServices(
            database=database,
            sender=Sender(self._bot, database, self._renderer, resources.rate_limiter, self._topic_lost),
            grants=Grants(database, clock, in_settings, settings.roles, Signal(self._granted)),
            people=Contacts(
                database,
                isolated=registry.several,
                everywhere={grant.subject for grant in in_settings},
                stations=registry,
            ),
            oncall=OnCallSchedules(database, clock, Signal(self._oncall_changed)),
            fleet_chats=settings.alert_chats if registry.several else (),
            last_resort=tuple(Destination(person) for person in sorted(settings.admins)),
            last_seen=LastSeenWriter(database),
            wake=self._outbox_queued,
            clock=clock,
            clients=resources.clients,
            watchdog=self.watchdog,
            mask_numbers=settings.mask_numbers,
            count_calls=settings.health_address is not None and settings.call_metrics,
            releases=ReleaseTable(settings.known_releases),
            calendars=CalendarFeed(settings.calendar_hosts),
        )

    def jobs(self) -> Jobs:
        """Return the tasks, by name, that run from the start, retried after a database error."""
        return {
            **self.fleet.jobs(),
            "fleet": self.reloader.run,
            "delivery worker": self.delivery_worker.run,
            "retention": self._retention.run,
            "health monitor": self.health_monitor.run,
            "timekeeping": self._clock_adjustment.run,
            "startup check": self._startup_check.run,
            **{
                f"{hook.__module__}.{hook.__name__}": partial(hook, self._services, self.clock)
                for hook in HOOKS.startup
            },
        }

    def telegram_jobs(self) -> Jobs:
        """Return the tasks, by name, that need Telegram and have low priority."""
        return {"menus": self._menus.run, "reachability": self._reachability.run}

    def build_dispatcher(self, bot_name: str) -> Dispatcher:
        return build_dispatcher(
            bot_name,
            self._settings,
            self._shared,
            self._services,
            directory=self._directory,
            catalogue=CATALOGUE,
            denials=self._denials,
            renderer=self._renderer,
            alert_chats=self.fleet,
        )

    def build_update_queue(self, dispatcher: Dispatcher) -> UpdateQueue:
        return UpdateQueue(
            self._bot,
            self.database,
            dispatcher,
            clock=self.clock,
            unstored_keyboards=self._shared.unstored_keyboards,
            observer=self._arrivals,
            admission=Admission(self._known, self.clock()),
            urgent={one.name for one in CATALOGUE.commands.values() if one.rule.exempt_from_rate_limit},
        )

    async def _inspect(self) -> Sequence[Finding]:
        stations = [one.settings for one in self.fleet]
        return await inspect(Installation(self._settings, stations, self.clock, self._watches))

    def _watches(self, station: StationSettings) -> bool:
        return any(one.settings == station for one in self.fleet)

    def _granted(self) -> None:
        self._menus.changed()
        self._known.invalidate()

    async def _topic_lost(self, topic: Destination) -> None:
        await self.administrators.send("topic_lost", {"chat": topic.chat, "topic": topic.thread})

    def _oncall_changed(self, station: str) -> None:
        self._known.invalidate()
        self._outbox_queued.send()
        self.fleet.reachability_checks.wake(station)
