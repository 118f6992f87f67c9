import asyncio
import itertools
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, tzinfo

import pytest
import uvicorn
from sqlalchemy.orm import Session
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.messages.renderer import Renderer
from bot.store.database import Database
from bot.store.tables.messages import Outgoing
from bot.telegram.delivery.rate_limiter import RateLimiter
from bot.telegram.delivery.sender import Sender
from bot.telegram.delivery.worker import DeliveryWorker
from tests.fixtures.paths import TESTS
from tests.telegram.delivery.delivery_harness import DeliveryHarness
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
def pace() -> RateLimiter:
    """Rate limiter with a clock so fast that only a chat paused by a test ever waits."""
    return RateLimiter(clock=itertools.count(0.0, 100.0).__next__)


@pytest.fixture
async def sender(telegram: FakeTelegram, database: Database, pace: RateLimiter) -> AsyncIterator[Sender]:
    bot = Bot(
        TOKEN,
        base_url=f"{telegram.address}/bot",
        base_file_url=f"{telegram.address}/file/bot",
        request=HTTPXRequest(connection_pool_size=8, httpx_kwargs={"verify": PLAIN}),
        get_updates_request=HTTPXRequest(httpx_kwargs={"verify": PLAIN}),
    )
    pool = bot.request
    await pool.initialize()
    yield Sender(bot, database, Renderer("en", TEMPLATES), pace)
    await pool.shutdown()


class NoFleet:
    """Of stations in UTC, that notify no one else of what cannot be delivered."""

    def zone(self, name: str) -> tzinfo:
        return UTC

    def on_undeliverable(self, session: Session, message: Outgoing, reason: str, newly_closed: bool) -> str | None:
        return None

    def on_chat_unblocked(self, session: Session, chat: int, since: datetime) -> None:
        return None


@pytest.fixture
def delivery(database: Database, sender: Sender) -> DeliveryHarness:
    delivery = DeliveryHarness(database)
    delivery.delivery_worker = DeliveryWorker(database, sender, NoFleet(), delivery.clock)
    return delivery
