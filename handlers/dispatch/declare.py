"""How a command is declared: its name, who may use it, what it is given and what it gives back."""

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
    """Something for the asker's own eyes: sent to the private chat, protected, deleted after `lifetime`."""

    message: Message
    lifetime: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Question:
    """What the bot wants to hear next from the asker, in words or as a file: the @answer called `answer` is given it,
    with `data`. In a group only a reply to the question's message is an answer."""

    answer: str
    data: Mapping[str, Any] = field(default_factory=dict)
    lifetime: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers with.

    `message` is posted where the command was typed, or takes the place of the message whose button was pressed; with
    `beside` that message stays, and is replied to. `toast` is the small note over the chat that answers a press.
    `confirm` binds the buttons to the asker, for one press within `confirm_within`. `question` waits for the asker's
    words; `settled` gives up the one that is open.
    `instead` is a command that is obeyed as if the person had typed it now.
    `then` goes on after the answer, for as long as it takes, and ends in a reply that takes the answer's place.
    `outcome` goes into the audit, and with it what a write found and left.
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
    """The little a handler may do besides answering; the dispatcher provides it."""

    async def progress(self, message: Message) -> None:
        """Show how far things are; the final answer takes this message's place."""

    async def private_chat_is_open(self) -> bool:
        """Whether the asker can be written to in private."""

    async def send_secret(self, secret: Secret) -> bool:
        """Send it to the asker's private chat now; False when it could not be delivered."""

    async def send_privately(self, content: Message | File, *, lifetime: timedelta | None = None) -> bool:
        """Send to the asker's private chat, and delete it after `lifetime`; False when it could not be delivered."""

    async def ask_privately(self, message: Message, question: Question) -> bool:
        """Go on in the asker's private chat with a question; False when it could not be delivered."""

    async def delete_asked(self) -> bool:
        """Delete what the asker wrote; False when it is still there for everybody to see."""

    async def leave(self) -> None:
        """Leave the chat this is about."""

    async def download(self, document: Document) -> bytes | None:
        """The file that the asker sent; None when Telegram did not give it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks. `arguments` is what stood after the command, or the words of an answer; `data` is what the
    pressed button or the answered question carried, and `kept` what was in the drawer for a button that writes: it is
    gone when that is concluded. `resumed`: a run that was killed had begun this; how far it came nobody knows. `about`
    is the person whose message was replied to. `asking` is for what the access rules say of this person here, `may_at`
    what they may do at another station, and `among` all at which they may do this here; `named` that it was written
    which; `settled` that it is about this station, and not as well about another. `shown` is the message whose button
    was pressed. `translate` is for what goes into files; messages translate themselves. `stop` is set when
    the program ends."""

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
        """Those people and chats that may be shown here by name."""
        return await self.services.people.named(ids, self.people_of)

    async def by_username(self, username: str) -> Contact | None:
        """Whoever has that username, of those who may be shown here by name."""
        return await self.services.people.by_username(username, self.people_of)

    def not_met(self, username: str) -> Message:
        """What helps when nobody who may be shown here has it."""
        return Message(
            "not_met",
            {"written": username, "apart": self.services.fleet.single_station is None and bool(self.people_of)},
        )

    @property
    def people_of(self) -> str:
        """The station whose people may be shown here by name. To who may see the access to all of them, in private,
        those of all."""
        if self.place.private and self.may_at(EVERY_STATION, Permission.ACCESS_READ).allowed:
            return EVERY_STATION
        return self.station.name


class WrongArguments(Exception):
    """Something was written that cannot be meant: `problem` is one marked sentence, in which %(written)s stands for
    `written`, or a whole message is given; `question` is what the next words answer."""

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
    """Which PBXs a command is about."""

    ONE = "one: who speaks of several is asked which"
    ANY = "any of them, it makes no difference"
    ALL = "all that can be meant here"
    NAMED = "the one that is named, of all at which the person may do it"


@dataclass(frozen=True, slots=True)
class Command:
    """`oncall take` is what `/oncall take` means: a command of its own, with a rule of its own. `words` stand for its
    second word in other languages. `fields` are the names of what it reads as field=value."""

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
        """What the audit may keep of them: of a field that it does not know the name alone."""
        return of_known_fields(arguments, self.fields) if self.fields else arguments


@dataclass(frozen=True, slots=True)
class ButtonAction:
    """A button's action, or what is done with an answer. Its rule is asked again for whoever presses or answers."""

    name: str
    handler: Handler
    rule: Rule
    resume: OnRestart = OnRestart.RERUN
    whose: StationScope = StationScope.ONE


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything people can say. /help, Telegram's menus, the README's table and the dispatcher read it."""

    commands: dict[str, Command] = field(default_factory=dict)
    presses: dict[str, ButtonAction] = field(default_factory=dict)
    answers: dict[str, ButtonAction] = field(default_factory=dict)

    def declares(self, name: str) -> bool:
        """Whether a button or an answer of that name does something."""
        return name in self.presses or name in self.answers

    def by_topic(self, allowed: Callable[[Command], bool]) -> Iterator[tuple[str, list[Command]]]:
        """Each topic's heading with those of its commands that are allowed; topics without any are left out."""
        ordered = [self.commands[name[1:]] for name in RULES if name[1:] in self.commands and name[0] == "/"]
        for topic in Topic:
            if found := [command for command in ordered if command.topic is topic and allowed(command)]:
                yield topic.value, found

    def in_order(self) -> list[Command]:
        return [command for _, commands in self.by_topic(lambda _command: True) for command in commands]

    def refined(self, typed: CommandTyped) -> CommandTyped:
        """With its second word in the name, when there is such a command."""
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
    """Declare a command. Without a line in the table of rules it does not import."""
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
    """Declare what pressing a button does; `whose` is ONE or ALL. Without a line in the table of rules it does not
    import."""
    rule = _rule(name, CATALOGUE.declares(name), r"[a-z_]+\.[a-z_]+")

    def declare(handler: Handler) -> Handler:
        CATALOGUE.presses[name] = ButtonAction(name, handler, rule, resume or _cautious(rule), whose)
        return handler

    return declare


def answer(name: str, *, resume: OnRestart | None = None) -> Callable[[Handler], Handler]:
    """Declare what is done with the answer to a question. Without a line in the table of rules it does not import."""
    rule = _rule(name, CATALOGUE.declares(name), r"[a-z_]+\.[a-z_]+")

    def declare(handler: Handler) -> Handler:
        CATALOGUE.answers[name] = ButtonAction(name, handler, rule, resume or _cautious(rule))
        return handler

    return declare


def _cautious(rule: Rule) -> OnRestart:
    return OnRestart.ASK_USER if rule.writes else OnRestart.RERUN


def _rule(name: str, taken: bool, form: str) -> Rule:
    if name not in RULES:
        raise TypeError(f"{name}: there is no rule for it")
    if taken or not re.fullmatch(form, name):
        raise TypeError(f"{name}: taken, or not a name")
    return RULES[name]
