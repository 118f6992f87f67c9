"""Demo: both stand-ins on one port with the page, and the real bot in a subprocess between them."""

import asyncio
import contextlib
import secrets
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import uvicorn
from starlette.applications import Starlette

from bot.demo import pbx, telegram
from bot.demo.bot_process import start_bot
from bot.demo.pbx.office import OFFICES
from bot.demo.pbx.registration.sights import NEWEST, Dialect
from bot.demo.pbx.seed import IAX_TRUNK
from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.client import messages
from bot.demo.telegram.seed import ANNA, BORIS, ON_CALL, SAM, VERA
from bot.demo.telegram.updates import DAY
from bot.demo.telegram.wording import Language, Role
from bot.demo.tuesday import seconds_since_tuesday
from bot.demo.wire import AbortableProtocol, dated

# As the bot's settings have it.
ROLES: Mapping[int, Role] = {ANNA: "administrator", BORIS: "operator", VERA: "viewer", SAM: "stranger"}
# Of the PBX, and so of all times that the bot writes. The numbers of its office are Russian.
ZONE = "Europe/Moscow"
EXIT_BOT_ENDED = 1
# Lines on the terminal appear at once also when they go to a file.
say = partial(print, flush=True)


async def stage(port: int, language: Language, pbxs: int = 1, dialect: Dialect = NEWEST) -> int:
    """Serve until interrupted, telling each step on the terminal; return the exit code."""
    behind = seconds_since_tuesday(time.time(), ZoneInfo(ZONE))

    def now() -> float:
        return time.time() - behind

    stop = _interrupted()
    with listening(port) as (sock, address), tempfile.TemporaryDirectory(prefix="mikopbx-bot-demo-") as folder:
        say("\nThe demo of MikoPBX Bot. All of it stays on this computer.")
        stations = _stations(pbxs, language, dialect, now)
        token = f"{secrets.randbelow(10**9) + 10**9}:{secrets.token_urlsafe(26)}"
        chats = telegram.populated(token, now, language)
        say(f"  Telegram   a stand-in, with {len(ROLES)} people")
        async with _served(_app(stations, chats), sock, now):
            say("  The bot    is starting ...")
            began = time.monotonic()
            bot = await start_bot(address, token, stations, language, behind, Path(folder))
            try:
                await _first(chats.queue.bell.heard(0, DAY), bot.wait(), stop.wait())
                if bot.returncode is None and not stop.is_set():
                    _greet(chats)
                    say(f"             is ready after {time.monotonic() - began:.1f} s")
                    say("  The clock  of all three says Tuesday, 11:00: an office at work")
                    say(f"\n  Open  {address}  and follow the first steps there. Ctrl+C ends the demo.\n")
                    await _first(bot.wait(), stop.wait())
                if not stop.is_set():
                    print(f"The bot has ended with code {bot.returncode}; what it wrote is above.", file=sys.stderr)
                    return EXIT_BOT_ENDED
            finally:
                # While the stand-ins still answer.
                with contextlib.suppress(ProcessLookupError):
                    bot.send_signal(signal.SIGTERM)
                await bot.wait()
    return 0


def _app(stations: Mapping[str, pbx.StandinPbx], chats: telegram.Telegram) -> Starlette:
    paths = [pbx.behind(path, station) for path, station in stations.items() if path]
    names = {path: station.name for path, station in stations.items()}
    return Starlette(routes=[*paths, *pbx.routes(stations[""]), *telegram.routes(chats, names, ROLES, ZONE)])


def _greet(chats: telegram.Telegram) -> None:
    """Say hello to the bot, as people do, so that a visitor's first look is not at an empty chat."""
    for chat in (ANNA, ON_CALL):
        messages.send(chats, Params({"as": ANNA, "chat": chat, "text": "/start"}))


def _stations(number: int, language: Language, dialect: Dialect, now: Callable[[], float]) -> dict[str, pbx.StandinPbx]:
    """Return the PBXs by path; the first one is at the address itself."""
    office = OFFICES[language]
    stations = {}
    for place in range(1, number + 1):
        name = office.name if place == 1 else office.branch.format(number=place)
        path = "" if place == 1 else f"/pbx/branch{place}"
        key = secrets.token_hex(32)
        station = stations[path] = pbx.StandinPbx(name, key, place, now, zone=ZONE, dialect=dialect, office=office)
        if place > 1:
            # Only the head office has a branch; of each IAX trunk the bot tells that MikoPBX keeps its state to itself.
            station.remove_trunk(IAX_TRUNK)
    first = stations[""]
    which = f"a stand-in, “{first.name}”" if number == 1 else f"{number:,} stand-ins, each"
    say(f"  MikoPBX    {which} with {len(first.employees)} extensions and a month of calls")
    return stations


async def serve_pbx(port: int, api_key: str, speed: float, dialect: Dialect) -> None:
    station = pbx.StandinPbx(api_key=api_key, speed=speed, dialect=dialect)
    with listening(port) as (sock, address):
        print(
            f"The stand-in MikoPBX answers at {address}/pbxcore/api/v3; its switches are at {address}/control/state",
            flush=True,
        )
        async with _served(pbx.app(station), sock, time.time):
            await _interrupted().wait()


async def serve_telegram(port: int, token: str | None) -> None:
    with listening(port) as (sock, address):
        print(f"The stand-in Telegram answers at {address}/bot<token>/…; its page is {address}", flush=True)
        async with _served(telegram.app(telegram.populated(token)), sock, time.time):
            await _interrupted().wait()


@contextlib.contextmanager
def listening(port: int) -> Iterator[tuple[socket.socket, str]]:
    """Yield a bound socket and its address; exit with a readable line and code 2 if the port is in use."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError as error:
            print(f"Port {port} cannot be used ({error.strerror}); choose another one with --port", file=sys.stderr)
            raise SystemExit(2) from None
        sock.listen(128)
        yield sock, f"http://127.0.0.1:{sock.getsockname()[1]}"


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `_interrupted`."""
        yield


@contextlib.asynccontextmanager
async def _served(app: Starlette, sock: socket.socket, now: Callable[[], float]) -> AsyncIterator[None]:
    config = uvicorn.Config(
        dated(app, now),
        date_header=False,
        http=AbortableProtocol,
        ws="none",
        lifespan="off",
        log_level="critical",
        # Longer than the bot keeps a connection: one closed during reuse looks like a lost answer.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _interrupted() -> asyncio.Event:
    """Return the event of SIGINT and SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _first(*awaited: Coroutine[Any, Any, object]) -> None:
    """Return as soon as one of them is done; the others are cancelled."""
    tasks = [asyncio.create_task(one) for one in awaited]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
