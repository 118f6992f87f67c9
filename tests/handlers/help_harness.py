"""Dispatcher harness with all commands, and a chat whose texts are rendered."""

from bot.store.database import Database
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import GROUP, DispatcherHarness
from tests.handlers.oncall_harness import ReadableChat
from tests.handlers.recording_chat import Members


class HelpHarness(DispatcherHarness):
    def __init__(self, database: Database, stations: tuple[str, ...] = (), **more: object) -> None:
        super().__init__(database, stations=stations, **more)  # type: ignore[arg-type]
        self.chat: ReadableChat = ReadableChat()
        self.members = Members({(GROUP, person) for person in range(10)})
        self.start()
        for kind in ("commands", "buttons", "answers"):
            getattr(self.catalogue, kind).update(getattr(CATALOGUE, kind))

    async def asks(self, text: str, person: int, chat: int | None = None) -> str:
        """Type the text, in private unless a chat is named; return the last message."""
        await self.types(text, person, person if chat is None else chat)
        return self.chat.read[-1][1]

    async def press(self, label: str, person: int, chat: int | None = None) -> str:
        """Press a button of the last message; return the last message afterwards."""
        place = next(
            f"{row}:{column}"
            for row, labels in enumerate(self.chat.buttons)
            for column, one in enumerate(labels)
            if label in one
        )
        await self.presses(self.chat.keyboards[-1], person, person if chat is None else chat, place)
        return self.chat.read[-1][1]

    def labels(self) -> list[str]:
        return [label for row in self.chat.buttons for label in row]
