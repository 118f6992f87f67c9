"""What a reply has sent, and its conclusion stores: keyboards, the question that the next text answers, rows of the
outbox."""

from collections.abc import Callable
from functools import partial

from bot.runtime.waiting import Signal
from bot.store.database import Database, Session
from bot.store.messages import keyboards
from bot.store.messages.unstored_keyboards import UnstoredKeyboards
from bot.store.tables.messages import Keyboard

Write = Callable[[Session], object]


class UnstoredReply:
    """`wake`: wakes the delivery worker after the commit of a row of the outbox."""

    def __init__(self, unstored_keyboards: UnstoredKeyboards, wake: Signal) -> None:
        self._all_keyboards = unstored_keyboards
        self._wake = wake
        self._writes: list[Write] = []
        self._keyboards: list[Keyboard] = []
        self._is_queued = False

    def add(self, write: Write, *, is_outbox: bool = False) -> None:
        self._writes.append(write)
        self._is_queued |= is_outbox

    def add_keyboard(self, keyboard: Keyboard) -> None:
        """Add a keyboard before it is sent: Telegram may take even a message whose sending fails."""
        self._all_keyboards.add(keyboard.id)
        self._keyboards.append(keyboard)

    async def store_keyboards(self, database: Database) -> None:
        """Store the keyboards before they are sent; the ids of their messages follow with the rest."""
        await database.run(keyboards.insert_all, self._keyboards)
        for keyboard in self._keyboards:
            self._all_keyboards.discard(keyboard.id)
            self._writes.append(partial(_store_message_id, keyboard=keyboard))
        self._keyboards = []

    def write(self, session: Session) -> None:
        """Write to the caller's session; call `end` after its commit, or when there is none."""
        if self._keyboards:
            keyboards.insert_all(session, self._keyboards)
        for write in self._writes:
            write(session)

    def end(self) -> None:
        """Let presses go on that wait for their buttons, and have queued messages delivered."""
        for keyboard in self._keyboards:
            self._all_keyboards.discard(keyboard.id)
        if self._is_queued:
            self._wake.send()
        self._writes, self._keyboards, self._is_queued = [], [], False

    async def store(self, database: Database) -> None:
        """Store in a transaction of its own."""
        try:
            if self._writes or self._keyboards:
                await database.run(self.write)
        finally:
            self.end()


def _store_message_id(session: Session, keyboard: Keyboard) -> None:
    if keyboard.message_id is not None:
        keyboards.set_message_id(session, keyboard.id, keyboard.message_id)
