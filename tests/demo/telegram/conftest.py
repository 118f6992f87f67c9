from collections.abc import AsyncIterator

import httpx
import pytest
from telegram import Bot

from bot.demo.telegram import Telegram, app, populated
from tests.demo.telegram.standin import PLAIN, Clock, Inbox, People, ptb, serving


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> Telegram:
    return populated(now=clock)


@pytest.fixture
async def address(world: Telegram) -> AsyncIterator[str]:
    async with serving(app(world)) as where:
        yield where


@pytest.fixture
async def bot(address: str) -> AsyncIterator[Bot]:
    async with ptb(address) as one:
        yield one


@pytest.fixture
async def people(address: str, world: Telegram) -> AsyncIterator[People]:
    async with httpx.AsyncClient(base_url=address, transport=httpx.AsyncHTTPTransport(verify=PLAIN)) as http:
        yield People(http, world.bot.id)


@pytest.fixture
def inbox(bot: Bot) -> Inbox:
    return Inbox(bot)
