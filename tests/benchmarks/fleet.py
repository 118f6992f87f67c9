"""Cost of polling up to a thousand PBXs every 10 s, and the lateness of the polls."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles

from tests.benchmarks.load import EVERY, Load, is_well, load, name
from tests.benchmarks.measured import cores, memory
from tests.benchmarks.measured.figure import Effort, Figure, Row

SIZES = (100, 300, 1000)
LARGEST = SIZES[-1]
SETTLING, WATCHED = 20.0, 40.0
MEGABYTE = 2**20


@dataclass(frozen=True)
class Taken:
    """Cost of a polling process: cores, MB, the lateness of each poll in seconds, and the percentage of due polls that
    were made.
    """

    cores: float
    memory: float
    late: list[float]
    done: float


@dataclass(frozen=True)
class Told:
    """Times of the program in seconds: from its start until it listens, until its first poll and the first of every
    PBX, and until a command is answered. `late` is the percentage of late polls by its own metrics.
    """

    listens: float
    first: float
    all_first: float
    one: float
    list: float
    late: float


def run(effort: Effort) -> list[Row]:
    return asyncio.run(_run(effort))


async def _run(effort: Effort) -> list[Row]:
    ours: dict[int, list[Taken]] = defaultdict(list)
    told: list[Told] = []
    bare: list[Taken] = []
    async with load() as one:
        for _ in range(effort.runs):
            for size in SIZES:
                taken, beside = await _program(one, size, effort)
                ours[size].append(taken)
                if size == LARGEST:
                    told.append(beside)
            async with one.bare(LARGEST) as process:
                bare.append(await _taken(one, process.pid, LARGEST, effort))
    return [*_of_sizes(ours, bare), *_of_largest(ours, told)]


async def _program(one: Load, size: int, effort: Effort) -> tuple[Taken, Told]:
    (one.folder / "log").unlink(missing_ok=True)
    began = time.monotonic()
    async with one.program(size) as process:
        listens = await one.is_listening() - began
        taken = await _taken(one, process.pid, size, effort)
        moments = await one.moments()
        firsts = [next(at for at in moments[name(n)] if at > began) - began for n in _well(size)]
        return taken, Told(
            listens,
            min(firsts),
            max(firsts),
            await _answered(one, f"/status {name(1)}", "Station 1"),
            await _answered(one, "/stations", "Station"),
            await one.begun_late(),
        )


async def _answered(one: Load, text: str, shows: str) -> float:
    person = one.chats.people[0]
    seconds = await one.chats.asks(person, text)
    assert shows in one.chats.shown(person)["text"]
    return seconds


async def _taken(one: Load, pid: int, size: int, effort: Effort) -> Taken:
    await asyncio.sleep(2 * EVERY if effort.quick else SETTLING)
    began, before = time.monotonic(), cores.seconds(pid)
    await asyncio.sleep(3 * EVERY if effort.quick else WATCHED)
    ended, after = time.monotonic(), cores.seconds(pid)
    resident = memory.resident(pid) / MEGABYTE
    moments = await one.moments()
    within = {n: [at for at in moments[name(n)] if began - EVERY <= at < ended] for n in _well(size)}
    late = [max(0.0, after - before - EVERY) for polls in within.values() for before, after in pairwise(polls)]
    done = sum(at >= began for polls in within.values() for at in polls)
    expected = len(within) * (ended - began) / EVERY
    return Taken((after - before) / (ended - began), resident, late, 100 * done / expected)


def _well(size: int) -> list[int]:
    return [number for number in range(1, size + 1) if is_well(number)]


def _of_sizes(ours: dict[int, list[Taken]], bare: list[Taken]) -> Iterable[Row]:
    for size, runs in ours.items():
        largest = size == LARGEST
        beside = bare if largest else []
        what = f"{size:,} PBXs"
        yield Row(
            f"{what}: processor",
            "cores",
            [t.cores for t in runs],
            [t.cores for t in beside],
            1.1 if largest else None,
            relative=True,
        )
        yield Row(
            f"{what}: memory", "MB", [t.memory for t in runs], [t.memory for t in beside], 300 if largest else None
        )
        yield Row(
            f"{what}: a poll is late, median",
            "ms",
            [1000 * median(t.late) for t in runs],
            [1000 * median(t.late) for t in beside],
        )
        yield Row(
            f"{what}: a poll is late, 99th percentile",
            "ms",
            [1000 * _p99(t.late) for t in runs],
            [1000 * _p99(t.late) for t in beside],
            200,
        )
        yield Row(f"{what}: polls that were", "%", [t.done for t in runs], [t.done for t in beside])


def _of_largest(ours: dict[int, list[Taken]], told: list[Told]) -> Iterable[Row]:
    grown = LARGEST / SIZES[1]
    expected = [grown * taken.cores for taken in ours[SIZES[1]]]
    yield Row(
        f"{LARGEST:,} PBXs beside {grown:.2f} times what {SIZES[1]} take",
        "cores",
        [taken.cores for taken in ours[LARGEST]],
        expected,
        1.2,
        relative=True,
    )
    what = f"{LARGEST:,} PBXs"
    yield Row(f"{what}: looks that began more than 1 s late, as /metrics tells", "%", [t.late for t in told], most=1)
    yield Row(f"{what}: from the start until it listens", "s", [t.listens for t in told])
    yield Row(f"{what}: from the start to the first poll", "s", [t.first for t in told])
    yield Row(f"{what}: from the start until all were polled", "s", [t.all_first for t in told])
    yield Row(f"{what}: `/status NAME`", "s", [t.one for t in told], most=1)
    yield Row(f"{what}: `/stations`", "s", [t.list for t in told], most=1)


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[-1]


FIGURE = Figure("fleet", run)
