"""Declare commands, buttons and answers."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from bot.messages.message import TrustedText
from handlers.dispatch.request import Handler
from handlers.dispatch.rules import RULES, OnRestart, Rule, Topic
from handlers.parsing.station_names import OwnWords


class StationScope(StrEnum):
    """Stations that a command is about."""

    ONE = "one: who speaks of several is asked which"
    ANY = "any of them, it makes no difference"
    ALL = "all that can be meant here"
    NAMED = "the one that is named, of all at which the person may do it"


@dataclass(frozen=True, slots=True)
class Command:
    """Declared command. `oncall take` handles `/oncall take` under its own rule; `aliases` are its second word in other
    languages. `fields`: names of its field=value arguments. `own_words`: where these are not known
    words."""

    name: str
    handler: Handler
    rule: Rule
    summary: str
    usage: str = ""
    examples: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    resume: OnRestart = OnRestart.RERUN
    scope: StationScope = StationScope.ONE
    fields: frozenset[str] = frozenset()
    topic: Topic = Topic.BOT
    own_words: OwnWords = OwnWords.NOWHERE


@dataclass(frozen=True, slots=True)
class ButtonAction:
    """Handler of a button or an answer. Its rule is checked again for each person that presses or answers."""

    name: str
    handler: Handler
    rule: Rule
    resume: OnRestart = OnRestart.RERUN
    scope: StationScope = StationScope.ONE


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Declared commands, buttons and answers, read by the dispatcher, /help, Telegram's menus and the
    documents."""

    commands: dict[str, Command] = field(default_factory=dict)
    buttons: dict[str, ButtonAction] = field(default_factory=dict)
    answers: dict[str, ButtonAction] = field(default_factory=dict)

    def declares(self, name: str) -> bool:
        """Return True if a button or an answer of that name is declared."""
        return name in self.buttons or name in self.answers

    def by_topic(self, allowed: Callable[[Command], bool]) -> Iterator[tuple[Topic, list[Command]]]:
        """Yield each topic with its allowed commands; topics without any are left out."""
        ordered = [self.commands[name[1:]] for name in RULES if name[1:] in self.commands and name[0] == "/"]
        for topic in Topic:
            if found := [command for command in ordered if command.topic is topic and allowed(command)]:
                yield topic, found

    def in_order(self) -> list[Command]:
        return [command for _, commands in self.by_topic(lambda _command: True) for command in commands]


CATALOGUE = Catalogue()


def command(
    name: str,
    *,
    topic: Topic,
    summary: str,
    usage: str = "",
    examples: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
    resume: OnRestart = OnRestart.RERUN,
    scope: StationScope = StationScope.ONE,
    fields: frozenset[str] = frozenset(),
    own_words: OwnWords = OwnWords.NOWHERE,
) -> Callable[[Handler], Handler]:
    """Declare a command. Raises TypeError at import without a rule in RULES."""
    rule = _rule(f"/{name}", name in CATALOGUE.commands, r"/[a-z][a-z0-9_]{0,31}( [a-z]+)?")

    def declare(handler: Handler) -> Handler:
        CATALOGUE.commands[name] = Command(
            name,
            handler,
            rule,
            summary,
            usage,
            tuple(map(TrustedText, examples)),
            aliases,
            resume,
            scope,
            fields,
            topic,
            own_words,
        )
        return handler

    return declare


def button(
    name: str, *, resume: OnRestart | None = None, scope: StationScope = StationScope.ONE
) -> Callable[[Handler], Handler]:
    """Declare the handler of a button; `scope` is ONE or ALL. Raises TypeError at import without a rule in RULES."""
    rule = _rule(name, CATALOGUE.declares(name), r"[a-z_]+\.[a-z_]+")

    def declare(handler: Handler) -> Handler:
        CATALOGUE.buttons[name] = ButtonAction(name, handler, rule, resume or _default_resume(rule), scope)
        return handler

    return declare


def answer(name: str, *, resume: OnRestart | None = None) -> Callable[[Handler], Handler]:
    """Declare the handler of an answer. Raises TypeError at import without a rule in RULES."""
    rule = _rule(name, CATALOGUE.declares(name), r"[a-z_]+\.[a-z_]+")

    def declare(handler: Handler) -> Handler:
        CATALOGUE.answers[name] = ButtonAction(name, handler, rule, resume or _default_resume(rule))
        return handler

    return declare


def _default_resume(rule: Rule) -> OnRestart:
    return OnRestart.ASK_USER if rule.writes else OnRestart.RERUN


def _rule(name: str, is_declared: bool, pattern: str) -> Rule:
    if name not in RULES:
        raise TypeError(f"{name}: no rule in RULES")
    if is_declared or not re.fullmatch(pattern, name):
        raise TypeError(f"{name}: already declared, or not a valid name")
    return RULES[name]
