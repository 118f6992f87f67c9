"""Put the parts together, start and stop them."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.access.policy import Destination, grants_from
from bot.app.arrivals import Arrivals
from bot.app.clock_adjustment import ClockAdjustment
from bot.app.exit_codes import exit_code_for, force_exit_after
from bot.app.fleet import Fleet
from bot.app.handlers_wiring import SpokenStations, build_dispatcher, build_services
from bot.app.health_sources import OutboxState, ProgramSignals
from bot.app.http_servers import serve_health
from bot.app.reload import StationReloader
from bot.app.retention_job import forget_unreadable, run_retention
from bot.app.station_monitor import SharedServices
from bot.app.station_registry import StationRegistry
from bot.app.update_listener import UpdateListener
from bot.config.settings import Settings
from bot.config.station_settings import StationSettings
from bot.engine.calendar_feed import CalendarFeed
from bot.engine.checks.chat_reachability import ChatReachabilityCheck
from bot.engine.last_seen import LastSeenWriter
from bot.health.heartbeat import Heartbeat
from bot.health.monitor import HealthMonitor
from bot.messages.renderer import Renderer
from bot.notifications.admin_notices import AdminNotices
from bot.notifications.unhandled_updates import UnhandledUpdates
from bot.runtime.clock import MonotonicClock
from bot.runtime.pause import PausableGroup
from bot.runtime.systemd import ServiceManager
from bot.runtime.tasks import ENDS_WITHIN, cancel, run_until_stopped
from bot.runtime.waiting import Signal, sleep_or_stop
from bot.runtime.watchdog import LoopWatchdog
from bot.store import sealing
from bot.store.access.contacts import Contacts
from bot.store.access.denials import Denials
from bot.store.access.grants import GrantBook
from bot.store.access.known_senders import KnownSenders
from bot.store.database import DatabaseError, OperationalError, Store
from bot.store.database_errors import retry_on_database_error
from bot.store.oncall.schedules import OnCallBook
from bot.store.time_shift import newest_time
from bot.telegram.delivery.rate_limiter import RateLimiter
from bot.telegram.delivery.sender import Sender
from bot.telegram.delivery.worker import DeliveryWorker
from bot.telegram.http_pool import opened, telegram_bot
from bot.telegram.membership import Membership
from bot.telegram.updates.admission import Admission
from bot.telegram.updates.queue import UpdateQueue
from handlers import CATALOGUE, HOOKS
from handlers.authorization.station_choice import StationChooser
from handlers.dialog.menus import Menus

if TYPE_CHECKING:
    from handlers.dispatch.dispatcher import Dispatcher


# Delay of the first run, which would slow down the start. Seconds.
TIDY_FIRST_AFTER = 60.0
TIDY_EVERY = 600.0


def utc_now() -> datetime:
    return datetime.now(UTC)


class Application:
    """Run of the bot, from opening the database to closing it. `reread` returns the stations as now described, or
    raises WrongSettings."""

    def __init__(
        self,
        settings: Settings,
        stations: Sequence[StationSettings],
        *,
        reread: Callable[[], Sequence[StationSettings]],
        clock: MonotonicClock | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock = clock or MonotonicClock(utc_now)
        pausable = PausableGroup()
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._watchdog = LoopWatchdog()
        self._manager = ServiceManager()
        self._store = Store(settings.database_url)
        self._bot = telegram_bot(settings)
        several = settings.stations_file is not None
        self._outbox_queued = outbox_queued = Signal()
        fleet_chats = settings.alert_chats if several else ()
        registry = StationRegistry(fleet_chats, several=several)
        self._renderer = Renderer(settings.language, stations=registry)
        self._sender = Sender(self._bot, self._store, self._renderer, RateLimiter(), self._topic_lost)
        in_settings = grants_from(settings.admins, settings.operators, settings.viewers)
        self._grants = GrantBook(
            self._store,
            clock,
            in_settings,
            settings.roles,
            Signal(self._granted),
        )
        self._membership = Membership(self._bot, clock)
        self._people = Contacts(
            self._store,
            apart=several,
            everywhere={grant.subject for grant in in_settings},
            stations=registry,
        )
        self._oncall = OnCallBook(self._store, clock, Signal(self._oncall_changed))
        self._calendars = CalendarFeed(settings.calendar_hosts)
        self._fleet = Fleet(
            stations,
            SharedServices(
                store=self._store,
                sender=self._sender,
                grants=self._grants,
                people=self._people,
                oncall=self._oncall,
                fleet_chats=fleet_chats,
                last_resort=tuple(Destination(person) for person in sorted(settings.admins)),
                last_seen=LastSeenWriter(self._store),
                wake=outbox_queued,
                clock=clock,
                watchdog=self._watchdog,
                pausable=pausable,
                calendars=self._calendars,
            ),
            registry,
            settings.station_defaults() if several else None,
            settings.pbx_name,
        )
        self._delivery_worker = DeliveryWorker(
            self._store, self._sender, self._fleet, clock, self._watchdog.register("courier")
        )
        outbox_queued.connect(self._delivery_worker.wake)
        self._administrators = AdminNotices(self._store, self._fleet.whole.destinations, clock, outbox_queued)
        self._known = KnownSenders(self._store, self._grants, self._fleet, clock)
        self._unhandled_updates = UnhandledUpdates(
            self._administrators, self._known, self._fleet.whole.name, clock, outbox_queued
        )
        self._reachability = ChatReachabilityCheck(
            self._store,
            self._sender,
            self._administrators,
            self._fleet,
            clock,
            outbox_queued,
        )
        self._directory = StationChooser(single_station=self._fleet.one, stations=SpokenStations(registry))
        self._denials = Denials(clock)
        self._services = build_services(
            settings,
            self._fleet,
            self._directory,
            self._denials,
            store=self._store,
            grants=self._grants,
            membership=self._membership,
            people=self._people,
            oncall=self._oncall,
            calendars=self._calendars,
            clock=clock,
            wake=outbox_queued,
        )
        self._renewing = StationReloader(
            self._fleet,
            reread,
            store=self._store,
            admins=settings.admins,
            clock=clock,
            wake=outbox_queued,
        )
        outbox_state = OutboxState(self._store, clock)
        self._listening = UpdateListener(
            settings,
            bot=self._bot,
            clock=clock,
            loop=self._watchdog.register("listening"),
            second_copy=self._fleet.second_copy,
            administrators=self._administrators,
            outbox=outbox_state,
            manager=self._manager,
        )
        self._health_monitor = HealthMonitor(
            clock=clock,
            sources=ProgramSignals(self._listening, self._fleet, outbox_state),
            poll_silence=timedelta(seconds=max(120.0, 4 * settings.poll_interval)),
        )
        self._timekeeping = ClockAdjustment(clock, self._store, self._fleet, self._health_monitor, pausable)
        self._menus = Menus(
            self._sender,
            self._renderer,
            CATALOGUE,
            self._grants,
            self._store,
            clock,
            self._bot.token.partition(":")[0],
        )
        self._arrivals = Arrivals(
            self._sender,
            self._menus,
            self._membership,
            self._unhandled_updates,
            self._fleet,
            self._store,
            clock,
            outbox_queued,
        )
        self._dispatcher: Dispatcher | None = None

    async def run(self) -> int:
        """Run until a signal; return the exit code."""
        _on_signals(self._end, self._renewing.ask)
        sealing.use_token(self._settings.telegram_token.get_secret_value())
        try:
            await self._store.open()
            await forget_unreadable(self._store, self._clock(), self._administrators.owe)
        except DatabaseError as error:
            return exit_code_for(error)
        await self._take_up_time()
        async with opened(self._bot):
            failure = await run_until_stopped(self._jobs(), self._finish, self._stop, self._hurry)
            code = 0 if failure is None else exit_code_for(failure)
            force_exit_after(code)
            # Unfinished work stays in the database, and must not run once that is closed.
            await cancel(asyncio.all_tasks() - {asyncio.current_task()})
            await self._fleet.close()
        await self._store.close()
        return code

    async def _take_up_time(self) -> None:
        """Resume the clock at the newest stored time; skipped on a database error."""
        with contextlib.suppress(OperationalError):
            async with self._store.begin() as session:
                self._clock.resume_from(await newest_time(session) or self._clock())

    def _end(self) -> None:
        """Stop after the running tasks; a second call cancels them and leaves them to the next run."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def _jobs(self) -> list[Coroutine[Any, Any, None]]:
        stop, settings = self._stop, self._settings
        runs = {
            **self._fleet.jobs(),
            "fleet": self._renewing.run,
            "courier": self._delivery_worker.run,
            "tidy": self._tidy,
            "life": self._health_monitor.run,
            "timekeeping": self._timekeeping.run,
        }
        jobs = [retry_on_database_error(name, partial(run, stop), stop) for name, run in runs.items()]
        jobs += [
            retry_on_database_error(hook.__name__, partial(hook, self._services, self._clock, stop), stop)
            for hook in HOOKS.startup
        ]
        jobs += [self._listen(), self._manager.keep_told(self._watchdog.stalled, self._health_monitor.problems, stop)]
        if settings.health_address:
            jobs.append(serve_health(self._health_monitor.problems, settings.health_address, self._stop))
        if settings.heartbeat_url:
            jobs.append(Heartbeat(settings.heartbeat_url, self._health_monitor).run(stop))
        return jobs

    async def _finish(self) -> None:
        self._manager.stopping()
        if self._dispatcher is not None:
            await asyncio.gather(self._listening.drain(ENDS_WITHIN), self._dispatcher.finish(ENDS_WITHIN))

    async def _listen(self) -> None:
        await self._listening.run(self._answering, self._beside, self._stop)

    async def _beside(self) -> None:
        """Run the tasks that need Telegram and have low priority."""
        runs = {"menus": self._menus.run, "reachability": self._reachability.run}
        await asyncio.gather(
            *(retry_on_database_error(name, partial(run, self._stop), self._stop) for name, run in runs.items())
        )

    async def _answering(self, bot_name: str) -> UpdateQueue:
        self._dispatcher = build_dispatcher(
            bot_name,
            self._settings,
            self._directory,
            self._services,
            self._denials,
            store=self._store,
            sender=self._sender,
            renderer=self._renderer,
            alert_chats=self._fleet,
            clock=self._clock,
            wake=self._outbox_queued,
        )
        await retry_on_database_error("resume", self._dispatcher.go_on, self._stop)
        return UpdateQueue(
            self._bot,
            self._store,
            self._dispatcher.handle,
            clock=self._clock,
            observer=self._arrivals,
            admission=Admission(self._known, self._clock()),
            urgent={one.name for one in CATALOGUE.commands.values() if one.rule.exempt_from_rate_limit},
        )

    def _granted(self) -> None:
        self._menus.changed()
        self._known.changed()

    async def _topic_lost(self, topic: Destination) -> None:
        await self._administrators.tell("topic_lost", {"chat": topic.chat, "topic": topic.thread})

    def _oncall_changed(self, station: str) -> None:
        self._known.changed()
        self._outbox_queued.send()
        self._fleet.duty.wake(station)

    async def _tidy(self, stop: asyncio.Event) -> None:
        await sleep_or_stop(stop, TIDY_FIRST_AFTER)
        while not stop.is_set():
            await run_retention(self._store, self._clock(), self._settings.history_kept, self._settings.audit_kept)
            await sleep_or_stop(stop, TIDY_EVERY)


def _on_signals(end: Callable[[], None], read_again: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, read_again)
