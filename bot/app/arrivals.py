"""Pass updates on to the parts that follow them besides the dispatcher."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telegram import Update

from bot.app.fleet import Fleet
from bot.notifications.unhandled_updates import UnhandledUpdates
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.database import Session, Store
from bot.store.messages import blocked_chats
from bot.store.messages.inbox import LeftOver
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
    store: Store
    clock: Clock
    outbox_queued: Signal

    def heard(self, update: Update) -> None:
        if (message := update.effective_message) is not None:
            self.sender.newest.saw(message.chat.id, message.message_id)
        self.menus.heard(update)

    def noticed(self, chat: int, message: int) -> None:
        self.sender.newest.saw(chat, message)

    def observed(self, chat: int, payload: Mapping[str, Any]) -> None:
        self.membership.heard(payload)
        self.menus.heard_from(chat)

    async def door(self, session: Session, door: ChatAccess) -> None:
        """Record the access to a chat, and report a blocked alert chat at once, in the caller's session."""
        if door.blocked is None:
            for chat, since in (await blocked_chats.reopen(session, [door.chat], self.clock())).items():
                await self.fleet.on_chat_unblocked(session, chat, since)
                self.outbox_queued.send()
        elif await blocked_chats.close(session, door.chat, door.blocked, self.clock()):
            await self.fleet.closed(session, door.chat, door.blocked)
            self.outbox_queued.send()

    async def not_read(self, session: Session, seen: UpdateSummary) -> None:
        await self.not_done.not_read(session, seen)

    async def set_aside(self, session: Session, left: LeftOver) -> None:
        await self.not_done.set_aside(session, left)
