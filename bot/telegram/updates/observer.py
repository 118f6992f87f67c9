"""Observer of updates, independent of their handling."""

from collections.abc import Mapping
from typing import Any

from telegram import Update

from bot.store.database import Session
from bot.store.messages.inbox import UnfinishedUpdate
from bot.telegram.chat_access import ChatAccess
from bot.telegram.updates.summary import UpdateSummary


class UpdateObserver:
    """Callbacks of the queue, without effect by default. Those with a session use the one that stores or finishes the
    update."""

    def on_update(self, update: Update) -> None:
        """Observe an update that was queued for its handler."""

    def on_unparsed_message(self, chat: int, message: int) -> None:
        """Observe a message that is not parsed."""

    def on_member_change(self, chat: int, payload: Mapping[str, Any]) -> None:
        """Observe a member that joined or left; the raw update is not parsed."""

    def on_chat_access(self, session: Session, access: ChatAccess) -> None:
        """Observe a change of the bot's access to a chat."""

    def on_queue_full(self, session: Session, summary: UpdateSummary) -> None:
        """Observe an update dropped since the queue of its chat is full."""

    def on_poison(self, session: Session, update: UnfinishedUpdate) -> None:
        """Observe a poison update that was set aside: it ended the program too often."""
