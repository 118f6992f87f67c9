"""Stage of a check: an installation that is sound, over both stand-ins on real HTTP, which a case then spoils."""

import asyncio
import contextlib
import io
import json
import os
import shutil
import socket
import sqlite3
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from bot import cli
from bot.app.check import command, service
from bot.demo import pbx, telegram
from bot.demo.pbx.registration.sights import NEWEST
from bot.store.schema import NEWEST_REVISION
from tests.end_to_end.clock import Clock
from tests.end_to_end.server import Server, serving
from tests.fixtures import stores
from tests.fixtures.certificates import Made

TOKEN = "1234567890:AAtestTestTestTestTestTestTestTestTest0"
KEY = "c0ffee" * 10 + "beef"
PING = "kQ7Zt-heartbeat-secret"
ANNA, BORIS, GROUP, FORUM = 1001, 1002, -1001000000001, -1001000000002
# Secrets that a case may put into a setting; no line may show one.
PASSWORD = "Zx9-proxy-Passw0rd"
AMI_SECRET = "Tr0ub4dor-of-ami"
SECRETS = (TOKEN, KEY, PING, PASSWORD, AMI_SECRET)
WELL = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled", "User": "mikopbx-bot"}


class Switched:
    """Application of the stand-ins that are current: a case has its own, and the server is one for all."""

    app: Starlette

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@dataclass
class Result:
    code: int
    findings: list[dict[str, str]]
    printed: str

    @property
    def wrong(self) -> list[dict[str, str]]:
        return [one for one in self.findings if one["level"] != "ok"]


@dataclass
class Stage:
    """Installation in `folder`: `settings` are written to its .env when it is checked. `off_by`: error of its clock."""

    address: str
    server: Server
    folder: Path
    station: pbx.StandinPbx
    chats: telegram.Telegram
    settings: dict[str, str]
    unit: Mapping[str, str] = field(default_factory=lambda: dict(WELL))
    off_by: timedelta = timedelta(0)
    arguments: tuple[str, ...] = ()
    # Mode of .env, and lines after those of the settings.
    mode: int = 0o600
    more: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.folder / "bot.sqlite3"

    def execute(self, statement: str, *values: Any) -> None:
        with contextlib.closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(statement, values)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off_by

    def control(self, path: str, **body: object) -> None:
        """Use a switch of a stand-in."""
        answer = self.server.ask("POST", path, json=body)
        assert answer.is_success, answer.text

    def behind_tls(self, certificate: Made) -> str:
        """Serve the PBX with this certificate; return the https address."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.file, certificate.key)
        port = int(self.address.rpartition(":")[2])

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pipe(reader, inner_writer), _pipe(inner_reader, writer))

        front = self.server.carry_out(asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=context))
        return f"https://127.0.0.1:{front.sockets[0].getsockname()[1]}"

    def check(self, *arguments: str) -> Result:
        """Run `mikopbx-bot check` and return its result; with --json its findings too."""
        env = self.folder / ".env"
        if not env.exists():
            env.touch()
            env.write_text("".join(f"{name}={value}\n" for name, value in self.settings.items()) + self.more)
            env.chmod(self.mode)
        _write_systemctl(self.folder / "bin" / "systemctl", self.unit)
        written = io.StringIO()
        environment = {"PATH": str(self.folder / "bin"), "HOME": str(self.folder), **self.environment}
        with (
            mock.patch.dict(os.environ, environment, clear=True),
            contextlib.chdir(self.folder),
            mock.patch.object(command, "utc_now", self.now),
            mock.patch.object(service, "CONTAINER_MARKS", (self.folder / ".containerenv",)),
            contextlib.redirect_stdout(written),
            contextlib.redirect_stderr(written),
        ):
            code = cli.main(["check", *self.arguments, *arguments])
        printed = written.getvalue()
        found = json.loads(printed)["findings"] if "--json" in arguments else []
        return Result(code, found, printed)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()


def _write_systemctl(path: Path, unit: Mapping[str, str]) -> None:
    """Write a systemd that knows this unit."""
    path.parent.mkdir(exist_ok=True)
    shown = "\n".join(f"{name}={value}" for name, value in unit.items())
    path.write_text(f"#!/bin/sh\n/bin/cat <<'END'\n{shown}\nEND\n")
    path.chmod(0o700)


@contextmanager
def server(switched: Switched) -> Iterator[Server]:
    with serving([Mount("/", app=switched)], Clock(1.0)) as running:
        yield running


def sound(running: Server, switched: Switched, folder: Path) -> Stage:
    """Return an installation without a fault."""
    station = pbx.StandinPbx(
        name="Head office", api_key=KEY, traffic=False, speed=1e6, dialect=NEWEST, iax_told=True, zone="Europe/Moscow"
    )
    station.ami.secret = AMI_SECRET
    chats = telegram.populated(TOKEN)
    switched.app = Starlette(routes=[*pbx.routes(station), *telegram.routes(chats, {"": station.name})])
    shutil.copy(stores.empty(), folder / "bot.sqlite3")
    (folder / "bot.sqlite3").chmod(0o600)
    settings = {
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API_URL": running.address,
        "PBX_URL": running.address,
        "PBX_API_KEY": KEY,
        "PBX_AMI_URL": running.address,
        "PBX_AMI_USER": station.ami.user,
        "PBX_AMI_SECRET": AMI_SECRET,
        "PBX_NAME": "Head office",
        "ADMINS": str(ANNA),
        "ALERT_CHATS": str(GROUP),
        "DATABASE_URL": f"sqlite:///{folder}/bot.sqlite3",
        "HEARTBEAT_URL": f"{running.address}/ping/{PING}",
    }
    return Stage(running.address, running, folder, station, chats, settings)


def closed_port() -> int:
    """Return a port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
        return number


__all__ = ["NEWEST_REVISION", "SECRETS", "Stage", "Switched", "closed_port", "server", "sound"]
