import asyncio
import itertools
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC

import pytest
import uvicorn
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.messages.renderer import Renderer
from bot.store.database import Store
from bot.telegram.delivery.rate_limiter import Pace
from bot.telegram.delivery.sender import Messenger
from bot.telegram.delivery.worker import Courier
from tests.fixtures.paths import TESTS
from tests.telegram.delivery.delivery_harness import Office
from tests.telegram.fake_telegram import FakeTelegram

TOKEN = "1234567890:" + "A" * 35
# The stand-in speaks plain HTTP; loading the machine's certificates takes longer than most tests.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TEMPLATES = TESTS / "messages" / "templates"


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    fake = FakeTelegram()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        fake.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(fake.app(), lifespan="off", ws="none", log_level="critical")
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        yield fake
        # The server's own shutdown waits 0.2 s.
        for listening in server.servers:
            listening.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)


@pytest.fixture
def pace() -> Pace:
    """Rate limiter with a clock so fast that only a chat paused by a test ever waits."""
    return Pace(clock=itertools.count(0.0, 100.0).__next__)


@pytest.fixture
async def messenger(telegram: FakeTelegram, store: Store, pace: Pace) -> AsyncIterator[Messenger]:
    bot = Bot(
        TOKEN,
        base_url=f"{telegram.address}/bot",
        base_file_url=f"{telegram.address}/file/bot",
        request=HTTPXRequest(connection_pool_size=8, httpx_kwargs={"verify": PLAIN}),
        get_updates_request=HTTPXRequest(httpx_kwargs={"verify": PLAIN}),
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
