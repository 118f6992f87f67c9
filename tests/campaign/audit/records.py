"""Input of the ledger audit: the program's tables, the stand-ins' logs and the script's diary."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table as TableClause

from bot.store.tables import people
from tests.fixtures.stored import Execute, Stored

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """Interval in Unix seconds of the test clock."""

    begin: float
    end: float = float("inf")

    def touches(self, begin: float, end: float) -> bool:
        return begin <= self.end and self.begin <= end


@dataclass(frozen=True, slots=True)
class Outage:
    subject: str
    name: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Said:
    """Command typed by a person; `kind` names the effect it should leave, if any."""

    chat: int
    message: int
    text: str
    kind: str
    at: float


@dataclass(frozen=True, slots=True)
class Shown:
    """Final version of a message of the bot."""

    chat: int
    id: int
    text: str
    buttons: tuple[str, ...]


@dataclass
class Diary:
    """Chronological record of the kills, faults and commands of a round."""

    kills: list[tuple[float, str]] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    # Unexpected exits: Unix seconds, and the end of the log.
    collapses: list[tuple[float, str]] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    # Messages whose buttons were pressed: an answer may reply to them.
    pressed: set[tuple[int, int]] = field(default_factory=set)
    said: list[Said] = field(default_factory=list)
    pbx_troubles: list[Span] = field(default_factory=list)
    store_troubles: list[Span] = field(default_factory=list)
    # Intervals in which Telegram refused the bot's messages, by chat.
    shut: dict[int, list[Span]] = field(default_factory=dict)
    moved: dict[int, int] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class RoundRecords:
    tables: Mapping[str, list[Row]]
    calls: list[Row]
    looks: list[Row]
    shown: list[Shown]
    pending_updates: int
    alert_chats: tuple[int, ...]
    diary: Diary


def tables(database: Stored) -> dict[str, list[Row]]:
    """Return the rows of each table in the order of their numbers; times and JSON are texts."""
    names = ("outbox", "inbox", "audit", "audit_outcomes", "incidents", "incident_events", "cards", "card_incidents")
    with database.transaction() as execute:
        return {name: _rows(execute, people.Pager.metadata.tables[name]) for name in (*names, "silences", "grants")}


def _rows(execute: Execute, table: TableClause) -> list[Row]:
    columns, key = ([f'"{column.name}"' for column in some] for some in (table.columns, table.primary_key))
    found = execute(f'SELECT {", ".join(columns)} FROM "{table.name}" ORDER BY {", ".join(key)}')  # noqa: S608
    return [dict(zip((column.name for column in table.columns), row, strict=True)) for row in found]
