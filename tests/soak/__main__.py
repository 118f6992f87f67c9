"""`python -m tests.soak WEEKS SEED`: simulate weeks and report growth. See docs/soak.md."""

import asyncio
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from unittest.mock import patch

import structlog

from bot.store.messages import keyboards
from tests.fixtures import report, stored, stores
from tests.soak.life import live
from tests.soak.measure import Measured, measure
from tests.soak.season import season

WEEK = timedelta(days=7)
STEP = timedelta(minutes=10)
REPORT = report.DOCS / "soak.md"
SHOWN = ("incidents", "incident_events", "cards", "outbox", "keyboards", "audit", "acquaintances")


@dataclass(frozen=True)
class Week:
    looks: int
    updates: int
    answered: int
    refused: int
    measured: Measured


async def weeks(number: int, seed: str, empty: Path) -> list[Week]:
    lived: list[Week] = []
    with tempfile.TemporaryDirectory() as folder, patch.object(keyboards, "RETENTION", WEEK):
        database = await stored.fast(Path(shutil.copy(empty, folder)))
        async with season(database, Random(seed), step=STEP, kept=WEEK) as one:
            for week in range(number):
                before = one.counted()
                await live(one, Random(f"{seed}/{week}"), WEEK, 1000 + 10 * week)
                looks, updates, answered, refused = (n - m for n, m in zip(one.counted(), before, strict=True))
                lived.append(Week(looks, updates, answered, refused, await measure(one.app)))
                print(row(week + 1, lived[-1]), flush=True)
    return lived


HEAD = [
    "week",
    "looks",
    "updates",
    "calls to Telegram",
    "of them refused",
    *SHOWN,
    "all rows",
    "file, KB",
    "WAL, KB",
    "tasks",
    "remembered",
    "objects",
    "memory, MB",
]


def row(number: int, week: Week) -> str:
    one = week.measured
    cells: list[object] = [number, week.looks, week.updates, week.answered + week.refused, week.refused]
    cells += [one.rows[name] for name in SHOWN]
    cells += [sum(one.rows.values()), one.file // 1024, one.wal // 1024, one.tasks, sum(one.remembered.values())]
    cells += [one.objects, round(one.memory / 2**20, 1)]
    return "| " + " | ".join(map(str, cells)) + " |"


def written(lived: Sequence[Week], seed: str, seconds: float) -> str:
    table = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    table += [row(number, week) for number, week in enumerate(lived, 1)]
    command = report.command(f"make soak WEEKS={len(lived)} SEED={seed}")
    return "\n".join([f"`{command}`, {seconds:.0f} s of processor time:", "", *table])


def main(number: int, seed: str) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print("| " + " | ".join(HEAD) + " |")
    lived = asyncio.run(weeks(number, seed, stores.empty()))
    report.write(REPORT, report.engine(), written(lived, seed, time.process_time()))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
