"""A setting is settled: taken from an option, the environment or an earlier answer, or asked until it is right."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from bot.app.setup.draft import Draft
from bot.app.setup.options import OPTION_OF
from bot.app.setup.terminal import NoAnswer, Terminal
from bot.config.errors import WrongSettings
from bot.config.settings import Settings

T = TypeVar("T")
# Desktops set LANGUAGE to their own.
NOT_FROM_ENVIRONMENT = "LANGUAGE"


class Rejected(Exception):
    """Answer that is wrong; `str()` is a sentence with the remedy."""


class Unanswered(Exception):
    """Nobody answers, and this setting is needed."""


class GivenUp(Exception):
    """Something is away, as was said, and nobody is there to try again."""


class NotNow(Exception):
    """What is asked is right as far as known, but something is away. `str()` is a sentence with the remedy."""


@dataclass(slots=True)
class Conversation:
    terminal: Terminal
    draft: Draft
    given: Mapping[str, str]
    runner: asyncio.Runner
    # Settings that were asked in this run.
    asked: set[str] = field(default_factory=set)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def known(self, name: str) -> str | None:
        """Return the answer that needs no question, "" if it is to have none."""
        if name in self.given:
            return self.given[name]
        from_environment = "" if name == NOT_FROM_ENVIRONMENT else os.environ.get(name, "")
        return from_environment or self.draft.get(name)

    def setting(self, name: str) -> str:
        """Return a setting that is never asked, from the environment or `.env`; "" if it is not there."""
        return os.environ.get(name, "") or self.draft.get(name) or ""

    def settle(
        self,
        name: str,
        question: str,
        check: Callable[[str], tuple[str, T]],
        *,
        default: str = "",
        secret: bool = False,
    ) -> T:
        """Return what `check` makes of the first answer that it accepts; its text is kept. `check` raises Rejected, or
        NotNow, after which the same answer is tried again. Raises WrongSettings for an option that is wrong, Rejected
        for an earlier answer with --yes, Unanswered where nobody answers."""
        if (known := self.known(name)) is not None:
            try:
                return self._accept(name, known, check)
            except Rejected as rejected:
                if name in self.given:
                    raise WrongSettings([f"{OPTION_OF[name]}: {rejected}"]) from None
                if self.terminal.agrees:
                    # It would be the answer again, for ever.
                    raise
                self.terminal.say(f"  ✗ {name}, as it stands: {rejected}")
                default = default if secret else known
        self.asked.add(name)
        while True:
            typed = self._ask(name, question, default, secret=secret)
            try:
                return self._accept(name, typed, check)
            except Rejected as rejected:
                if self.terminal.agrees and typed == default:
                    raise
                self.terminal.say(f"  ✗ {rejected}")
                default = default if secret or self.terminal.agrees else typed

    def again(self, sentence: str) -> None:
        """Say what is away, and wait until somebody wants it to be tried again. Raises GivenUp."""
        self.terminal.say(f"  ✗ {sentence}")
        try:
            self.terminal.ask("  Press Enter to try again")
        except NoAnswer:
            raise GivenUp from None

    def _accept(self, name: str, text: str, check: Callable[[str], tuple[str, T]]) -> T:
        while True:
            try:
                value, result = check(text)
                break
            except NotNow as away:
                self.again(str(away))
        try:
            self.draft.keep(name, value)
        except ValueError as wrong:
            raise Rejected(str(wrong)) from None
        return result

    def _ask(self, name: str, question: str, default: str, *, secret: bool) -> str:
        while True:
            try:
                typed = self.terminal.ask_secret(question) if secret else self.terminal.ask(question, default)
            except NoAnswer:
                raise Unanswered(name) from None
            if typed:
                return typed
            self.terminal.say("  It cannot be left out; Ctrl+C keeps what is answered and ends.")


def checked(name: str, value: str) -> Any:
    """Return a setting as the bot would read it. Raises Rejected."""
    try:
        whole = Settings.__pydantic_validator__.validate_assignment(Settings.model_construct(), name.lower(), value)
    except ValidationError as error:
        raise Rejected(" ".join(WrongSettings.from_validation(error).lines)) from None
    return getattr(whole, name.lower())
