"""Demo: both stand-ins on one port with the page, and the real bot in a subprocess between them."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from bot.demo import pbx, telegram
from bot.demo.pbx.office import OFFICES, Office
from bot.demo.pbx.registration.sights import NEWEST, Dialect
from bot.demo.telegram.wording import Language
from bot.demo.wire import AbortableProtocol

ADMIN, OPERATOR, VIEWER = 1001, 1002, 1003
GROUP = -1001000000001
GREETINGS: dict[Language, str] = {
    "en": "  The demo runs at  {address}\n  Type /status, then break a trunk on the right. Ctrl+C ends it.",
    "ru": "  Демонстрация открыта по адресу  {address}\n"
    "  Напишите /status, затем сломайте транк справа. Завершить: Ctrl+C.",
}


async def stage(port: int, language: Language, pbxs: int = 1, dialect: Dialect = NEWEST) -> int:
    """Serve until interrupted; return the exit code. Prints the page's address when the bot is listening."""
    token = f"{secrets.randbelow(10**9) + 10**9}:{secrets.token_urlsafe(26)}"
    office = OFFICES[language]
    stations = {_path(n): _station(n, dialect, office) for n in range(1, pbxs + 1)}
    chats = telegram.populated(token, language=language)
    switches = {path: station.name for path, station in stations.items()}
    behind = [pbx.behind(path, station) for path, station in stations.items() if path]
    app = Starlette(routes=[*behind, *pbx.routes(stations[""]), *telegram.routes(chats, switches)])
    with listening(port) as (sock, address):
        print(f"\n{GREETINGS[language].format(address=address)}\n", flush=True)
        with tempfile.TemporaryDirectory(prefix="mikopbx-bot-demo-") as folder:
            watched = _only(address, stations[""]) if pbxs == 1 else _several(address, stations, Path(folder))
            bot = await _start_bot(address, token, watched, language, Path(folder))
            try:
                await _serve(app, sock)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    bot.send_signal(signal.SIGTERM)
                await bot.wait()
    return 0


def _path(number: int) -> str:
    """Return the path; the first PBX is at the address itself."""
    return "" if number == 1 else f"/pbx/branch{number}"


def _station(number: int, dialect: Dialect, office: Office) -> pbx.StandinPbx:
    name = office.name if number == 1 else office.branch.format(number=number)
    return pbx.StandinPbx(name, secrets.token_hex(32), number, zone=_zone_here(), dialect=dialect, office=office)


def _only(address: str, station: pbx.StandinPbx) -> Mapping[str, str]:
    return {"PBX_URL": address, "PBX_API_KEY": station.api_key, "PBX_NAME": station.name}


def _several(address: str, stations: Mapping[str, pbx.StandinPbx], folder: Path) -> Mapping[str, str]:
    tables = [
        f'[[station]]\nname = "{path.rpartition("/")[2] or "office"}"\ntitle = "{station.name}"\n'
        f'url = "{address}{path}"\nkey = "{station.api_key}"\n'
        for path, station in stations.items()
    ]
    (folder / "stations.toml").write_text("\n".join(tables))
    return {"STATIONS_FILE": "stations.toml"}


def _zone_here() -> str:
    """Return the visitor's zone, so that the page and the bot show the same times."""
    offset = datetime.now().astimezone().utcoffset() or timedelta(0)
    hours, rest = divmod(offset, timedelta(hours=1))
    return "Europe/Moscow" if rest else f"Etc/GMT{-hours:+d}"


async def serve_pbx(port: int, api_key: str, speed: float, dialect: Dialect) -> None:
    station = pbx.StandinPbx(api_key=api_key, speed=speed, dialect=dialect)
    with listening(port) as (sock, address):
        print(
            f"The stand-in MikoPBX answers at {address}/pbxcore/api/v3; its switches are at {address}/control/state",
            flush=True,
        )
        await _serve(pbx.app(station), sock)


async def serve_telegram(port: int, token: str | None) -> None:
    with listening(port) as (sock, address):
        print(f"The stand-in Telegram answers at {address}/bot<token>/…; its page is {address}", flush=True)
        await _serve(telegram.app(telegram.populated(token)), sock)


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


class _DemoServer(uvicorn.Server):
    """Stop on a signal like uvicorn's own, but leave time to stop the bot too."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


async def _serve(app: Starlette, sock: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        http=AbortableProtocol,
        ws="none",
        lifespan="off",
        log_level="critical",
        # Longer than the bot keeps a connection: one closed during reuse looks like a lost answer.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    await _DemoServer(config).serve(sockets=[sock])


async def _start_bot(
    address: str, token: str, watched: Mapping[str, str], language: str, folder: Path
) -> asyncio.subprocess.Process:
    """Start the same program as a user, configured by settings alone."""
    settings = {
        "TELEGRAM_TOKEN": token,
        "TELEGRAM_API_URL": address,
        "ADMINS": str(ADMIN),
        "OPERATORS": f"{OPERATOR} {GROUP}",
        "VIEWERS": str(VIEWER),
        "ALERT_CHATS": str(GROUP),
        "DATABASE_URL": f"sqlite:///{folder / 'bot.sqlite3'}",
        # Short, so that a visitor soon sees the alert after breaking a trunk, and its escalation.
        "POLL_INTERVAL": "2",
        "ALERT_AFTER": "4",
        "PARTIAL_AFTER": "30",
        "PAGE_AGAIN_EVERY": "45",
        "ESCALATE_AFTER": "120",
        "REMIND_EVERY": "300",
        # The environment of a real bot must not affect the demo.
        **dict.fromkeys(
            ("TELEGRAM_PROXY", "PBX_TIMEZONE", "PBX_TLS_VERIFY", "HEALTH_ADDRESS", "NO_CALLS_AFTER", "WEBHOOK_URL"), ""
        ),
        **dict.fromkeys(
            ("PBX_TLS_FINGERPRINT", "STATIONS_FILE", "PBX_URL", "PBX_API_KEY", "PBX_NAME", "CALENDAR_HOSTS"), ""
        ),
        **watched,
        "LANGUAGE": language,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", cwd=folder, env=os.environ | settings
    )
