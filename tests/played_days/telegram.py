"""Telegram that keeps what a person sees: each message with its texts, its buttons and its sound."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from itertools import count
from re import sub
from typing import Any

from telegram.request import BaseRequest, RequestData

from tests.incident_harness.station import Clock

REPEAT = "🔁"


@dataclass
class Shown:
    """Message in a chat. `texts`: with the time of each, the newest last; `buttons`: data by label; `reply_to`: number
    of another message, 0 for none; `may_repeat`: it came with that note."""

    number: int
    chat: int
    texts: list[tuple[datetime, str]]
    buttons: dict[str, str]
    silent: bool
    reply_to: int
    may_repeat: bool

    @property
    def at(self) -> datetime:
        return self.texts[0][0]

    @property
    def text(self) -> str:
        return self.texts[-1][1]

    @property
    def first_text(self) -> str:
        return self.texts[0][1]

    def text_at(self, moment: datetime) -> str:
        return next((text for at, text in reversed(self.texts) if at <= moment), self.first_text)


@dataclass
class KeptTelegram(BaseRequest):
    """Replacement of the Bot's connections. `told_at`: time of the newest message or edit in each chat."""

    clock: Clock
    messages: dict[int, Shown] = field(default_factory=dict)
    told_at: dict[int, datetime] = field(default_factory=lambda: defaultdict(lambda: datetime.min.replace(tzinfo=UTC)))

    def __post_init__(self) -> None:
        self._numbers = count(1)

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
        return 200, json.dumps({"ok": True, "result": self._result(name, said)}).encode()

    def of_chat(self, chat: int) -> list[Shown]:
        return [message for message in self.messages.values() if message.chat == chat]

    def _result(self, name: str, said: dict[str, Any]) -> object:
        if name == "getChatMember":
            return {"status": "member", "user": {"id": said["user_id"], "is_bot": False, "first_name": "A"}}
        if name not in ("sendMessage", "editMessageText"):
            return True
        text = unescape(sub(r"<[^>]+>", "", str(said["text"])))
        keyboard = (said.get("reply_markup") or {}).get("inline_keyboard", ())
        buttons = {str(button["text"]): str(button["callback_data"]) for row in keyboard for button in row}
        if name == "sendMessage":
            shown = self._sent(text, buttons, said)
        else:
            shown = self.messages[int(said["message_id"])]
            shown.texts.append((self.clock.now, text))
            shown.buttons = buttons
        self.told_at[shown.chat] = self.clock.now
        kind = "private" if shown.chat > 0 else "supergroup"
        return {"message_id": shown.number, "date": 1, "chat": {"id": shown.chat, "type": kind}, "text": text}

    def _sent(self, text: str, buttons: dict[str, str], said: dict[str, Any]) -> Shown:
        number = next(self._numbers)
        replies = int((said.get("reply_parameters") or {}).get("message_id", 0))
        silent = bool(said.get("disable_notification"))
        texts = [(self.clock.now, text)]
        self.messages[number] = Shown(number, int(said["chat_id"]), texts, buttons, silent, replies, REPEAT in text)
        return self.messages[number]
