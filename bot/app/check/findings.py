"""Findings of a check: a line each, with one remedy where something is wrong. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.runtime.logs import printable


class Level(StrEnum):
    OK = "ok"
    # Works, but less than it could, or not for long.
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check.

    `check` is a stable name, `area.subject`; `subject` tells apart several findings of one check: a PBX, a chat, a
    person, a row. `text` and `remedy` are for a terminal, in English; the facts are for a message in a chat.
    """

    check: str
    level: Level
    text: str
    remedy: str = ""
    subject: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if bool(self.remedy) == (self.level is Level.OK):
            raise ValueError(f"{self.check}: a fault has a remedy, and nothing else has one")

    @property
    def area(self) -> str:
        return self.check.partition(".")[0]

    @property
    def line(self) -> str:
        """Text and remedy in one line, without control characters: names in it are chosen by others."""
        return printable(f"{self.text}. {_sentence(self.remedy)}" if self.remedy else self.text)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def ok(check: str, text: str, *, subject: str = "") -> Finding:
    return Finding(check, Level.OK, text, subject=subject)


def warning(check: str, text: str, remedy: str, *, subject: str = "", **facts: Any) -> Finding:
    return Finding(check, Level.WARNING, text, remedy, subject, facts)


def fault(check: str, text: str, remedy: str, *, subject: str = "", **facts: Any) -> Finding:
    return Finding(check, Level.FAULT, text, remedy, subject, facts)


def worst(findings: Iterable[Finding]) -> Level:
    """Return the worst level, OK without findings."""
    order = list(Level)
    return max((one.level for one in findings), key=order.index, default=Level.OK)
