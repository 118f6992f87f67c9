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
from tests.played_days.day import a_day
from tests.played_days.day_verdict import DayVerdict, judge_day
from tests.played_days.hours import Hours
from tests.played_days.office import office

# Of a working day, and its hours.
CALLS_A_DAY, LASTS = 1000, 10
NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
# Of each transaction to be the last one of the program.
KILL_CHANCE = 0.004
REPORT = report.DOCS / "played-days.md"
MISSED = (
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
OTHERS = (
    "day",
    "incoming",
    "lists",
    "slowest",
    "in voicemail",
    "opening messages",
    "cards in the hours",
    "taken",
    "reminders",
    "repeats",
)


@dataclass(frozen=True)
class Day:
    dialect: Dialect
    verdict: DayVerdict
    kills: int
    requests: int
    processor: float


async def play(number: int, calls: int, seed: str, empty: Path) -> Day:
    dialect: Dialect = NEWEST if number % 2 else "2026.1"
    random, begin = Random(f"{seed}/{number}"), NINE + timedelta(days=number)
    played = a_day(random, calls, begin, LASTS)
    with tempfile.TemporaryDirectory() as folder:
        database = await stored.fast(Path(shutil.copy(empty, folder)))
        began = time.process_time()
        hours = Hours.of_day(begin, LASTS)
        async with office(database, hours, begin, dialect, random, kill_chance=KILL_CHANCE) as one:
            await one.plays(played)
        took = time.process_time() - began
        await database.close()
    return Day(dialect, judge_day(one, played), one.kills, one.station.journal.total, took)


def row_of_missed(number: int, day: Day) -> list[str]:
    verdict = day.verdict.at_any_hour
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
        f"{len(day.verdict.faults)}",
    ]


def row_of_others(number: int, day: Day) -> list[str]:
    verdict, told = day.verdict, day.verdict.every_call
    return [
        f"{number}",
        f"{told.told:,}",
        f"{told.lists}",
        f"{told.slowest.total_seconds():.0f} s",
        f"{verdict.voicemail.told}",
        f"{verdict.openings}",
        f"{verdict.by_day.cards}",
        f"{verdict.claims}",
        f"{verdict.reminders}",
        f"{told.repeats + verdict.voicemail.repeats + verdict.by_day.repeats}",
    ]


def table(days: Sequence[Day], command: str) -> str:
    calls = sum(day.verdict.at_any_hour.calls for day in days)
    faults = sum(len(day.verdict.faults) for day in days)
    parts = [f"`{command}`: {calls:,} calls, {faults} faults in the four chats. The one that is told at any hour:"]
    parts.append(_rows(MISSED, [row_of_missed(number, day) for number, day in enumerate(days, 1)]))
    parts.append("The others:")
    parts.append(_rows(OTHERS, [row_of_others(number, day) for number, day in enumerate(days, 1)]))
    return "\n\n".join(parts)


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---:"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


async def main(calls: int, seed: str) -> int:
    sizes = [min(CALLS_A_DAY, calls - played) for played in range(0, calls, CALLS_A_DAY)]
    empty, days = stores.empty(), list[Day]()
    for number, size in enumerate(sizes):
        days.append(await play(number, size, seed, empty))
        print(" | ".join(row_of_missed(number + 1, days[-1])), *days[-1].verdict.faults, sep="\n  ", flush=True)
    report.write(REPORT, report.engine(), table(days, report.command(f"make played-days CALLS={calls} SEED={seed}")))
    return 1 if any(day.verdict.faults for day in days) else 0


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    sys.exit(asyncio.run(main(int(sys.argv[1]), sys.argv[2])))
