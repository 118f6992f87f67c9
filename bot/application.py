"""The only place where parts are put together, started and stopped."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from bot.access import grants_from
from bot.alerts import silences
from bot.chat.courier import Courier
from bot.chat.doors import Door
from bot.chat.errors import TokenRefused
from bot.chat.membership import Membership
from bot.chat.messenger import Messenger
from bot.chat.pace import Pace
from bot.chat.polling import Polling, UpdatesBot
from bot.chat.render import Renderer
from bot.chat.updates import Updates
from bot.settings import Settings, WrongSettings
from bot.station import WatchedStation
from bot.store import closed, drawer, grants, inbox, keyboards, questions
from bot.store.acquaintances import Acquaintances
from bot.store.audit_reading import AuditReader
from bot.store.database import Store
from bot.store.drawer import Drawer
from bot.store.grants import GrantBook
from bot.store.imports import Imports
from bot.store.incidents import Incidents
from bot.store.patience import until_written
from bot.store.requests import Requests
from bot.store.tables import Outgoing
from handlers import CATALOGUE, import_recovery
from handlers.command import Desk, Station
from handlers.decisions import Decisions
from handlers.dispatcher import Dispatcher
from handlers.limits import Limits
from handlers.limits import Pace as CommandPace
from handlers.menus import Menus
from handlers.reception import Reception
from handlers.second_person import SecondPerson

log = structlog.get_logger(__name__)
Job = Callable[[], Awaitable[None]]

# systemd waits longer; what does not finish in this time stays in the inbox and the outbox.
DRAIN_WITHIN = 8.0
TIDY_EVERY = 600.0
EXIT_WRONG_SETTINGS = 2
EXIT_TOKEN_REFUSED = 3


def utc_now() -> datetime:
    return datetime.now(UTC)


class Application:
    """One run of the bot, from opening the store to closing it."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = utc_now) -> None:
        self._settings = settings
        self._clock = clock
        self._stop = asyncio.Event()
        self._store = Store(settings.database_url)
        self._bot = _telegram_bot(settings)
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
        self._courier = Courier(self._store, self._messenger, lambda _name: self._station.zone(), clock, self._lost)
        self._station = WatchedStation(
            settings,
            store=self._store,
            messenger=self._messenger,
            grants=self._grants,
            people=self._people,
            alert_chats=settings.alert_destinations,
            wake=self._courier.wake,
            clock=clock,
        )
        self._menus = Menus(self._bot, self._renderer, CATALOGUE, self._grants, settings.station_name, clock)
        self._updates: Updates | None = None
        self._polling: Polling | None = None
        self._dispatcher: Dispatcher | None = None

    async def run(self) -> int:
        """Run until a signal; returns the exit code."""
        _on_signals(self._stop.set)
        await self._store.open()
        await import_recovery.tell_interrupted(self._store, self._settings.station_name, self._clock())
        async with self._station.pbx, self._bot_pools():
            jobs: list[Job] = [
                *self._station.jobs(self._stop),
                partial(self._courier.run, self._stop),
                self._listen,
                self._tidy,
            ]
            if self._settings.health_address:
                jobs.append(partial(self._serve_health, self._settings.health_address))
            code = await self._supervise(jobs)
            if self._updates is not None and self._dispatcher is not None:
                await asyncio.gather(self._updates.drain(DRAIN_WITHIN), self._dispatcher.finish(DRAIN_WITHIN))
        await self._store.close()
        return code

    async def _supervise(self, jobs: Sequence[Job]) -> int:
        """All jobs live until `stop`; one that dies takes the others with it, so that a service manager notices. A full
        disk is waited out."""
        tasks = {asyncio.create_task(until_written(job, self._stop)) for job in jobs}
        while tasks:
            done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if (error := task.exception()) is None:
                    continue
                self._stop.set()
                await asyncio.wait(tasks, timeout=DRAIN_WITHIN)
                for other in tasks:
                    other.cancel()
                return _explain(error)
        return 0

    async def _listen(self) -> None:
        """Learn who we are, then take updates. Telegram may be away at the start: the watch does not wait for it."""
        pause = 1.0
        while not self._stop.is_set():
            try:
                me = await self._bot.get_me()
                await self._bot.delete_webhook(drop_pending_updates=False)
                break
            except InvalidToken as error:
                raise TokenRefused(str(error)) from None
            except TelegramError as error:
                log.warning("Telegram does not answer", error=str(error) or type(error).__name__)
                await self._sleep(pause)
                pause = min(pause * 2, 30.0)
        else:
            return
        self._dispatcher = self._new_dispatcher(me.username or "")
        self._updates = Updates(
            self._bot,
            self._store,
            self._dispatcher.handle,
            clock=self._clock,
            heard=self._heard,
            doors=self._door,
        )
        self._polling = Polling(
            self._bot,
            self._updates,
            clock=self._clock,
            polled=self._station.lookouts.second_copy.polled,
            conflict=self._station.lookouts.second_copy.conflict,
        )
        await self._updates.resume()
        log.info("listening", bot=me.username, station=self._settings.station_name)
        await asyncio.gather(self._polling.run(self._stop), self._menus.run(self._stop))

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
            incidents=Incidents(store),
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
            await closed.reopen(session, [door.chat])
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

    async def _tidy(self) -> None:
        while not self._stop.is_set():
            await self._station.zone.ask(self._station.pbx)
            async with self._store.begin() as session:
                await inbox.forget_old_updates(session, self._clock())
                await keyboards.forget_old_keyboards(session, self._clock())
                await questions.forget_expired(session, self._clock())
                await drawer.empty_expired(session, self._clock())
                await grants.forget_ended(session, self._clock())
                await silences.forget_old(session, self._clock())
            await self._sleep(TIDY_EVERY)

    async def _serve_health(self, address: str) -> None:
        from bot.health import health_app, listen, serve  # imported late: it takes long, and few ask for it

        app = health_app(
            clock=self._clock,
            updates=lambda: self._polling.last_success if self._polling else None,
            poll=lambda: self._station.watch.last_look,
            poll_silence=timedelta(seconds=max(120.0, 4 * self._settings.poll_interval)),
            tick=lambda: self._station.ticker.last_tick,
        )
        await serve(app, listen(address), self._stop)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    @contextlib.asynccontextmanager
    async def _bot_pools(self) -> AsyncIterator[None]:
        # Not `async with bot`: that asks Telegram who we are, and would fail the start when Telegram is away.
        for pool in self._bot.pools:
            await pool.initialize()
        try:
            yield
        finally:
            for pool in self._bot.pools:
                await pool.shutdown()


def _telegram_bot(settings: Settings) -> UpdatesBot:
    proxy = settings.telegram_proxy.get_secret_value() if settings.telegram_proxy else None
    return UpdatesBot(
        settings.telegram_token.get_secret_value(),
        base_url=f"{settings.telegram_api_url}/bot",
        base_file_url=f"{settings.telegram_api_url}/file/bot",
        request=HTTPXRequest(connection_pool_size=32, proxy=proxy, read_timeout=15, pool_timeout=10),
        get_updates_request=HTTPXRequest(connection_pool_size=1, proxy=proxy, read_timeout=15, pool_timeout=10),
    )


def _on_signals(act: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, act)


def _explain(error: BaseException) -> int:
    if isinstance(error, TokenRefused):
        log.error("Telegram refuses TELEGRAM_TOKEN; copy it again from @BotFather")
        return EXIT_TOKEN_REFUSED
    if isinstance(error, WrongSettings):
        log.error(str(error))
        return EXIT_WRONG_SETTINGS
    log.error("the bot stops: one of its parts failed", exc_info=error)
    return 1
