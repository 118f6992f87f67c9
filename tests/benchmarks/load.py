"""Load of the fleet's figures: many cheap PBXs in their own process and a stand-in Telegram in this one. Of a hundred
PBXs one refuses connections and one takes 20 s to answer.
"""

import asyncio
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bot.demo import telegram
from tests.benchmarks.measured.chats import Chats
from tests.benchmarks.measured.stage import KEY, PROGRAM, TOKENS, running, serving
from tests.fixtures import stores
from tests.fixtures.paths import ROOT

Running = AbstractAsyncContextManager[asyncio.subprocess.Process]

BARE_POLLS = ("-m", "tests.benchmarks.reference.bare_polls")
EVERY = 10.0
DEAD, SLOW = 50, 25
ADMIN = 1001


def name(number: int) -> str:
    return f"s{number:04}"


def is_well(number: int) -> bool:
    return number % 100 not in (DEAD, SLOW)


@dataclass(frozen=True)
class Load:
    """`nowhere` is an address without a listener, `metrics` the address of the program's metrics."""

    chats: Chats
    telegram_address: str
    pbxs_address: str
    pbxs_pid: int
    nowhere: str
    metrics: str
    folder: Path

    def address(self, number: int) -> str:
        match number % 100:
            case n if n == DEAD:
                return f"{self.nowhere}/{name(number)}"
            case n if n == SLOW:
                return f"{self.pbxs_address}/slow/{name(number)}"
        return f"{self.pbxs_address}/{name(number)}"

    def settings(self, stations: int, **more: str) -> dict[str, str]:
        """Return the program's settings, with an empty database and a new stations file. Calls are not counted."""
        for file in self.folder.glob("bot.sqlite3*"):
            file.unlink()
        shutil.copy(stores.empty(), self.folder / "bot.sqlite3")
        file = self.folder / "stations.toml"
        file.write_text(
            "".join(
                f'[[station]]\nname = "{name(n)}"\ntitle = "Station {n}"\nurl = "{self.address(n)}"\nkey = "{KEY}"\n\n'
                for n in range(1, stations + 1)
            )
        )
        return {
            "TELEGRAM_TOKEN": self.chats.token,
            "TELEGRAM_API_URL": self.telegram_address,
            "STATIONS_FILE": str(file),
            "POLL_INTERVAL": f"{EVERY:g}",
            "ADMINS": str(ADMIN),
            "VIEWERS": str(self.chats.people[0]),
            "DATABASE_URL": f"sqlite:///{self.folder / 'bot.sqlite3'}",
            "HEALTH_ADDRESS": self.metrics.removeprefix("http://"),
            "CALL_METRICS": "false",
            **more,
        }

    def program(self, stations: int, **more: str) -> Running:
        return running(self.folder, PROGRAM, self.settings(stations, **more))

    def bare(self, stations: int) -> Running:
        roots = self.folder / "roots"
        roots.write_text("\n".join(self.address(n) for n in range(1, stations + 1)))
        return running(self.folder, BARE_POLLS, {"PBX_API_KEY": KEY, "ROOTS": str(roots)})

    async def moments(self) -> dict[str, list[float]]:
        """Return the times at which each PBX was asked for its trunk states, and under EVERYTHING all requests."""
        async with httpx.AsyncClient(timeout=30) as http:
            found: dict[str, list[float]] = (await http.get(f"{self.pbxs_address}/moments")).json()
            return found

    async def is_listening(self, within: float = 120) -> float:
        """Return the time at which the program began to receive updates."""
        ends = time.monotonic() + within
        while "listening" not in (self.folder / "log").read_text():
            if time.monotonic() > ends:
                raise TimeoutError("the program does not listen")
            await asyncio.sleep(0.05)
        return time.monotonic()

    async def begun_late(self) -> float:
        """Return the percentage of polls that began more than a second late, by the program's metrics."""
        async with httpx.AsyncClient(timeout=30) as http:
            lines = (await http.get(f"{self.metrics}/metrics")).text.splitlines()
        told = dict(line.rsplit(" ", 1) for line in lines if line.startswith("mikopbx_bot_poll_lateness"))
        within = float(told['mikopbx_bot_poll_lateness_seconds_bucket{le="1.0"}'])
        return 100 * (1 - within / float(told["mikopbx_bot_poll_lateness_seconds_count"]))


@asynccontextmanager
async def load() -> AsyncIterator[Load]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mikopbx-bot-fleet-")))
        chats = Chats(TOKENS[0], 1)
        telegram_address = await stack.enter_async_context(serving(telegram.app(chats.telegram)))
        pbxs = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.benchmarks.measured.many_pbxs", cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        stack.callback(pbxs.kill)
        assert pbxs.stdout is not None
        pbxs_address = (await pbxs.stdout.readline()).decode().strip()
        await asyncio.to_thread(stores.empty)
        yield Load(chats, telegram_address, pbxs_address, pbxs.pid, _free_address(), _free_address(), folder)


def _free_address() -> str:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{sock.getsockname()[1]}"
