"""Telegram of handler tests: a chat that records messages, and the members of chats."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.access.policy import Destination
from bot.messages.message import Message
from bot.store.tables.messages import Keyboard
from tests.incident_harness.wiring import SilentSender
from tests.messages.button_width import cut_labels

# Labels of the running test that a phone would cut.
CUT_LABELS = set[str]()


@dataclass
class Chat(SilentSender):
    """Replacement of the sender: records messages, and fails on demand."""

    said: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    # All messages as shown, sent or edited.
    shown: list[Message] = field(default_factory=list)
    toasts: list[str | None] = field(default_factory=list)
    keyboards: list[Keyboard] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)

    async def send(self, to: Destination, message: Message, *, keyboard: Keyboard | None = None, **_: Any) -> int:
        if self.failures:
            raise self.failures.pop(0)
        self.said.append((to.chat, message.template, dict(message.facts)))
        self.shown.append(message)
        self._keep(keyboard)
        return len(self.said)

    async def edit(
        self, chat: int, message_id: int, message: Message, *, keyboard: Keyboard | None = None, **_: Any
    ) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.edited.append(message.template)
        self.shown.append(message)
        self._keep(keyboard)

    def _keep(self, keyboard: Keyboard | None) -> None:
        if keyboard is not None:
            self.keyboards.append(keyboard)
            CUT_LABELS.update(cut_labels(keyboard.rows))

    async def answer(self, query_id: str, text: str | None = None, *, alert: bool = False) -> None:
        self.toasts.append(text)

    async def can_write_to(self, person: int) -> bool:
        return True

    async def delete(self, chat: int, message_id: int) -> bool:
        self.deleted.append(message_id)
        return True

    async def leave_chat(self, chat: int) -> None:
        self.left.append(chat)


@dataclass
class Members:
    """Chat members; `answer` replaces Telegram's answer."""

    there: set[tuple[int, int]] = field(default_factory=set)
    answer: Callable[[], bool | None] | None = None
    remembered: set[tuple[int, int]] = field(default_factory=set)
    anonymous: set[int] = field(default_factory=set)
    slow: float = 0.0

    def cached(self, chat: int, person: int) -> bool | None:
        return True if (chat, person) in self.remembered else None

    async def is_member(self, chat: int, person: int) -> bool | None:
        if self.slow:
            await asyncio.sleep(self.slow)
        return self.answer() if self.answer else (chat, person) in self.there

    async def is_anonymous_admin(self, chat: int, person: int) -> bool:
        return person in self.anonymous
