"""Health monitor: four signals with the time as an argument, heartbeats while healthy, and systemd's notifications."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.config.errors import WrongSettings
from bot.config.loading import load_settings
from bot.health import heartbeat
from bot.health.heartbeat import Heartbeat
from bot.health.monitor import HealthMonitor, HealthSignals, problems
from bot.runtime.systemd import ServiceManager
from bot.runtime.watchdog import STALLED_AFTER, LoopWatchdog
from tests.end_to_end.harness import ordinary_settings

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(minutes=10)
SILENCE = timedelta(seconds=120)
GOOD: dict[str, object] = {
    "updates": NOW,
    "polls": {"Head office": NOW, "Branch": NOW},
    "tick": NOW,
    "store_read": NOW,
    "oldest_due": None,
}


def wrong(signs: dict[str, object] | None = None, started: datetime = LONG_AGO) -> list[str]:
    return problems(HealthSignals(**GOOD | (signs or {})), now=NOW, started=started, poll_silence=SILENCE)  # type: ignore[arg-type]


def test_a_bot_that_hears_looks_and_delivers_is_well() -> None:
    assert wrong() == []
    assert wrong({"oldest_due": NOW - timedelta(seconds=100)}) == []


def test_one_of_many_pbxs_that_is_silent_is_an_outage_and_no_fault_of_the_bot() -> None:
    assert wrong({"polls": {"Head office": NOW, "Branch": LONG_AGO}}) == []


@pytest.mark.parametrize(
    ("sign", "said"),
    [
        ({"updates": LONG_AGO}, "Telegram: no updates since 2026-11-23 13:50:00 UTC; look at"),
        ({"polls": {"Branch": LONG_AGO}}, "PBX Branch: no good answer since 2026-11-23 13:50:00"),
        ({"polls": {"Branch": LONG_AGO, "Plant": LONG_AGO}}, "PBXs: no good answer from any of 2; look at the network"),
        ({"tick": LONG_AGO}, "alerts: nothing that was due could be done since 2026-11-23 13:50:00"),
        ({"store_read": LONG_AGO}, "store: cannot be read since 2026-11-23 13:50:00"),
        ({"oldest_due": LONG_AGO}, "outbox: a message waits since 2026-11-23 13:50:00"),
    ],
)
def test_each_silence_is_named_with_its_beginning(sign: dict[str, object], said: str) -> None:
    (line,) = wrong(sign)
    assert line.startswith(said)


def test_a_bot_that_has_just_started_is_given_time() -> None:
    nothing: dict[str, object] = {"updates": None, "polls": {"A": None}, "tick": None, "store_read": None}
    assert wrong(nothing, started=NOW) == []
    assert len(wrong(nothing)) == 4


@dataclass
class Scene:
    """Health monitor whose signals a test sets."""

    now: datetime = NOW
    updates: datetime | None = NOW
    poll: datetime | None = NOW
    due: datetime | None = None
    refuses: Exception | None = None
    life: HealthMonitor = field(init=False)

    def __post_init__(self) -> None:
        self.life = HealthMonitor(
            clock=lambda: self.now,
            sources=self,
            poll_silence=SILENCE,
        )

    @property
    def last_updates(self) -> datetime | None:
        return self.updates

    @property
    def last_polls(self) -> dict[str, datetime | None]:
        return {"Head office": self.poll}

    @property
    def last_tick(self) -> datetime | None:
        return self.now

    async def oldest_due(self) -> datetime | None:
        if self.refuses:
            raise self.refuses
        return self.due


async def test_a_store_that_cannot_be_read_is_a_reason_and_no_failure() -> None:
    scene = Scene()
    await scene.life.check()
    scene.refuses = OSError("disk full")
    scene.now = scene.updates = scene.poll = NOW + timedelta(seconds=61)
    await scene.life.check()
    assert [line.split(":")[0] for line in scene.life.problems()] == ["store"]
    scene.refuses = None
    await scene.life.check()
    assert scene.life.problems() == []


async def test_well_is_only_who_has_proven_it() -> None:
    """A program that restarts every minute without working reports no problem yet."""
    scene = Scene(updates=None, poll=None)
    await scene.life.check()
    assert scene.life.problems() == []
    assert not scene.life.is_healthy()
    scene.updates = NOW
    assert not scene.life.is_healthy()
    scene.poll = NOW
    assert scene.life.is_healthy()
    scene.due = LONG_AGO
    await scene.life.check()
    scene.now += timedelta(seconds=1)
    assert not scene.life.is_healthy()


class Monitor:
    """Receiver of heartbeats."""

    def __init__(self) -> None:
        self.status = "200 OK"
        self.calls: list[str] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls.append((await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[0])
        elsewhere = "Location: /elsewhere\r\n" if self.status.startswith("3") else ""
        writer.write(f"HTTP/1.1 {self.status}\r\n{elsewhere}Content-Length: 0\r\n\r\n".encode())
        writer.close()


@asynccontextmanager
async def listening(monitor: Monitor, port: int = 0) -> AsyncIterator[int]:
    async with await asyncio.start_server(monitor.answer, "127.0.0.1", port) as server:
        yield server.sockets[0].getsockname()[1]


class Health:
    def is_healthy(self) -> bool:
        return True


async def test_each_change_of_how_the_heartbeat_fares_is_one_line_without_its_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    monitor = Monitor()
    async with listening(monitor) as port:
        beating = Heartbeat(SecretStr(f"http://127.0.0.1:{port}/ping/s3cret"), Health())
        for status in ("200 OK", "200 OK", "301 Moved", "301 Moved"):
            monitor.status = status
            await beating.beat()
    for _ in range(2):
        await beating.beat()
    monitor.status = "200 OK"
    async with listening(monitor, port):
        await beating.beat()
    logged = capsys.readouterr().out
    assert [logged.count(word) for word in ("heartbeat delivered", "HTTP 301", "ConnectError")] == [2, 1, 1]
    assert "s3cret" not in logged
    assert monitor.calls == ["GET /ping/s3cret HTTP/1.1"] * 5


async def test_the_heart_beats_only_while_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "EVERY", 0.0)
    monkeypatch.setattr(heartbeat, "CHECK_EVERY", 0.0)
    stop, beats = asyncio.Event(), 0
    signs = [False, True, True, False, False, True]

    class Changing:
        def is_healthy(self) -> bool:
            if len(signs) == 1:
                stop.set()
            return signs.pop(0)

    async def beat() -> None:
        nonlocal beats
        beats += 1

    beating = Heartbeat(SecretStr("http://127.0.0.1:9"), Changing())
    monkeypatch.setattr(beating, "beat", beat)
    await asyncio.wait_for(beating.run(stop), 30)
    assert beats == 3


@pytest.mark.parametrize(
    ("url", "is_right"),
    [
        ("https://hc-ping.com/0a1b2c3d-secret", True),
        ("http://192.168.1.5:3001/api/push/abcdefghij?status=up", True),
        ("http://uptime-kuma:3001/api/push/abcdefghij", True),
        ("http://localhost/abcdefghij", True),
        ("http://hc-ping.com/0a1b2c3d-secret", False),
        ("http://8.8.8.8/0a1b2c3d-secret", False),
        ("0a1b2c3d-secret", False),
        ("ftp://hc-ping.com/0a1b2c3d-secret", False),
    ],
)
def test_the_address_of_the_heartbeat_is_a_secret_and_travels_as_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, is_right: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (ordinary_settings("http://127.0.0.1:9", tmp_path) | {"HEARTBEAT_URL": url}).items():
        monkeypatch.setenv(name, value)
    if not is_right:
        with pytest.raises(WrongSettings, match="HEARTBEAT_URL") as wrong:
            load_settings()
        assert "0a1b2c3d" not in str(wrong.value)
        return
    secrets = load_settings().secrets()
    assert url in secrets
    assert any(secret in ("0a1b2c3d-secret", "abcdefghij") for secret in secrets)


def test_a_loop_that_does_not_come_round_is_named_whatever_the_clock_on_the_wall_says() -> None:
    now = 0.0
    turns = LoopWatchdog(lambda: now)
    ticker, delivery_worker = turns.register("ticker"), turns.register("delivery worker")
    now = STALLED_AFTER
    ticker.mark_alive()
    assert turns.stalled() == []
    now += 1
    assert turns.stalled() == ["delivery worker"]
    delivery_worker.mark_alive()
    assert turns.stalled() == []


@pytest.mark.parametrize("abstract", [False, True])
async def test_systemd_is_notified_but_not_by_a_program_that_hangs(tmp_path: Path, abstract: bool) -> None:
    name = f"@mikopbx-bot-{os.getpid()}-{id(tmp_path)}" if abstract else str(tmp_path / "n")
    hung: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + name[1:] if abstract else name)
        systemd.setblocking(False)
        manager = ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": str(os.getpid())})
        assert manager.every == 0.01
        stop = asyncio.Event()
        telling = asyncio.create_task(manager.keep_notified(lambda: hung, lambda: ["PBX A: no\ngood answer"], stop))

        async def heard(wanted: str) -> str:
            async with asyncio.timeout(30):
                while True:
                    told = (await asyncio.get_running_loop().sock_recv(systemd, 1000)).decode()
                    if told == wanted:
                        return told

        await heard("WATCHDOG=1\nSTATUS=PBX A: no good answer")
        hung.append("ticker")
        await heard("STATUS=PBX A: no good answer")
        stop.set()
        await asyncio.wait_for(telling, 30)
        manager.ready("listening")
        await heard("READY=1\nSTATUS=listening")
        manager.stopping()
        await heard("STOPPING=1\nSTATUS=ending")


def test_without_systemd_nobody_is_notified_and_a_watchdog_of_another_program_is_not_ours() -> None:
    ServiceManager({}).ready("listening")
    ServiceManager({"NOTIFY_SOCKET": "/no/such/socket"}).ready("listening")
    assert ServiceManager({"WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"}).every == ServiceManager({}).every


@pytest.mark.parametrize("by", [timedelta(hours=3), timedelta(hours=-3)])
async def test_what_was_good_a_moment_before_the_clock_was_set_still_is(by: timedelta) -> None:
    scene = Scene(updates=NOW - timedelta(seconds=40), due=NOW)
    life = scene.life
    await life.check()
    assert life.is_healthy()
    scene.now = scene.poll = NOW + by
    life.shift_clock(NOW, by)
    assert life.is_healthy()
    scene.now += timedelta(seconds=55)
    scene.poll = scene.now
    assert life.is_healthy()
    scene.now += timedelta(seconds=30)
    scene.poll = scene.now
    since = f"{NOW - timedelta(seconds=40) + by:%Y-%m-%d %H:%M:%S} UTC"
    assert f"Telegram: no updates since {since}" in life.problems()[0]
