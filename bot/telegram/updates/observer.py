"""Observer of the updates, before and beside their handling."""

from collections.abc import Mapping
from typing import Any

from telegram import Update

from bot.store.database import Session
from bot.store.messages.inbox import LeftOver
from bot.telegram.chat_access import ChatAccess
from bot.telegram.updates.summary import UpdateSummary


class UpdateObserver:
    """Notified by the queue; does nothing by itself. What is given a session runs in the transaction that stores the
    update."""

    def heard(self, update: Update) -> None:
        """An update arrived; its turn comes later."""

    def noticed(self, chat: int, message: int) -> None:
        """A message that is not parsed arrived."""

    def observed(self, chat: int, payload: Mapping[str, Any]) -> None:
        """A member joined or left; the raw update is not parsed."""

    async def door(self, session: Session, door: ChatAccess) -> None:
        """A chat lets the bot in or shuts it out."""

    async def not_read(self, session: Session, seen: UpdateSummary) -> None:
        """Too much is sent in a chat, and more is dropped."""

    async def set_aside(self, session: Session, left: LeftOver) -> None:
        """The program ended on this update too often."""
