"""Setup of the figures: one stand-in PBX and a stand-in Telegram for each bot, all in this process; the bots are
processes of their own.
"""

import asyncio
import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from bot.demo import pbx, telegram
from bot.demo.launcher import listening
from bot.demo.wire import AbortableProtocol
from tests.benchmarks.measured.chats import Chats
from tests.fixtures import stores
from tests.fixtures.paths import ROOT

KEY = "c0ffee" * 10 + "beef"
TOKENS = (f"1234567890:{'A' * 35}", f"1234567891:{'B' * 35}")
PEOPLE = 100
PROGRAM = ("-m", "bot", "run")
BARE = ("-m", "tests.benchmarks.reference.bare_bot")


@dataclass(frozen=True)
class Stage:
    """`ours` is the Telegram of the program, `bares` that of the reference."""

    pbx: pbx.StandinPbx
    ours: Chats
    bares: Chats
    pbx_address: str
    bares_address: str
    folder: Path

    def settings(self, viewers: int = PEOPLE) -> dict[str, str]:
        """Return the program's defaults, except for the limit of commands per minute."""
        everybody = " ".join(map(str, self.ours.people[:viewers]))
        return {
            "TELEGRAM_TOKEN": self.ours.token,
            "TELEGRAM_API_URL": self.pbx_address,
            "PBX_URL": self.pbx_address,
            "PBX_API_KEY": KEY,
            "PBX_NAME": "Head office",
            "ADMINS": "1001",
            "VIEWERS": everybody,
            "COMMANDS_PER_MINUTE": "10000",
            "CHAT_COMMANDS_PER_MINUTE": "10000",
            "COSTLY_COMMANDS_PER_MINUTE": "10000",
            "DATABASE_URL": f"sqlite:///{self.folder / 'bot.sqlite3'}",
        }

    def new_store(self) -> None:
        """Create an empty, migrated database, or a copy of the one kept by `keep_store`."""
        self.no_store()
        kept = self.folder / "kept.sqlite3"
        shutil.copy(kept if kept.exists() else stores.empty(), self.folder / "bot.sqlite3")

    def keep_store(self) -> None:
        """Keep the database of a program that has ended, for all later ones."""
        shutil.copy(self.folder / "bot.sqlite3", self.folder / "kept.sqlite3")

    def no_store(self) -> None:
        for file in self.folder.glob("bot.sqlite3*"):
            file.unlink()

    def bare_settings(self) -> dict[str, str]:
        return {
            "TELEGRAM_TOKEN": self.bares.token,
            "TELEGRAM_API_URL": self.bares_address,
            "PBX_URL": self.pbx_address,
            "PBX_API_KEY": KEY,
            "ANSWERS": str(self.folder / "answers.json"),
        }

    def running(
        self, arguments: tuple[str, ...], settings: dict[str, str]
    ) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
        return running(self.folder, arguments, settings)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    hour = datetime.now(UTC).hour
    # A zone in which it is late afternoon: the station has had calls today.
    zone = f"Etc/GMT{hour - 15:+d}" if hour >= 3 else "Etc/GMT-12"
    station = pbx.StandinPbx(name="Head office", api_key=KEY, zone=zone, traffic=False)
    ours, bares = (Chats(token, PEOPLE) for token in TOKENS)
    async with AsyncExitStack() as stack:
        routes = [*pbx.routes(station), *telegram.routes(ours.telegram, {"": station.name})]
        address = await stack.enter_async_context(serving(Starlette(routes=routes)))
        bares_address = await stack.enter_async_context(serving(telegram.app(bares.telegram)))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mikopbx-bot-benchmarks-")))
        one = Stage(station, ours, bares, address, bares_address, folder)
        await asyncio.to_thread(stores.empty)
        one.new_store()
        # These objects stay; collecting garbage among them would delay the answers of both bots.
        gc.freeze()
        yield one


@asynccontextmanager
async def running(
    folder: Path, arguments: tuple[str, ...], settings: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `python ARGUMENTS` as a process, ended as a service manager ends it. Its output is in `log`."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = kept | {"PYTHONPATH": str(ROOT)} | settings
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, cwd=folder, env=environment, stdout=log, stderr=log
        )
    try:
        yield process
    except TimeoutError:
        print((folder / "log").read_text()[-3000:], file=sys.stderr)
        raise
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave Ctrl+C to the benchmark: it must not stop the server."""
        yield


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    with listening(0) as (sock, address):
        # Longer than either bot keeps a connection.
        config = uvicorn.Config(
            app, http=AbortableProtocol, ws="none", lifespan="off", log_level="critical", timeout_keep_alive=75
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            yield address
        finally:
            server.should_exit = server.force_exit = True
            await serving
