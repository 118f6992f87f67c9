"""Input of the ledger audit: the program's tables, the stand-ins' logs and the script's diary."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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


def tables(path: Path) -> dict[str, list[Row]]:
    names = ("outbox", "inbox", "audit", "audit_outcomes", "incidents", "incident_events", "cards", "card_incidents")
    with closing(sqlite3.connect(path, timeout=20)) as database:
        database.row_factory = sqlite3.Row
        return {
            name: [dict(row) for row in database.execute(f"SELECT * FROM {name}")]  # noqa: S608 (constant names)
            for name in (*names, "silences", "grants")
        }
