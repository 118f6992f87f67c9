"""Questions in a terminal, or over a pipe."""

import getpass
import sys
from typing import TextIO

from bot.text.normalization import normalized


class NoAnswer(Exception):
    """Raised when standard input ends before an answer."""


class Terminal:
    """Terminal of this process. With `agrees` yes is the answer to every question of yes or no, and the answer in
    brackets that to any other."""

    def __init__(self, *, agrees: bool = False) -> None:
        self.agrees = agrees
        for stream in (sys.stdin, sys.stdout):
            # What cannot be read or shown is no reason to fail; tests put other streams here.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")

    def say(self, text: str = "") -> None:
        print(text, flush=True)

    def ask(self, question: str, default: str = "") -> str:
        """Return the answer, or the default for an empty one. Raises NoAnswer."""
        if default and self.agrees:
            return default
        return _typed(f"{question} [{default}]: " if default else f"{question}: ") or default

    def ask_secret(self, question: str) -> str:
        """Return the answer, which the terminal does not show. Raises NoAnswer."""
        if not _is_terminal(sys.stdin):
            return _typed(f"{question}: ")
        try:
            return normalized(getpass.getpass(f"{question} (it is not shown): ")).strip()
        except EOFError:
            raise NoAnswer from None
        except UnicodeDecodeError:
            return ""

    def confirm(self, question: str) -> bool:
        """Return True for yes, and for an empty answer. Raises NoAnswer."""
        if self.agrees:
            self.say(f"{question} yes")
            return True
        return self._yes_or_no(f"{question} [Y/n]: ", default=True)

    def consent(self, question: str) -> bool:
        """Return True for a yes that is typed: for what nobody should agree to unseen. Raises NoAnswer."""
        if self.agrees:
            raise NoAnswer
        return self._yes_or_no(f"{question} [y/N]: ", default=False)

    def _yes_or_no(self, question: str, *, default: bool) -> bool:
        while True:
            answer = _typed(question).lower()
            if not answer:
                return default
            if answer in ("y", "yes", "n", "no"):
                return answer.startswith("y")
            self.say("  Answer y or n.")


def _typed(prompt: str) -> str:
    try:
        return normalized(input(prompt)).strip()
    except EOFError:
        # The prompt has no end of line yet.
        print(flush=True)
        raise NoAnswer from None


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty()
