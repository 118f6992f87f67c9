"""Start and stop the program."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.app.exit_codes import exit_code_for, force_exit_after
from bot.app.health_sources import serve_health
from bot.app.program import Jobs, Program, Resources
from bot.app.reload import StationReader
from bot.app.retention_job import forget_unreadable
from bot.app.wiring.pbx_clients import PbxClients
from bot.config.settings import Settings
from bot.config.station_settings import StationSettings
from bot.health.heartbeat import Heartbeat
from bot.runtime.clock import MonotonicClock
from bot.runtime.tasks import SHUTDOWN_TIMEOUT, cancel, run_until_stopped
from bot.runtime.waiting import sleep_or_stop
from bot.store import sealing
from bot.store.database import Database, DatabaseError, OperationalError
from bot.store.database_errors import retry_on_database_error
from bot.store.time_shift import newest_time
from bot.telegram.delivery.rate_limiter import RateLimiter
from bot.telegram.http_pool import opened, telegram_bot
from bot.telegram.updates.queue import UpdateQueue

# Seconds after the start, for updates that waited at Telegram: the menus are dozens of requests.
CATCH_UP = 3.0

if TYPE_CHECKING:
    from handlers.dispatch.dispatcher import Dispatcher


def utc_now() -> datetime:
    return datetime.now(UTC)


def resources_of(settings: Settings, behind: timedelta = timedelta(0)) -> Resources:
    """Return the resources that the settings name; none is opened yet. Their clock is `behind` the machine's."""
    return Resources(
        clock=MonotonicClock(lambda: utc_now() - behind),
        database=Database(settings.database_url),
        bot=telegram_bot(settings),
        rate_limiter=RateLimiter(),
        clients=PbxClients(),
    )


class Application:
    """One run of the bot, from opening the database to closing it. `reread` reads the stations again."""

    def __init__(
        self,
        settings: Settings,
        stations: Sequence[StationSettings],
        resources: Resources,
        *,
        reread: StationReader,
    ) -> None:
        self._settings = settings
        self._bot = resources.bot
        self.program = Program(settings, stations, resources, reread)
        self._stop = asyncio.Event()
        self._force_stop = asyncio.Event()
        self._dispatcher: Dispatcher | None = None

    async def run(self) -> int:
        """Run until a signal; return the exit code."""
        program = self.program
        _on_signals(self._end, program.reloader.request)
        sealing.use_token(self._settings.telegram_token.get_secret_value())
        try:
            await program.database.open()
            await forget_unreadable(program.database, program.clock(), program.administrators.enqueue)
        except DatabaseError as error:
            return exit_code_for(error)
        await self._take_up_time()
        async with opened(self._bot):
            failure = await run_until_stopped(self._jobs(), self._finish, self._stop, self._force_stop)
            code = 0 if failure is None else exit_code_for(failure)
            force_exit_after(code)
            # Unfinished work stays in the database, and must not run once that is closed.
            await cancel(asyncio.all_tasks() - {asyncio.current_task()})
            await program.fleet.close()
        await program.database.close()
        return code

    async def answer(self, bot_name: str) -> UpdateQueue:
        """Build the dispatcher, resume interrupted work, and return the queue of the updates to handle."""
        self._dispatcher = self.program.build_dispatcher(bot_name)
        await retry_on_database_error("resume", self._dispatcher.resume, self._stop)
        return self.program.build_update_queue(self._dispatcher)

    async def _take_up_time(self) -> None:
        """Resume the clock at the newest stored time; skipped on a database error."""
        clock = self.program.clock
        with contextlib.suppress(OperationalError):
            newest = await self.program.database.run(newest_time)
            clock.resume_from(newest or clock())

    def _end(self) -> None:
        """Stop after the running tasks; a second call cancels them and leaves them to the next run."""
        if self._stop.is_set():
            self._force_stop.set()
        self._stop.set()

    def _jobs(self) -> list[Coroutine[Any, Any, None]]:
        program, settings, stop = self.program, self._settings, self._stop
        problems = program.health_monitor.problems
        jobs = self._retried(program.jobs())
        jobs += [
            program.listener.run(self.answer, self._beside, stop),
            program.manager.keep_notified(program.watchdog.stalled, problems, stop),
        ]
        if settings.health_address:
            jobs.append(serve_health(problems, program.fleet, settings.health_address, stop))
        if settings.heartbeat_url:
            jobs.append(Heartbeat(settings.heartbeat_url, program.health_monitor).run(stop))
        return jobs

    def _retried(self, jobs: Jobs) -> list[Coroutine[Any, Any, None]]:
        return [retry_on_database_error(name, partial(run, self._stop), self._stop) for name, run in jobs.items()]

    async def _beside(self) -> None:
        await sleep_or_stop(self._stop, CATCH_UP)
        await asyncio.gather(*self._retried(self.program.telegram_jobs()))

    async def _finish(self) -> None:
        self.program.manager.stopping()
        if self._dispatcher is not None:
            await asyncio.gather(
                self.program.listener.drain(SHUTDOWN_TIMEOUT), self._dispatcher.finish(SHUTDOWN_TIMEOUT)
            )


def _on_signals(end: Callable[[], None], read_again: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, read_again)
