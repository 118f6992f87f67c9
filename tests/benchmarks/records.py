"""Time, memory and PBX requests of a search through 50,000 calls."""

import asyncio
import gc
from collections import deque
from collections.abc import Sequence

from bot.demo.pbx.web.journal import JournalEntry
from tests.benchmarks.measured import memory
from tests.benchmarks.measured.figure import Effort, Figure, Row
from tests.benchmarks.measured.many_calls import put
from tests.benchmarks.measured.stage import BARE, PROGRAM, Stage, stage

CALLS = 50_000
COMMANDS = ("/cdr", "/stats")
BUDGET = 150
MINUTE = 60.0
MEGABYTE = 2**20
WITHIN = 300.0


def run(effort: Effort) -> list[Row]:
    return asyncio.run(_run(effort))


async def _run(effort: Effort) -> list[Row]:
    calls = CALLS // 10 if effort.quick else CALLS
    seconds: dict[str, list[float]] = {command: [] for command in (*COMMANDS, BARE[-1])}
    growth: dict[str, list[float]] = {command: [] for command in COMMANDS}
    asked: list[float] = []
    again: list[float] = []
    async with stage() as one:
        first, end = put(one.pbx, calls)
        gc.collect()
        gc.freeze()
        for _ in range(effort.runs):
            seconds[BARE[-1]].append(await _bare(one, f"/records {first} {end}"))
            moments = _moments(one)
            for command in COMMANDS:
                # A program that has read them would not read them again.
                one.new_store()
                async with one.running(PROGRAM, one.settings()) as process:
                    took, grown = await _ours(one, process.pid, command, first, end)
                    seconds[command].append(took)
                    growth[command].append(grown / MEGABYTE)
                    again.append((await _ours(one, process.pid, command, first, end))[0])
            asked.append(_most_in_a_minute(moments))
    rows = []
    for command in COMMANDS:
        rows.append(Row(f"`{command}` over {calls:,} calls", "s", seconds[command], seconds[BARE[-1]], 0.9, True))
        rows.append(Row(f"`{command}`: growth of memory", "MB", growth[command], most=25))
    rows.append(Row("either of them again", "s", again, seconds[BARE[-1]]))
    rows.append(Row("requests to the PBX within a minute, at most", "", asked, most=BUDGET))
    return rows


async def _bare(one: Stage, text: str) -> float:
    async with one.running(BARE, one.bare_settings()):
        # The program's start is over.
        await one.bares.asks(one.bares.people[-1], "/status")
        return await one.bares.asks(one.bares.people[0], text, WITHIN)


async def _ours(one: Stage, pid: int, command: str, first: str, end: str) -> tuple[float, int]:
    """Return the seconds, and the bytes by which the peak of the process's memory grew."""
    # Modules loaded by the first command are not memory of its records.
    await one.ours.asks(one.ours.people[-1], f"{command} {end}")
    await one.ours.is_quiet()
    memory.forget_peak(pid)
    before = memory.resident(pid)
    took = await one.ours.asks(one.ours.people[0], f"{command} {first} {end}", WITHIN)
    return took, memory.peak(pid) - before


def _moments(one: Stage) -> deque[float]:
    """Collect the times of the requests from now on, in seconds."""
    moments: deque[float] = deque()

    def heard(entry: JournalEntry) -> None:
        moments.append(entry.at)

    one.pbx.journal.heard = heard
    return moments


def _most_in_a_minute(moments: Sequence[float]) -> int:
    begun = sorted(moments)
    return max(sum(0 <= later - moment < MINUTE for later in begun) for moment in begun)


FIGURE = Figure("records", run)
