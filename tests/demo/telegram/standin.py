"""The stand-in on its own port, between python-telegram-bot and the client API of people."""

import asyncio
import contextlib
import os
import ssl
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from telegram import Bot, Update
from telegram.request import HTTPXRequest
from uvicorn.server import ServerState

from bot.demo.wire import AbortableProtocol

TOKEN = "7000000001:" + "A" * 35
ANNA, BORIS, VERA, SAM = 1001, 1002, 1003, 1009
ON_CALL, OFFICE = -1001000000001, -1001000000002
# All is plain HTTP: loading the system's certificates would take most of a test's time.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


os.environ.setdefault("PTB_TIMEDELTA", "true")


class Clock:
    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset

    def pass_by(self, seconds: float) -> None:
        self.offset += seconds


class People:
    """Client API: people with phones."""

    def __init__(self, http: httpx.AsyncClient, bot_id: int) -> None:
        self.http = http
        self.bot_id = bot_id

    async def do(self, action: str, **body: object) -> dict[str, Any]:
        answer = await self.http.post(f"/client/{action}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def refused(self, action: str, **body: object) -> tuple[int, str]:
        answer = await self.http.post(f"/client/{action}", json=body)
        return answer.status_code, str(answer.json()["error"])

    async def write(self, who: int, chat: int, text: str, **more: object) -> int:
        return int((await self.do("send", **{"as": who}, chat=chat, text=text, **more))["message_id"])

    async def look(self, action: str, **query: int) -> dict[str, Any]:
        answer = await self.http.get(f"/client/{action}", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def chat(self, who: int, chat: int) -> dict[str, Any]:
        state = await self.look("state", **{"as": who}, chat=chat)
        return next(dict(one) for one in state["chats"] if one["id"] == chat)

    async def messages(self, who: int, chat: int) -> list[dict[str, Any]]:
        return list((await self.chat(who, chat))["messages"])


class Inbox:
    """Updates of the bot, each confirmed once read."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.offset = 0

    async def read(self, allowed: list[str] | None = None, seconds: int = 0) -> list[Update]:
        updates = await self.bot.get_updates(offset=self.offset, timeout=seconds, allowed_updates=allowed)
        if updates:
            self.offset = updates[-1].update_id + 1
        return list(updates)

    async def only(self) -> Update:
        updates = await self.read(seconds=2)
        assert len(updates) == 1, updates
        return updates[0]


@contextlib.asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[str]:
    """Serve with Uvicorn's protocol without its server, whose start and stop take longer than the tests."""
    config = uvicorn.Config(app, http=AbortableProtocol, lifespan="off", ws="none", log_level="critical")
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: AbortableProtocol(config, state, {}), "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for connection in list(state.connections):
        connection.shutdown()
    await asyncio.gather(*state.tasks)
    await asyncio.sleep(0)


def ptb(address: str, token: str = TOKEN) -> Bot:
    requests = [HTTPXRequest(read_timeout=5, httpx_kwargs={"verify": PLAIN}) for _ in range(2)]
    return Bot(
        token,
        base_url=f"{address}/bot",
        base_file_url=f"{address}/file/bot",
        request=requests[0],
        get_updates_request=requests[1],
    )
