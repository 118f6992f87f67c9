"""Stand-in Telegram with many people, that measures the bot's response times.

A measurement begins when the update is available, and ends when Telegram has accepted the answer.
"""

import asyncio
import time
from contextlib import suppress
from typing import Any

from bot.demo import telegram
from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.client.messages import send

Json = dict[str, Any]

SHOWING = frozenset({"sendMessage", "editMessageText"})
# Notice to a request that waits for the PBX's rate limit; not an answer.
TURN_COMES = "your turn comes in"
READING = "Reading calls"


class Chats:
    """All people have opened their private chats with the bot. Telegram's rate limits apply."""

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
        """Return the time at which the update is available, in seconds of the monotonic clock."""
        send(self.telegram, Params({"as": person, "chat": person, "text": text}))
        return time.monotonic()

    async def asks(self, person: int, text: str, within: float = 120) -> float:
        """Return the seconds until the answer."""
        answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[person] = answered
        begun = self.says(person, text)
        return await asyncio.wait_for(answered, within) - begun

    async def ask_at_once(self, people: list[int], text: str) -> list[float]:
        """Ask for all people at once; return each one's seconds until the answer."""
        return list(await asyncio.gather(*(self.asks(person, text) for person in people)))

    async def is_quiet(self, seconds: float = 1.5) -> None:
        """Wait until the bot has sent only getUpdates for `seconds`: its start is over, the rate limits are unused."""
        while (left := self._last_call + seconds - time.monotonic()) > 0:  # noqa: ASYNC110 (each call extends it)
            await asyncio.sleep(left)

    def shown(self, person: int) -> Json:
        """Return the parameters of the last message sent to the person."""
        return self._shown[person]

    def _heard(self, call: Json) -> None:
        now = time.monotonic()
        if call["method"] != "getUpdates":
            self._last_call = now
        if call["method"] not in SHOWING or not call["ok"]:
            return
        params = call["params"]
        if any(progress in str(params.get("text")) for progress in (TURN_COMES, READING)):
            return
        person = int(params["chat_id"])
        self._shown[person] = params
        with suppress(KeyError, asyncio.InvalidStateError):
            self._waiting.pop(person).set_result(now)
