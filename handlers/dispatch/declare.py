"""Declare commands, buttons and answers; types of requests and replies."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from bot.access.policy import EVERY_STATION, AccessContext, Decision, Permission
from bot.messages.message import File, Message, TrustedText
from bot.store.access.audit import NOTHING_CHANGED, Change
from bot.store.access.contacts import Contact
from handlers.dispatch.rules import RULES, OnRestart, Rule, Topic
from handlers.dispatch.services import Services, Station
from handlers.dispatch.update_parser import Actor, CommandTyped, Document, Place
from handlers.parsing.arguments import of_known_fields

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

    `message` is posted in the chat of the command, or replaces the message of the pressed button; with `beside` that
    message stays and is replied to. `toast` is the notification that answers a press. `confirm` binds the buttons to
    the asker, for one press within `confirm_within`. `question` waits for the asker's text; `settled` closes the open
    question.
    `instead` is a command run as if the person had typed it now.
    `then` is a background task run after the reply; its own reply replaces this one.
    `outcome` and `change` are recorded in the audit.
    """

    message: Message | None = None
    toast: str | None = None
    beside: bool = False
    confirm: bool = False
    confirm_within: timedelta = CONFIRM_WITHIN
    secret: Secret | None = None
    file: File | None = None
    question: Question | None = None
    settled: bool = False
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

    async def leave(self) -> None:
        """Leave the chat of the request."""

    async def download(self, document: Document) -> bytes | None:
        """Download the asker's file; None if Telegram did not send it."""


@dataclass(frozen=True, slots=True)
class Request:
    """Request of a person.

    `arguments`: text after the command, or of the answer. `data`: data of the button or question; `kept`: stored
    payload of a button that writes, deleted when the request is concluded. `resumed`: a killed run had begun it, and
    its progress is unknown. `about`: author of the message replied to.
    `asking`: access context at this station; `may_at`: permission check at another station; `among`: all stations at
    which the person is allowed to do this here; `named`: the station was named; `settled`: no other station is
    possible.
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
    among: tuple[str, ...] = ()
    named: bool = False
    arguments: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[str, Any] | None = None
    resumed: bool = False
    document: Document | None = None
    about: Actor | None = None
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

    def not_met(self, username: str) -> Message:
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


Handler = Callable[[Request], Awaitable[Reply]]


class StationScope(StrEnum):
    """Stations that a command is about."""

    ONE = "one: who speaks of several is asked which"
    ANY = "any of them, it makes no difference"
    ALL = "all that can be meant here"
    NAMED = "the one that is named, of all at which the person may do it"


@dataclass(frozen=True, slots=True)
class Command:
    """Declared command. `oncall take` handles `/oncall take` under its own rule; `words` are its second word in other
    languages. `fields`: names of its field=value arguments."""

    name: str
    handler: Handler
    rule: Rule
    summary: str
    usage: str = ""
    examples: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    resume: OnRestart = OnRestart.RERUN
    whose: StationScope = StationScope.ONE
    fields: frozenset[str] = frozenset()
    topic: Topic = Topic.BOT

    def recorded(self, arguments: str) -> str:
        """Return the arguments as the audit may store them: of an unknown field its name only."""
        return of_known_fields(arguments, self.fields) if self.fields else arguments


@dataclass(frozen=True, slots=True)
class ButtonAction:
    """Handler of a button or an answer. Its rule is checked again for each person that presses or answers."""

    name: str
    handler: Handler
    rule: Rule
    resume: OnRestart = OnRestart.RERUN
    whose: StationScope = StationScope.ONE


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Declared commands, buttons and answers, read by the dispatcher, /help, Telegram's menus and the README's
    table."""

    commands: dict[str, Command] = field(default_factory=dict)
    presses: dict[str, ButtonAction] = field(default_factory=dict)
    answers: dict[str, ButtonAction] = field(default_factory=dict)

    def declares(self, name: str) -> bool:
        """Return True if a button or an answer of that name is declared."""
        return name in self.presses or name in self.answers

    def by_topic(self, allowed: Callable[[Command], bool]) -> Iterator[tuple[str, list[Command]]]:
        """Yield the heading of each topic with its allowed commands; topics without any are left out."""
        ordered = [self.commands[name[1:]] for name in RULES if name[1:] in self.commands and name[0] == "/"]
        for topic in Topic:
            if found := [command for command in ordered if command.topic is topic and allowed(command)]:
                yield topic.value, found

    def in_order(self) -> list[Command]:
        return [command for _, commands in self.by_topic(lambda _command: True) for command in commands]

    def refined(self, typed: CommandTyped) -> CommandTyped:
        """Move the second word into the name if there is such a command."""
        first, *rest = typed.arguments.split(None, 1) or [""]
        for one in self.commands.values():
            name, _, word = one.name.partition(" ")
            if name == typed.name and word and first.lower() in (word, *one.words):
                return replace(typed, name=one.name, arguments=rest[0] if rest else "")
        return typed


CATALOGUE = Catalogue()


def command(
    name: str,
    *,
    topic: Topic,
    summary: str,
    usage: str = "",
    examples: tuple[str, ...] = (),
    words: tuple[str, ...] = (),
    resume: OnRestart = OnRestart.RERUN,
    whose: StationScope = StationScope.ONE,
    fields: frozenset[str] = frozenset(),
) -> Callable[[Handler], Handler]:
    """Declare a command. Raises TypeError at import without a rule in RULES."""
    rule = _rule(f"/{name}", name in CATALOGUE.commands, r"/[a-z][a-z0-9_]{0,31}( [a-z]+)?")

    def declare(handler: Handler) -> Handler:
        CATALOGUE.commands[name] = Command(
            name, handler, rule, summary, usage, tuple(map(TrustedText, examples)), words, resume, whose, fields, topic
        )
        return handler

    return declare


def button(
    name: str, *, resume: OnRestart | None = None, whose: StationScope = StationScope.ONE
) -> Callable[[Handler], Handler]:
    """Declare the handler of a button; `whose` is ONE or ALL. Raises TypeError at import without a rule in RULES."""
    rule = _rule(name, CATALOGUE.declares(name), r"[a-z_]+\.[a-z_]+")

    def declare(handler: Handler) -> Handler:
        CATALOGUE.presses[name] = ButtonAction(name, handler, rule, resume or _cautious(rule), whose)
        return handler

    return declare


def answer(name: str, *, resume: OnRestart | None = None) -> Callable[[Handler], Handler]:
    """Declare the handler of an answer. Raises TypeError at import without a rule in RULES."""
    rule = _rule(name, CATALOGUE.declares(name), r"[a-z_]+\.[a-z_]+")

    def declare(handler: Handler) -> Handler:
        CATALOGUE.answers[name] = ButtonAction(name, handler, rule, resume or _cautious(rule))
        return handler

    return declare


def _cautious(rule: Rule) -> OnRestart:
    return OnRestart.ASK_USER if rule.writes else OnRestart.RERUN


def _rule(name: str, taken: bool, form: str) -> Rule:
    if name not in RULES:
        raise TypeError(f"{name}: no rule in RULES")
    if taken or not re.fullmatch(form, name):
        raise TypeError(f"{name}: already declared, or not a valid name")
    return RULES[name]
