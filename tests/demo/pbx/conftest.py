import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from copy import copy
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import httpx
import pytest
import uvicorn

from bot.demo.pbx import PbxProtocol, StandinPbx, app
from bot.demo.pbx.telephony.cdr import RecordTable, Row
from tests.fixtures.paths import RECORDINGS

KEY = "ab" * 32
MONDAY_MORNING = datetime(2026, 11, 23, 11, 0, tzinfo=ZoneInfo("Europe/Moscow")).timestamp()


class Clock:
    """Clock that advances only on demand."""

    def __init__(self) -> None:
        self.time = MONDAY_MORNING

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@cache
def _month() -> RecordTable:
    """Call records of the month before the clock begins: copying takes a tenth of the time of generating."""
    return StandinPbx(api_key=KEY, now=Clock(), traffic=False).records


class _WithCopiedMonth(StandinPbx):
    def _past_month(self) -> RecordTable:
        records = copy(_month())
        records.rows = [dict(row) for row in records.rows]
        records._random = copy(records._random)
        return records


@pytest.fixture
def pbx(clock: Clock) -> StandinPbx:
    """PBX without traffic and without response times."""
    return _WithCopiedMonth(api_key=KEY, now=clock, traffic=False)


@pytest.fixture(scope="session")
def month() -> list[Row]:
    """Call records of the month of a new station; read only."""
    return StandinPbx(now=Clock()).records.rows


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the seconds that answers would take, without waiting."""
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr("bot.demo.pbx.web.front.sleep", sleep)
    return asked


def client_of(pbx: StandinPbx, address: str = "10.0.0.9", header: str | None = f"Bearer {KEY}") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app(pbx), client=(address, 40000))
    headers = {} if header is None else {"Authorization": header}
    return httpx.AsyncClient(transport=transport, base_url="http://pbx/pbxcore/api/v3", headers=headers)


@pytest.fixture
async def api(pbx: StandinPbx) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(pbx) as client:
        yield client


@pytest.fixture
async def control(pbx: StandinPbx) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app(pbx))
    async with httpx.AsyncClient(transport=transport, base_url="http://pbx/control") as client:
        yield client


@pytest.fixture
def from_address() -> Callable[[StandinPbx, str, str | None], httpx.AsyncClient]:
    return client_of


@pytest.fixture
def recording() -> Callable[[str], dict[str, object]]:
    def find(number: str) -> dict[str, object]:
        [path] = RECORDINGS.glob(f"{number}_*.json")
        exchange: dict[str, object] = json.loads(path.read_text())
        return exchange

    return find


@pytest.fixture
def served(pbx: StandinPbx) -> Iterator[str]:
    """Yield the address of the stand-in on a real socket."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        config = uvicorn.Config(app(pbx), http=PbxProtocol, ws="none", lifespan="off", log_level="critical")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([sock],))
        thread.start()
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        server.should_exit = True
        thread.join()
