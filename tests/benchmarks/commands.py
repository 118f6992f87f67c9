"""Response times of commands, in sequence and concurrent, beside a bare bot with equal requests and answers."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import cycle, islice
from statistics import mean, median, quantiles

from bot.demo.pbx.control import calls
from tests.benchmarks.measured import cores
from tests.benchmarks.measured.chats import Chats
from tests.benchmarks.measured.figure import Effort, Figure, Row
from tests.benchmarks.measured.stage import BARE, PROGRAM, Stage, stage

HURRIED = ("-m", "tests.benchmarks.reference.hurried")
IN_A_ROW, AT_ONCE, BLOCK = 300, 50, 50
CALLS_UP = 6
OURS, BARES = "ours", "bare"
# Goals as multiples of the reference's times: the median, and the 95th percentile.
GOALS = {"in a row": (1.2, 1.3), "at once": (1.2, 1.2)}
MOST_PROCESSOR = 2.0
# Results of a run in seconds, by command, mode and bot: of each command, or of all in PROCESSOR.
PROCESSOR = "processor"
Times = dict[tuple[str, str, str], list[float]]


def run(effort: Effort) -> list[Row]:
    return asyncio.run(_run(effort))


async def _run(effort: Effort) -> list[Row]:
    async with stage() as one:
        _calls_are_up(one)
        await _set_menus(one)
        runs = [await _one_run(one, 60 if effort.quick else IN_A_ROW) for _ in range(effort.runs)]
    rows = []
    for command in _commands(one):
        shown = "/cdr today" if command == "/cdr" else command
        for how, (most_of_median, most_of_p95) in GOALS.items():
            for what, most, of in (("median", most_of_median, median), ("95th percentile", most_of_p95, _p95)):
                values, references = (_each(runs, (command, how, who), of) for who in (OURS, BARES))
                rows.append(Row(f"`{shown}` {how}, {what}", "ms", values, references, most, relative=True))
        values, references = (_each(runs, (command, PROCESSOR, who), mean) for who in (OURS, BARES))
        rows.append(Row(f"`{shown}` in a row, processor", "ms", values, references, MOST_PROCESSOR, relative=True))
    return rows


async def _set_menus(one: Stage) -> None:
    """Let a first program set the command menus of everybody, which takes Telegram a minute or two, once."""
    one.new_store()
    async with one.running(HURRIED, one.settings()):
        await one.ours.asks(one.ours.people[-1], "/id")
        await one.ours.is_quiet(6)
    one.keep_store()


async def _one_run(one: Stage, in_a_row: int) -> Times:
    times: Times = defaultdict(list)
    one.new_store()
    async with one.running(HURRIED, one.settings()) as program:
        await _write_answers(one)
        async with one.running(BARE, one.bare_settings()) as bare:
            for command, (ours, bares) in _commands(one).items():
                await _warm(one, ours, bares)
                both = ((OURS, one.ours, ours, program.pid), (BARES, one.bares, bares, bare.pid))
                for _ in range(in_a_row // BLOCK or 1):
                    for who, chats, text, pid in both:
                        before, number = cores.seconds(pid), min(BLOCK, in_a_row)
                        times[command, "in a row", who] += await _in_a_row(chats, text, number)
                        times[command, PROCESSOR, who].append((cores.seconds(pid) - before) / number)
    async with one.running(BARE, one.bare_settings()):
        for command, (ours, bares) in _commands(one).items():
            one.new_store()
            # A new process each time: earlier requests must not count against its PBX budget.
            async with one.running(PROGRAM, one.settings()):
                await _warm(one, ours, bares)
                times[command, "at once", OURS] = await one.ours.ask_at_once(one.ours.people[:AT_ONCE], ours)
                times[command, "at once", BARES] = await one.bares.ask_at_once(one.bares.people[:AT_ONCE], bares)
    return times


def _commands(one: Stage) -> Mapping[str, tuple[str, str]]:
    """Return the commands for the program and for the bare bot."""
    today = datetime.now(one.pbx.zone).date()
    return {
        "/status": ("/status", "/status"),
        "/calls": ("/calls", "/calls"),
        "/cdr": ("/cdr today", f"/cdr {today}"),
    }


def _calls_are_up(one: Stage) -> None:
    """Long calls, so that all answers are equal."""
    numbers = [person.number for person in one.pbx.employees.values()]
    for number, target in enumerate(numbers[:CALLS_UP]):
        order = {"kind": "incoming", "src": f"7916111110{number}", "dst": target, "talk_seconds": 4 * 3600}
        calls.start(one.pbx, {}, order)


async def _write_answers(one: Stage) -> None:
    """Store the program's answers, for the bare bot to send."""
    answers = {}
    person = one.ours.people[-1]
    for command, (asked, _) in _commands(one).items():
        await one.ours.asks(person, asked)
        shown = one.ours.shown(person)
        markup = shown.get("reply_markup")
        buttons = json.loads(markup) if isinstance(markup, str) else markup
        answers[command[1:]] = {"text": shown["text"], "buttons": buttons}
    (one.folder / "answers.json").write_text(json.dumps(answers))


async def _warm(one: Stage, ours: str, bares: str) -> None:
    """Send each command once: the first call loads what it needs."""
    for chats, text in ((one.ours, ours), (one.bares, bares)):
        await chats.asks(chats.people[-1], text)
        await chats.is_quiet()


async def _in_a_row(chats: Chats, text: str, number: int) -> list[float]:
    """Ask in sequence, each time another person, within Telegram's limit for one chat."""
    return [await chats.asks(person, text) for person in islice(cycle(chats.people), number)]


def _each(runs: Sequence[Times], what: tuple[str, str, str], of: Callable[[Sequence[float]], float]) -> list[float]:
    """Return milliseconds."""
    return [1000 * of(times[what]) for times in runs]


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


FIGURE = Figure("commands", run)
