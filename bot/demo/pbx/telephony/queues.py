"""Call queues of the office, and its voice menu."""

from dataclasses import dataclass, field
from typing import Literal

Strategy = Literal["ringall", "random"]


@dataclass
class CallQueue:
    """Queue; `members` are employees' numbers, in the order of ringing."""

    id: str
    number: str
    name: str
    strategy: Strategy
    description: str = ""
    members: list[str] = field(default_factory=list)

    def represent(self) -> str:
        return f'<i class="users icon"></i> {self.name} <{self.number}>'


@dataclass(frozen=True)
class Menu:
    """Voice menu; `choices` map a digit to a number."""

    id: str
    number: str
    name: str
    choices: tuple[tuple[str, str], ...]

    def represent(self) -> str:
        return f'<i class="sitemap icon"></i> {self.name} <{self.number}>'


def queues() -> list[CallQueue]:
    return [
        CallQueue(
            "QUEUE-F383",
            "2001",
            "Sales office",
            "ringall",
            "Everybody's phone rings at the same time.",
            ["202", "203", "205"],
        ),
        CallQueue(
            "QUEUE-D676",
            "2002",
            "Technical Support Department",
            "random",
            "One phone rings at a time.",
            ["207", "208"],
        ),
    ]


MENU = Menu("IVR-4A1C", "2003", "Main voice menu", (("1", "2001"), ("2", "201"), ("3", "204")))
