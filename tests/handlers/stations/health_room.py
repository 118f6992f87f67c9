"""A room with the real commands of the health of a PBX: the real dispatcher, database and client of a stand-in PBX."""

import asyncio
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

import httpx

from bot.messages.sanitize import plain
from bot.store.database import Database
from bot.store.tables.messages import Keyboard
from handlers.dispatch.services import Station
from tests.handlers.dispatcher_harness import ANNA
from tests.handlers.forged_updates import CountingTransport, ForgedUpdatesHarness, pressed
from tests.messages.renderers import renderer

if TYPE_CHECKING:
    from collections.abc import Callable


class Wire(CountingTransport):
    """Way to the PBX: `loses` the answer to what the PBX has carried out, `refuses` a request with a body."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.loses: Callable[[str], bool] = lambda _path: False
        self.refuses: dict[str, Any] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        self.asked.append(name)
        if name in self.refuses:
            return httpx.Response(422, json=self.refuses[name], request=request)
        answer = await super().handle_async_request(request)
        if self.loses(name):
            raise httpx.ReadTimeout("lost", request=request)
        return answer


class Room(ForgedUpdatesHarness):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.wire: Wire = Wire()
        self.start()

    def station(self) -> Station:
        async def at_once(_seconds: float) -> None:
            await asyncio.sleep(0)

        return replace(super().station(), pause=at_once)

    def bans(self, *addresses: str) -> None:
        """Ban addresses for three hours from the time of the chat."""
        self.wire.station.banned = {address: self.now.timestamp() for address in addresses}

    async def presses_label(self, label: str, person: int = ANNA) -> None:
        """Press the button of the newest keyboard whose label has these words."""
        keyboard = next(one for one in reversed(self.chat.keyboards) if label in str(one.rows))
        await self.presses_of(keyboard, label, person)

    async def presses_of(self, keyboard: Keyboard, label: str, person: int = ANNA) -> None:
        place = next(
            f"{row}:{column}"
            for row, buttons in enumerate(keyboard.rows)
            for column, button in enumerate(buttons)
            if label in button["label"]
        )
        await pressed(self, keyboard, person, person, place)

    def text(self, language: str = "en") -> str:
        """Return what was shown last."""
        shown = self.chat.shown[-1]
        return plain(renderer(language).text(shown.template, shown.facts, zone=UTC, now=self.now))
