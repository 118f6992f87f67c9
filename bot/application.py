"""The only place where parts are put together, started and stopped."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update

from bot.access import grants_from
from bot.chat.courier import Courier
from bot.chat.doors import Door
from bot.chat.membership import Membership
from bot.chat.messenger import Messenger
from bot.chat.pace import Pace
from bot.chat.pools import opened, telegram_bot
from bot.chat.render import Renderer
from bot.chat.updates import Updates
from bot.exits import explained, leave_soon
from bot.heartbeat import Heartbeat
from bot.life import Life
from bot.listening import Listening
from bot.settings import Settings
from bot.station import WatchedStation
from bot.steady_clock import SteadyClock
from bot.stopping import wait_for
from bot.store import closed, outbox
from bot.store.acquaintances import Acquaintances
from bot.store.audit_reading import AuditReader
from bot.store.database import Store
from bot.store.drawer import Drawer
from bot.store.grants import GrantBook
from bot.store.imports import Imports
from bot.store.incidents import Incidents
from bot.store.newest import newest_time
from bot.store.requests import Requests
from bot.store.tables import Outgoing
from bot.supervision import ENDS_WITHIN, cancel, persistently, supervise
from bot.systemd import ServiceManager
from bot.tidying import tidy
from bot.turns import Turns
from handlers import CATALOGUE
from handlers.command import Desk, Station
from handlers.decisions import Decisions
from handlers.dispatcher import Dispatcher
from handlers.limits import Limits
from handlers.limits import Pace as CommandPace
from handlers.menus import Menus
from handlers.reception import Reception
from handlers.second_person import SecondPerson

TIDY_EVERY = 600.0


def utc_now() -> datetime:
    return datetime.now(UTC)


class Application:
    """One run of the bot, from opening the store to closing it."""

    def __init__(self, settings: Settings, clock: SteadyClock | None = None) -> None:
        self._settings = settings
        self._clock = clock = clock or SteadyClock(utc_now)
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._turns = Turns()
        self._manager = ServiceManager()
        self._store = Store(settings.database_url)
        self._bot = telegram_bot(settings)
        self._renderer = Renderer(settings.language)
        self._messenger = Messenger(self._bot, self._store, self._renderer, Pace())
        self._grants = GrantBook(
            self._store,
            clock,
            grants_from(settings.admins, settings.operators, settings.viewers),
            settings.roles,
            lambda: self._menus.changed(),
        )
        self._membership = Membership(self._bot, clock)
        self._people = Acquaintances(self._store)
        self._courier = Courier(
            self._store,
            self._messenger,
            lambda _name: self._station.zone(),
            clock,
            self._lost,
            self._turns.of("courier"),
        )
        self._station = WatchedStation(
            settings,
            store=self._store,
            messenger=self._messenger,
            grants=self._grants,
            people=self._people,
            alert_chats=settings.alert_destinations,
            wake=self._courier.wake,
            clock=clock,
            turns=self._turns,
        )
        self._life = Life(
            clock=clock,
            updates=lambda: self._listening.last_success,
            polls={self._station.name: lambda: self._station.watch.last_good},
            poll_silence=timedelta(seconds=max(120.0, 4 * settings.poll_interval)),
            tick=lambda: self._station.ticker.last_tick,
            oldest_due=self._oldest_due,
        )
        self._menus = Menus(self._bot, self._renderer, CATALOGUE, self._grants, settings.station_name, clock)
        self._listening = Listening(
            settings,
            bot=self._bot,
            clock=clock,
            turned=self._turns.of("listening"),
            second_copy=self._station.lookouts.second_copy,
            is_anything_owed=self._is_anything_owed,
            ready=self._manager.ready,
        )
        self._dispatcher: Dispatcher | None = None

    async def run(self) -> int:
        """Run until a signal; returns the exit code."""
        _on_signals(self._end)
        try:
            await self._store.open()
        except SQLAlchemyError as error:
            return explained(error)
        await self._take_up_time()
        async with self._station.pbx, opened(self._bot):
            failure = await supervise(self._jobs(), self._finish, self._stop, self._hurry)
            code = 0 if failure is None else explained(failure)
            leave_soon(code)
            # Whatever did not finish by now stays in the store, and must not meet it closed.
            await cancel(asyncio.all_tasks() - {asyncio.current_task()})
        await self._store.close()
        return code

    async def _take_up_time(self) -> None:
        """Where an earlier run was, unless the store refuses for now: nothing waits for that."""
        with contextlib.suppress(OperationalError):
            async with self._store.begin() as session:
                self._clock.has_shown(await newest_time(session) or self._clock())

    def _end(self) -> None:
        """Asked once, what is in hand is finished; asked again, it is left to the next run."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def _jobs(self) -> list[Coroutine[Any, Any, None]]:
        stop, settings = self._stop, self._settings
        runs = {**self._station.jobs, "courier": self._courier.run, "tidy": self._tidy, "life": self._life.run}
        jobs = [persistently(name, partial(run, stop), stop) for name, run in runs.items()]
        jobs += [self._listen(), self._manager.keep_told(self._turns.hung, self._life.complaints, stop)]
        if settings.health_address:
            jobs.append(self._serve_health(settings.health_address))
        if settings.heartbeat_url:
            jobs.append(Heartbeat(settings.heartbeat_url, self._life.is_well).run(stop))
        return jobs

    async def _finish(self) -> None:
        self._manager.stopping()
        if self._dispatcher is not None:
            await asyncio.gather(self._listening.drain(ENDS_WITHIN), self._dispatcher.finish(ENDS_WITHIN))

    async def _listen(self) -> None:
        menus = partial(persistently, "menus", partial(self._menus.run, self._stop), self._stop)
        await self._listening.run(self._answering, menus, self._stop)

    async def _answering(self, bot_name: str) -> Updates:
        self._dispatcher = self._new_dispatcher(bot_name)
        await persistently("what was begun", self._dispatcher.go_on, self._stop)
        return Updates(
            self._bot,
            self._store,
            self._dispatcher.handle,
            clock=self._clock,
            heard=self._heard,
            doors=self._door,
        )

    def _heard(self, update: Update) -> None:
        if (message := update.effective_message) is not None:
            self._messenger.newest.saw(message.chat.id, message.message_id)
        self._membership.heard(update)
        self._menus.heard(update)

    def _new_dispatcher(self, bot_name: str) -> Dispatcher:
        settings, store, clock, watched = self._settings, self._store, self._clock, self._station
        station = Station(
            name=watched.name,
            pbx=watched.pbx,
            watch=watched.watch,
            ledger=watched.ledger,
            phones=watched.lookouts.phones,
            zone=watched.zone,
        )
        desk = Desk(
            drawer=Drawer(store, clock),
            imports=Imports(store, clock),
            grants=self._grants,
            people=self._people,
            requests=Requests(store, clock, self._grants, self._courier.wake),
            oncall=watched.oncall,
            audit=AuditReader(store),
            membership=self._membership,
            incidents=Incidents(store, settings.history_kept),
            silences=watched.silences,
            watched=watched.watched,
            rehearsals=watched.rehearsals,
        )
        decisions = Decisions(
            store=store,
            catalogue=CATALOGUE,
            grants=self._grants,
            membership=self._membership,
            limits=Limits(
                CommandPace(
                    person=settings.commands_per_minute,
                    chat=settings.chat_commands_per_minute,
                    costly=settings.costly_commands_per_minute,
                )
            ),
            station=settings.station_name,
            clock=clock,
        )
        second = SecondPerson(
            settings.two_person,
            store=store,
            drawer=desk.drawer,
            station=settings.station_name,
            clock=clock,
            wake=self._courier.wake,
        )
        reception = Reception(
            station=station,
            desk=desk,
            store=store,
            messenger=self._messenger,
            renderer=self._renderer,
            clock=clock,
            mask_numbers=settings.mask_numbers,
            wake=self._courier.wake,
        )
        return Dispatcher(
            bot_name=bot_name,
            decisions=decisions,
            second=second,
            reception=reception,
            alert_chats=self._alert_chats,
        )

    async def _door(self, session: AsyncSession, door: Door) -> None:
        """An alert chat that shuts the bot out is told of now, and not in the night in which it is needed."""
        if door.shut is None:
            if await closed.reopen(session, [door.chat], self._clock()):
                self._courier.wake()
        elif await closed.close(session, door.chat, door.shut, self._clock()):
            await self._station.fallback.closed(session, door.chat, door.shut, self._clock())
            self._courier.wake()

    async def _alert_chats(self) -> set[int]:
        async with self._store.begin() as session:
            return {to.chat for to in await self._station.destinations.named(session)}

    async def _lost(self, session: AsyncSession, message: Outgoing, reason: str, newly_closed: bool) -> str | None:
        now = self._clock()
        if newly_closed:
            await self._station.fallback.closed(session, message.chat_id, reason, now)
        return await self._station.fallback.undelivered(session, message, now)

    async def _is_anything_owed(self) -> bool:
        return await self._oldest_due() is not None

    async def _oldest_due(self) -> datetime | None:
        async with self._store.begin() as session:
            return await outbox.oldest_due(session, self._clock())

    async def _tidy(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._station.zone.ask(self._station.pbx)
            await tidy(self._store, self._clock(), self._settings.history_kept, self._settings.audit_kept)
            await wait_for(stop, TIDY_EVERY)

    async def _serve_health(self, address: str) -> None:
        from bot.health import health_app  # imported late: it takes long, and few ask for it
        from bot.web import listen, serve

        await serve(health_app(self._life.complaints), listen("HEALTH_ADDRESS", address), self._stop)


def _on_signals(act: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, act)
