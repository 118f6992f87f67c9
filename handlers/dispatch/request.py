"""Requests that handlers get, and replies that they return."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.access.policy import EVERY_STATION, AccessContext, Decision, Permission
from bot.messages.message import File, Message
from bot.store.access.audit import NOTHING_CHANGED, Change
from bot.store.access.contacts import Contact
from handlers.dispatch.intents import Actor, CommandTyped, Document, Place
from handlers.dispatch.services import Services, Station

CONFIRM_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Secret:
    """Secret for the asker: sent to the private chat, protected, deleted after `lifetime`."""

    message: Message
    lifetime: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Question:
    """Question to the asker: the next text or file is passed to the @answer called `answer`, with `data`. In a group
    only a reply to the question's message is an answer."""

    answer: str
    data: Mapping[str, Any] = field(default_factory=dict)
    lifetime: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Reply:
    """Reply of a handler.

    `message` is posted in the chat of the command, or replaces the message of the pressed button; with
    `as_new_message` that message stays and is replied to. `toast` is the notification that answers a press. `confirm`
    binds the buttons to the asker, for one press within `confirm_within`. `question` waits for the asker's text;
    `closes_question` closes the open question.
    `instead` is a command run as if the person had typed it now.
    `then` is a background task run after the reply; its own reply replaces this one.
    `outcome` and `change` are recorded in the audit.
    """

    message: Message | None = None
    toast: str | None = None
    as_new_message: bool = False
    confirm: bool = False
    confirm_within: timedelta = CONFIRM_WITHIN
    secret: Secret | None = None
    file: File | None = None
    question: Question | None = None
    closes_question: bool = False
    then: "Callable[[], Awaitable[Reply]] | None" = None
    instead: CommandTyped | None = None
    outcome: str = "answered"
    change: Change = NOTHING_CHANGED


class Chat(Protocol):
    """Operations of a handler besides its reply, provided by the dispatcher."""

    async def progress(self, message: Message) -> None:
        """Show progress; the final reply replaces this message."""

    async def private_chat_is_open(self) -> bool:
        """Return True if the bot can send to the asker in private."""

    async def send_secret(self, secret: Secret) -> bool:
        """Send a secret to the asker's private chat; False if not delivered."""

    async def send_privately(self, content: Message | File, *, lifetime: timedelta | None = None) -> bool:
        """Send to the asker's private chat, and delete it after `lifetime`; False if not delivered."""

    async def ask_privately(self, message: Message, question: Question) -> bool:
        """Ask a question in the asker's private chat; False if not delivered."""

    async def delete_asked(self) -> bool:
        """Delete the asker's message; False if it is still visible."""

    async def replace(self, message_id: int, message: Message) -> None:
        """Replace another message of the bot in this chat, and its buttons."""

    async def withdraw_questions(self) -> bool:
        """Close the asker's open question here, and the changes that wait for their confirmation; False if there are
        none."""

    async def leave(self) -> None:
        """Leave the chat of the request."""

    async def download(self, document: Document) -> bytes | None:
        """Download the asker's file; None if Telegram did not send it."""


@dataclass(frozen=True, slots=True)
class Request:
    """Request of a person.

    `arguments`: text after the command, or of the answer. `data`: data of the button or question; `kept`: stored
    payload of a button that writes, deleted when the request is concluded. `resumed`: a killed run had begun it, and
    its progress is unknown. `reply_author`: author of the message replied to.
    `asking`: access context at this station; `may_at`: permission check at another station; `candidates`: all
    stations at which the person is allowed to do this here; `named`: the station was named; `settled`: no other station
    is possible.
    `shown`: id of the message of the pressed button. `translate`: translation for files; messages are translated when
    rendered. `stop`: set at shutdown.
    """

    actor: Actor
    place: Place
    station: Station
    now: datetime
    chat: Chat
    may: Callable[[str], Decision]
    may_at: Callable[[str, str], Decision]
    asking: AccessContext
    services: Services
    translate: Callable[[str], str]
    stop: asyncio.Event
    candidates: tuple[str, ...] = ()
    named: bool = False
    arguments: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[str, Any] | None = None
    resumed: bool = False
    document: Document | None = None
    reply_author: Actor | None = None
    settled: bool = True
    shown: int | None = None

    def stopping(self) -> bool:
        return self.stop.is_set()

    async def known(self, ids: Iterable[int]) -> Mapping[int, Contact]:
        """Return the people and chats that may be shown here by name."""
        return await self.services.people.named(ids, self.people_of)

    async def by_username(self, username: str) -> Contact | None:
        """Return the contact with that username, if it may be shown here by name."""
        return await self.services.people.by_username(username, self.people_of)

    def unknown_username(self, username: str) -> Message:
        """Return the message for a username that no contact shown here has."""
        return Message(
            "not_met",
            {"written": username, "apart": self.services.fleet.single_station is None and bool(self.people_of)},
        )

    @property
    def people_of(self) -> str:
        """Station whose contacts may be shown here by name; in private EVERY_STATION for a person with access.read at
        all stations."""
        if self.place.private and self.may_at(EVERY_STATION, Permission.ACCESS_READ).allowed:
            return EVERY_STATION
        return self.station.name


class WrongArguments(Exception):
    """Invalid input: `problem` is one marked sentence with %(written)s for `written`, unless a whole message is given.
    `question` is answered by the next text."""

    def __init__(
        self,
        problem: str = "",
        message: Message | None = None,
        *,
        written: str = "",
        question: "Question | None" = None,
    ) -> None:
        self.problem = problem
        self.written = written
        self.message = message
        self.question = question
        super().__init__(problem or "wrong arguments")


class Stopped(Exception):
    """Work ended early; `message` says how far it came."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__("stopped")


Handler = Callable[[Request], Awaitable[Reply]]
