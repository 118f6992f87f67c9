"""What is known after a round: the ledger of the program, and what the stand-ins and the script know to be true."""

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
    """From when to when, in the world's seconds."""

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
    """A command that a person typed; `kind` tells what it should leave behind, if anything."""

    chat: int
    message: int
    text: str
    kind: str
    at: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot as it stands in the end."""

    chat: int
    id: int
    text: str
    buttons: tuple[str, ...]


@dataclass
class Diary:
    """What was done to the program and to the world, as it is done."""

    kills: list[tuple[float, str]] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    # It ended without being asked to: when, and its last words.
    collapses: list[tuple[float, str]] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    # Messages whose buttons were pressed: an answer may be a reply to them.
    pressed: set[tuple[int, int]] = field(default_factory=set)
    said: list[Said] = field(default_factory=list)
    pbx_troubles: list[Span] = field(default_factory=list)
    store_troubles: list[Span] = field(default_factory=list)
    # Telegram let the bot say nothing there: by chat.
    shut: dict[int, list[Span]] = field(default_factory=dict)
    moved: dict[int, int] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Books:
    tables: Mapping[str, list[Row]]
    calls: list[Row]
    looks: list[Row]
    shown: list[Shown]
    pending_updates: int
    alert_chats: tuple[int, ...]
    diary: Diary


def tables(database: Path) -> dict[str, list[Row]]:
    names = ("outbox", "inbox", "audit", "audit_outcomes", "incidents", "incident_events", "cards", "card_incidents")
    with closing(sqlite3.connect(database, timeout=20)) as store:
        store.row_factory = sqlite3.Row
        return {
            name: [dict(row) for row in store.execute(f"SELECT * FROM {name}")]  # noqa: S608 (names from here)
            for name in (*names, "silences", "grants")
        }
