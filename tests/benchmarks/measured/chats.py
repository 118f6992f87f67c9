"""A stand-in Telegram with many people in it, who ask and are answered; it has a stopwatch.

A question begins when its update can be had, and ends when its answer has been taken by Telegram."""

import asyncio
import time
from contextlib import suppress
from typing import Any

from bot.demo import telegram
from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.client.messages import send

Json = dict[str, Any]

SHOWING = frozenset({"sendMessage", "editMessageText"})
# Nobody's answer, but what somebody is shown whose turn at the PBX is long in coming.
TURN_COMES = "your turn comes in"


class Chats:
    """Everybody has opened the private chat with the bot. Telegram's limits are kept, as it keeps them itself."""

    def __init__(self, token: str, people: int) -> None:
        self.token = token
        self.telegram = telegram.populated(token)
        self.telegram.log.heard = self._heard
        self.people = [self._person(number) for number in range(1, people + 1)]
        self._last_call = time.monotonic()
        self._waiting: dict[int, asyncio.Future[float]] = {}
        self._shown: dict[int, Json] = {}

    def _person(self, number: int) -> int:
        person = self.telegram.new_person(f"Person {number}", language_code="en")
        person.started = True
        return person.id

    def says(self, person: int, text: str) -> float:
        """When the bot can have it, in seconds of the monotonic clock."""
        send(self.telegram, Params({"as": person, "chat": person, "text": text}))
        return time.monotonic()

    async def asks(self, person: int, text: str, within: float = 120) -> float:
        """Seconds until the answer is there."""
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[person] = answered
        begun = self.says(person, text)
        return await asyncio.wait_for(answered, within) - begun

    async def ask_at_once(self, people: list[int], text: str) -> list[float]:
        """All of them at the same moment; seconds until each has the answer."""
        return list(await asyncio.gather(*(self.asks(person, text) for person in people)))

    async def is_quiet(self, seconds: float = 1.5) -> None:
        """Waits until the bot has asked nothing but for updates for so long: then its start is over, and Telegram's
        limits count from nothing."""
        while (left := self._last_call + seconds - time.monotonic()) > 0:  # noqa: ASYNC110 (each call puts it off)
            await asyncio.sleep(left)

    def shown(self, person: int) -> Json:
        """The parameters of the last message that the person was sent."""
        return self._shown[person]

    def _heard(self, call: Json) -> None:
        now = time.monotonic()
        if call["method"] != "getUpdates":
            self._last_call = now
        if call["method"] not in SHOWING or not call["ok"]:
            return
        params = call["params"]
        if TURN_COMES in str(params.get("text")):
            return
        person = int(params["chat_id"])
        self._shown[person] = params
        with suppress(KeyError, asyncio.InvalidStateError):
            self._waiting.pop(person).set_result(now)
