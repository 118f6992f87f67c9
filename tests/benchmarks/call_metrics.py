"""Cost of counting the calls of a thousand PBXs for /metrics, beside the same program without it."""

import asyncio
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, quantiles

import httpx

from tests.benchmarks.load import EVERY, Load, is_well, load, name
from tests.benchmarks.measured import cores, memory
from tests.benchmarks.measured.figure import Effort, Figure, Row
from tests.benchmarks.measured.many_pbxs import EVERYTHING

PBXS = 1000
# Every PBX is read twice in a minute.
SETTLING, WATCHED = 45.0, 60.0
MEGABYTE = 2**20


@dataclass(frozen=True)
class Taken:
    """Cost of the program: cores, MB, requests a minute of each PBX, those of the busiest second beside the mean one,
    the 99th percentile of the lateness of polls in seconds, and an answer of /metrics: seconds and MB.
    """

    cores: float
    memory: float
    requests: float
    busiest: float
    late: float
    scrape: float
    size: float


def run(effort: Effort) -> list[Row]:
    return asyncio.run(_run(effort))


async def _run(effort: Effort) -> list[Row]:
    taken: dict[bool, list[Taken]] = defaultdict(list)
    async with load() as one:
        for _ in range(effort.runs):
            for counts in (False, True):
                async with one.program(PBXS, CALL_METRICS=str(counts).lower()) as process:
                    await one.is_listening()
                    taken[counts].append(await _taken(one, process.pid, effort))
    return _rows(taken[True], taken[False])


async def _taken(one: Load, pid: int, effort: Effort) -> Taken:
    await asyncio.sleep(2 * EVERY if effort.quick else SETTLING)
    began, before = time.monotonic(), cores.seconds(pid)
    await asyncio.sleep(3 * EVERY if effort.quick else WATCHED)
    ended, after = time.monotonic(), cores.seconds(pid)
    resident = memory.resident(pid) / MEGABYTE
    moments = await one.moments()
    asked = [at for at in moments[EVERYTHING] if began <= at < ended]
    by_second = Counter(int(at - began) for at in asked if at < began + int(ended - began))
    polls = [[at for at in moments[name(n)] if began - EVERY <= at < ended] for n in range(1, PBXS + 1) if is_well(n)]
    late = [max(0.0, later - earlier - EVERY) for each in polls for earlier, later in pairwise(each)]
    scraped = time.monotonic()
    async with httpx.AsyncClient(timeout=30) as http:
        answer = await http.get(f"{one.metrics}/metrics")
    return Taken(
        cores=(after - before) / (ended - began),
        memory=resident,
        requests=len(asked) / PBXS / (ended - began) * 60,
        busiest=max(by_second.values()) / mean(by_second.values()),
        late=quantiles(late, n=100, method="inclusive")[-1],
        scrape=time.monotonic() - scraped,
        size=len(answer.content) / MEGABYTE,
    )


def _rows(counted: list[Taken], not_counted: list[Taken]) -> list[Row]:
    what = f"{PBXS:,} PBXs, calls counted"
    return [
        Row(f"{what}: processor", "cores", [t.cores for t in counted], [t.cores for t in not_counted]),
        Row(f"{what}: memory", "MB", [t.memory for t in counted], [t.memory for t in not_counted], 300),
        Row(
            f"{what}: requests a minute of each PBX",
            "",
            [t.requests for t in counted],
            [t.requests for t in not_counted],
            15,
        ),
        Row(
            f"{what}: requests in the busiest second, beside the mean one",
            "×",
            [t.busiest for t in counted],
            [t.busiest for t in not_counted],
            1.5,
        ),
        Row(
            f"{what}: a poll is late, 99th percentile",
            "ms",
            [1000 * t.late for t in counted],
            [1000 * t.late for t in not_counted],
            200,
        ),
        Row(f"{what}: `/metrics`", "s", [t.scrape for t in counted], [t.scrape for t in not_counted], 1),
        Row(f"{what}: size of `/metrics`", "MB", [t.size for t in counted], [t.size for t in not_counted]),
    ]


FIGURE = Figure("call_metrics", run)
