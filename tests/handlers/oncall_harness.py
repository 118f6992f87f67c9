"""Dispatcher harness with people on call and a chat whose texts are rendered."""

from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from sqlalchemy import select

from bot.access.policy import Destination, Grant
from bot.messages.message import Message
from bot.store.access import contacts
from bot.store.access.contacts import Contact
from bot.store.database import Database
from bot.store.tables.messages import Keyboard, Outgoing
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import GROUP, DispatcherHarness
from tests.handlers.recording_chat import Chat
from tests.handlers.update_factory import NOW
from tests.messages.renderers import renderer

ADMIN, BORIS, VERA, OLEG = 1001, 1002, 1003, 1004
GRANTS = (Grant(ADMIN, "admin"), Grant(BORIS, "operator"), Grant(VERA, "viewer"), Grant(OLEG, "operator"))
RENDERER = renderer()


def rendered(template: str, facts: dict[str, Any]) -> str:
    return RENDERER.text(template, facts, zone=UTC, now=NOW).replace("\u2060", "")


@dataclass
class ReadableChat(Chat):
    """`read` is the rendered texts in order."""

    read: list[tuple[int, str]] = field(default_factory=list)
    buttons: list[list[str]] = field(default_factory=list)

    async def send(self, to: Destination, message: Message, *, keyboard: Keyboard | None = None, **more: Any) -> int:
        self._note(to.chat, message)
        return await super().send(to, message, keyboard=keyboard, **more)

    async def edit(
        self, chat: int, message_id: int, message: Message, *, keyboard: Keyboard | None = None, **more: Any
    ) -> None:
        self._note(chat, message)
        await super().edit(chat, message_id, message, keyboard=keyboard, **more)

    def _note(self, chat: int, message: Message) -> None:
        self.read.append((chat, rendered(message.template, dict(message.facts))))
        self.buttons = [[button.label for button in row] for row in message.buttons]


class OnCallHarness(DispatcherHarness):
    def __init__(self, database: Database, stations: tuple[str, ...] = ()) -> None:
        super().__init__(database, grants=GRANTS, stations=stations)
        self.chat: ReadableChat = ReadableChat()
        self.start()
        for kind in ("commands", "buttons", "answers"):
            mine = {name: one for name, one in getattr(CATALOGUE, kind).items() if name.startswith(("oncall", "quiet"))}
            getattr(self.catalogue, kind).update(mine)

    async def open(self) -> None:
        with self.database.begin() as session:
            for person, name in ((ADMIN, "Anna"), (BORIS, "Boris"), (VERA, "Vera"), (OLEG, "Oleg")):
                contacts.record(session, Contact(person, name, name.lower()))

    async def asks(self, text: str, person: int = ADMIN, chat: int | None = None) -> str:
        """Type the text, in private unless a chat is named; returns the last message."""
        await self.types(text, person, person if chat is None else chat)
        return self.chat.read[-1][1]

    async def press(self, label: str, person: int = ADMIN, chat: int | None = None) -> str:
        """Press a button of the last message; returns the last message afterwards."""
        place = next(
            f"{row}:{column}"
            for row, labels in enumerate(self.chat.buttons)
            for column, one in enumerate(labels)
            if label in one
        )
        await self.presses(self.chat.keyboards[-1], person, person if chat is None else chat, place)
        return self.chat.read[-1][1]

    async def owed(self) -> list[tuple[int, str]]:
        """Return the rendered messages of the outbox, in order."""
        return [(row.chat_id, rendered(row.template, row.facts)) for row in await self.rows()]

    async def rows(self) -> list[Outgoing]:
        with self.database.begin() as session:
            return list((session.execute(select(Outgoing).order_by(Outgoing.id))).scalars())

    async def keyboard_of(self, row: Outgoing) -> Keyboard:
        with self.database.begin() as session:
            found = session.get(Keyboard, row.keyboard_id)
        assert found is not None
        return found


__all__ = ["ADMIN", "BORIS", "GROUP", "NOW", "OLEG", "VERA", "OnCallHarness"]
