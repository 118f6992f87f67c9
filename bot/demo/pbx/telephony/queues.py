"""Call queues of the office, and its voice menu."""

from dataclasses import dataclass, field
from typing import Literal

from bot.demo.pbx.office import Office

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


def queues(office: Office) -> list[CallQueue]:
    (sales, about_sales), (support, about_support) = office.queues
    return [
        CallQueue("QUEUE-F383", "2001", sales, "ringall", about_sales, ["202", "203", "205"]),
        CallQueue("QUEUE-D676", "2002", support, "random", about_support, ["207", "208"]),
    ]


def menu(office: Office) -> Menu:
    return Menu("IVR-4A1C", "2003", office.menu, (("1", "2001"), ("2", "201"), ("3", "204")))
