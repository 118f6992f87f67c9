"""Pass updates on to the parts that follow them besides the dispatcher."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telegram import Update

from bot.app.fleet import Fleet
from bot.notifications.unhandled_updates import UnhandledUpdates
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.database import Database, Session
from bot.store.messages import blocked_chats
from bot.store.messages.inbox import UnfinishedUpdate
from bot.telegram.chat_access import ChatAccess
from bot.telegram.delivery.sender import Sender
from bot.telegram.membership import Membership
from bot.telegram.updates.observer import UpdateObserver
from bot.telegram.updates.summary import UpdateSummary
from handlers.dialog.menus import Menus


@dataclass(frozen=True, slots=True)
class Arrivals(UpdateObserver):
    sender: Sender
    menus: Menus
    membership: Membership
    not_done: UnhandledUpdates
    fleet: Fleet
    database: Database
    clock: Clock
    outbox_queued: Signal

    def on_update(self, update: Update) -> None:
        if (message := update.effective_message) is not None:
            self.sender.newest.observe(message.chat.id, message.message_id)
        self.menus.on_update(update)

    def on_unparsed_message(self, chat: int, message: int) -> None:
        self.sender.newest.observe(chat, message)

    def on_member_change(self, chat: int, payload: Mapping[str, Any]) -> None:
        self.membership.observe(payload)
        self.menus.retry_refused(chat)

    def on_chat_access(self, session: Session, access: ChatAccess) -> None:
        """Record the access to a chat, and report a blocked alert chat at once, in the caller's session."""
        if access.blocked is None:
            for chat, since in blocked_chats.reopen(session, [access.chat], self.clock()).items():
                self.fleet.on_chat_unblocked(session, chat, since)
                self.outbox_queued.send()
        elif blocked_chats.close(session, access.chat, access.blocked, self.clock()):
            self.fleet.report_blocked_chat(session, access.chat, access.blocked)
            self.outbox_queued.send()

    def on_queue_full(self, session: Session, summary: UpdateSummary) -> None:
        self.not_done.not_read(session, summary)

    def on_poison(self, session: Session, update: UnfinishedUpdate) -> None:
        self.not_done.set_aside(session, update)
