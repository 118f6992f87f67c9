"""The demo: both stand-ins on one port with the page, and the real bot as a process of its own between them."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from bot.demo import pbx, telegram
from bot.demo.wire import AbortableProtocol

ADMIN, OPERATOR, VIEWER = 1001, 1002, 1003
GROUP = -1001000000001


async def stage(port: int, language: str) -> int:
    """Serve until interrupted; returns the exit code. Prints the page's address when the bot is listening."""
    key, token = secrets.token_hex(32), f"{secrets.randbelow(10**9) + 10**9}:{secrets.token_urlsafe(26)}"
    station = pbx.Pbx(name="Head office", api_key=key, zone=_zone_here())
    chats = telegram.populated(token)
    app = Starlette(routes=[*pbx.routes(station), *telegram.routes(chats, pbx_control=True)])
    with listening(port) as (sock, address):
        print(
            f"\n  The demo runs at  {address}\n  Type /status, then break a trunk on the right. Ctrl+C ends it.\n",
            flush=True,
        )
        with tempfile.TemporaryDirectory(prefix="mikopbx-bot-demo-") as folder:
            bot = await _start_bot(address, token, key, language, Path(folder))
            try:
                await _serve(app, sock)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    bot.send_signal(signal.SIGTERM)
                await bot.wait()
    return 0


def _zone_here() -> str:
    """The PBX of the demo lives where its visitor does, or the page and the bot would tell different times."""
    offset = datetime.now().astimezone().utcoffset() or timedelta(0)
    hours, rest = divmod(offset, timedelta(hours=1))
    return "Europe/Moscow" if rest else f"Etc/GMT{-hours:+d}"


async def serve_pbx(port: int, api_key: str, speed: float) -> None:
    station = pbx.Pbx(api_key=api_key, speed=speed)
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
    """A bound socket and its address, or a readable line and exit code 2 when the port is taken."""
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
    """Ends on a signal like uvicorn's own, but leaves time to end the bot too."""

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
        # Longer than the bot keeps a connection: one that is closed just as it is used again looks like a lost answer.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    await _Server(config).serve(sockets=[sock])


async def _start_bot(address: str, token: str, key: str, language: str, folder: Path) -> asyncio.subprocess.Process:
    """The same program a user runs, told by its settings alone where its Telegram and its PBX are."""
    settings = {
        "TELEGRAM_TOKEN": token,
        "TELEGRAM_API_URL": address,
        "PBX_URL": address,
        "PBX_API_KEY": key,
        "PBX_NAME": "Head office",
        "ADMINS": str(ADMIN),
        "OPERATORS": f"{OPERATOR} {GROUP}",
        "VIEWERS": str(VIEWER),
        "ALERT_CHATS": str(GROUP),
        "DATABASE_URL": f"sqlite:///{folder / 'bot.sqlite3'}",
        # Impatient, so that a visitor sees the alert soon after breaking a trunk, and whom else it wakes.
        "POLL_INTERVAL": "2",
        "ALERT_AFTER": "4",
        "ESCALATE_AFTER": "120",
        "REMIND_EVERY": "300",
        # A shell that is set up for a real bot must not leak into the demo.
        **dict.fromkeys(
            ("TELEGRAM_PROXY", "PBX_TIMEZONE", "PBX_TLS_VERIFY", "HEALTH_ADDRESS", "NO_CALLS_AFTER", "WEBHOOK_URL"), ""
        ),
        "LANGUAGE": language,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", cwd=folder, env=os.environ | settings
    )
