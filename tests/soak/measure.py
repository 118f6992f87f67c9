"""Sizes that must not grow over months: rows, files, tasks, and containers in memory."""

import asyncio
import gc
import resource
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY
from sqlalchemy import func, select, text

from bot.app.application import Application
from bot.store.database import Database
from bot.store.tables.base import Table

OURS = ("bot.", "handlers.")
PAGE = resource.getpagesize()


@dataclass(frozen=True)
class Measured:
    """`rows` by table; `remembered` is the number of items by place in the program."""

    rows: dict[str, int]
    remembered: dict[str, int]
    file: int
    wal: int
    tasks: int
    metrics: int
    memory: int
    objects: int


async def measure(app: Application) -> Measured:
    stored = await rows(app.program.database)
    gc.collect()
    return _measured(app, stored)


def _measured(app: Application, stored: dict[str, int]) -> Measured:
    file, wal = sizes(app.program.database)
    return Measured(
        rows=stored,
        remembered=dict(sorted(remembered(app))),
        file=file,
        wal=wal,
        tasks=len(asyncio.all_tasks()),
        metrics=sum(len(metric.samples) for metric in REGISTRY.collect()),
        memory=int(Path("/proc/self/statm").read_text().split()[1]) * PAGE,
        objects=len(gc.get_objects()),
    )


def sizes(database: Database) -> tuple[int, int]:
    """Return the sizes of the database and of SQLite's log."""
    if database.is_sqlite:
        path = str(database._engine.url.database)
        return _size(Path(path)), _size(Path(f"{path}-wal"))
    with database.begin() as session:
        return session.scalars(text("SELECT pg_database_size(current_database())")).one(), 0


async def rows(database: Database) -> dict[str, int]:
    with database.begin() as session:
        return {
            name: (session.execute(select(func.count()).select_from(table))).scalar_one()
            for name, table in sorted(Table.metadata.tables.items())
        }


def remembered(root: object) -> Iterator[tuple[str, int]]:
    """Yield the size of every container reachable from a part of the program."""
    seen: set[int] = set()
    todo: deque[tuple[str, object]] = deque([(type(root).__name__, root)])
    while todo:
        place, thing = todo.popleft()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, dict | list | set | deque):
            yield place, len(thing)
            todo.extend((f"{place}[]", one) for one in (thing.values() if isinstance(thing, dict) else thing))
        elif type(thing).__module__.startswith(OURS):
            todo.extend((f"{place}.{name.lstrip('_')}", value) for name, value in _attributes(thing))


def _attributes(thing: object) -> Iterator[tuple[str, Any]]:
    yield from getattr(thing, "__dict__", {}).items()
    if is_dataclass(thing) and not hasattr(thing, "__dict__"):
        yield from ((one.name, getattr(thing, one.name)) for one in fields(thing))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
