"""Telegram without a network, with faults now and then: rate limits, lost answers, chats that blocked the bot."""

import json
from collections import deque
from random import Random
from typing import Any

from telegram.error import TimedOut
from telegram.request import BaseRequest, RequestData

BLOCKED = 7
BUTTONS_REMEMBERED = 40


class SoakTelegram(BaseRequest):
    """Replacement of the Bot's connections. `buttons` are those still visible, with the chat and the message."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.answered = 0
        self.refused = 0
        self.buttons: deque[tuple[int, int, str]] = deque(maxlen=BUTTONS_REMEMBERED)
        self._message = 0

    @property
    def read_timeout(self) -> float | None:
        return 5.0

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **__: Any
    ) -> tuple[int, bytes]:
        name = url.rpartition("/")[2]
        said: dict[str, Any] = request_data.parameters if request_data else {}
        chat = int(said.get("chat_id", 0))
        fate = self.chance.random()
        if chat == BLOCKED:
            return self._refuses(403, "Forbidden: bot was blocked by the user")
        if fate < 0.02:
            return self._refuses(429, "Too Many Requests", retry_after=self.chance.randint(1, 30))
        if fate < 0.025 and name == "sendMessage":
            raise TimedOut
        if fate < 0.03 and name == "editMessageText":
            return self._refuses(400, "Bad Request: message is not modified")
        self.answered += 1
        return 200, json.dumps({"ok": True, "result": self._result(name, chat, said)}).encode()

    def _refuses(self, code: int, description: str, **parameters: object) -> tuple[int, bytes]:
        self.refused += 1
        return code, json.dumps(
            {"ok": False, "error_code": code, "description": description, "parameters": parameters}
        ).encode()

    def _result(self, name: str, chat: int, said: dict[str, Any]) -> object:
        if name == "getChatMember":
            person = {"id": said["user_id"], "is_bot": False, "first_name": "A"}
            return {"status": "member", "user": person}
        if name not in ("sendMessage", "editMessageText"):
            return True
        self._message += name == "sendMessage"
        message = int(said.get("message_id", self._message))
        for row in (said.get("reply_markup") or {}).get("inline_keyboard", ()):
            self.buttons.extend((chat, message, one["callback_data"]) for one in row if "callback_data" in one)
        kind = "private" if chat > 0 else "supergroup"
        return {"message_id": message, "date": 1, "chat": {"id": chat, "type": kind}, "text": str(said.get("text"))}
