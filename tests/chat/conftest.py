import asyncio
import itertools
import socket
from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path

import pytest
import uvicorn
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.chat.courier import Courier
from bot.chat.messenger import Messenger
from bot.chat.pace import Pace
from bot.chat.render import Renderer
from bot.store.database import Store
from tests.chat.fake_telegram import FakeTelegram
from tests.chat.office import Office, eventually

TOKEN = "1234567890:" + "A" * 35
TEMPLATES = Path(__file__).parent / "templates"


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    fake = FakeTelegram()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        fake.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(fake.app(), lifespan="off", ws="none", log_level="critical"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await eventually(lambda: server.started)
        yield fake
        server.should_exit = True
        await serving


@pytest.fixture
def pace() -> Pace:
    """Its clock runs so fast that only a chat told to wait by a test ever waits."""
    return Pace(clock=itertools.count(0.0, 100.0).__next__)


@pytest.fixture
async def messenger(telegram: FakeTelegram, store: Store, pace: Pace) -> AsyncIterator[Messenger]:
    bot = Bot(
        TOKEN,
        base_url=f"{telegram.address}/bot",
        base_file_url=f"{telegram.address}/file/bot",
        request=HTTPXRequest(connection_pool_size=8),
    )
    pool = bot.request
    await pool.initialize()
    yield Messenger(bot, store, Renderer("en", TEMPLATES), pace)
    await pool.shutdown()


@pytest.fixture
def office(store: Store, messenger: Messenger) -> Office:
    office = Office(store)
    office.courier = Courier(store, messenger, lambda _station: UTC, office.clock)
    return office
