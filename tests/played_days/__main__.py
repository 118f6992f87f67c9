"""`python -m tests.played_days CALLS SEED`: play days of a thousand calls and report. See docs/played-days.md."""

import asyncio
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import structlog

from bot.demo.pbx.registration.sights import NEWEST, Dialect
from tests.fixtures import report, stored, stores
from tests.played_days.calls import a_day
from tests.played_days.office import office
from tests.played_days.verdict import Verdict, judge

CALLS_A_DAY = 1000
NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
# Of each transaction to be the last one of the program.
KILL_CHANCE = 0.004
REPORT = report.DOCS / "played-days.md"
HEAD = (
    "day",
    "dialect",
    "calls",
    "missed",
    "cards",
    "closed by themselves",
    "slowest card",
    "kills",
    "told again",
    "storms",
    "repeats",
    "requests",
    "processor s",
    "faults",
)


@dataclass(frozen=True)
class Day:
    dialect: Dialect
    verdict: Verdict
    kills: int
    requests: int
    processor: float


async def play(number: int, calls: int, seed: str, empty: Path) -> Day:
    dialect: Dialect = NEWEST if number % 2 else "2026.1"
    random, begin = Random(f"{seed}/{number}"), NINE + timedelta(days=number)
    played = a_day(random, calls, begin)
    with tempfile.TemporaryDirectory() as folder:
        database = await stored.fast(Path(shutil.copy(empty, folder)))
        began = time.process_time()
        async with office(database, begin, dialect, random, kill_chance=KILL_CHANCE) as one:
            await one.plays(played)
        took = time.process_time() - began
        await database.close()
    verdict = judge(played, [*one.telegram.messages.values()])
    return Day(dialect, verdict, one.kills, one.station.journal.total, took)


def row(number: int, day: Day) -> list[str]:
    verdict = day.verdict
    return [
        f"{number}",
        day.dialect,
        f"{verdict.calls:,}",
        f"{verdict.missed:,}",
        f"{verdict.cards:,}",
        f"{verdict.closed:,}",
        f"{verdict.slowest.total_seconds():.0f} s",
        f"{day.kills}",
        f"{verdict.again}",
        f"{verdict.storms}",
        f"{verdict.repeats}",
        f"{day.requests:,}",
        f"{day.processor:.0f}",
        f"{len(verdict.faults)}",
    ]


def table(days: Sequence[Day], command: str) -> str:
    lines = [" | ".join(HEAD), " | ".join("---:" for _ in HEAD)]
    lines += [" | ".join(row(number, day)) for number, day in enumerate(days, 1)]
    rows = "\n".join(f"| {line} |" for line in lines)
    calls = sum(day.verdict.calls for day in days)
    faults = sum(len(day.verdict.faults) for day in days)
    return f"`{command}`: {calls:,} calls, {faults} faults.\n\n{rows}"


async def main(calls: int, seed: str) -> int:
    sizes = [min(CALLS_A_DAY, calls - played) for played in range(0, calls, CALLS_A_DAY)]
    empty, days = stores.empty(), list[Day]()
    for number, size in enumerate(sizes):
        days.append(await play(number, size, seed, empty))
        print(" | ".join(row(number + 1, days[-1])), *days[-1].verdict.faults, sep="\n  ", flush=True)
    report.write(REPORT, report.engine(), table(days, report.command(f"make played-days CALLS={calls} SEED={seed}")))
    return 1 if any(day.verdict.faults for day in days) else 0


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    sys.exit(asyncio.run(main(int(sys.argv[1]), sys.argv[2])))
