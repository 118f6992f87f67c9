"""Observer of updates, independent of their handling."""

from collections.abc import Mapping
from typing import Any

from telegram import Update

from bot.store.database import Session
from bot.store.messages.inbox import LeftOver
from bot.telegram.chat_access import ChatAccess
from bot.telegram.updates.summary import UpdateSummary


class UpdateObserver:
    """Callbacks of the queue, without effect by default. Those with a session run in the transaction that stores the
    update."""

    def heard(self, update: Update) -> None:
        """An update was queued for its handler."""

    def noticed(self, chat: int, message: int) -> None:
        """A message was received that is not parsed."""

    def observed(self, chat: int, payload: Mapping[str, Any]) -> None:
        """A member joined or left; the raw update is not parsed."""

    async def door(self, session: Session, door: ChatAccess) -> None:
        """The access of the bot to a chat has changed."""

    async def not_read(self, session: Session, seen: UpdateSummary) -> None:
        """An update was dropped, since the queue of its chat is full."""

    async def set_aside(self, session: Session, left: LeftOver) -> None:
        """A poison update was set aside: it ended the program too often."""
