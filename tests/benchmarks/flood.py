"""Strangers and a hijacked account flood the bot; meanwhile the person on call presses a button once a second."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from bot.demo.telegram.bot_api.keyboards import inline_rows
from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.client.messages import press
from tests.benchmarks.measured import memory
from tests.benchmarks.measured.figure import Effort, Figure, Row
from tests.benchmarks.measured.stage import PROGRAM, Stage, stage

ON_CALL, VIEWER = 0, 1
GROUP = -1001000000001
STRANGERS = range(900_000, 901_000)
BETWEEN = 1.0
# Seconds until Telegram forgets a button press.
LOST_AFTER = 150.0
MB, KB = 1e6, 1e3

Put = Callable[[Stage], None]


@dataclass(frozen=True)
class Flood:
    """`puts` are updates in order; the first `at_once` arrive before any press, the rest at `rate` a second."""

    name: str
    puts: Callable[[], Iterator[Put]]
    at_once: int = 0
    rate: float = 0.0
    seconds: float = 60.0


@dataclass(frozen=True)
class Measured:
    """`presses` in seconds, growth in bytes, `stored` is the number of stored updates."""

    presses: list[float]
    memory: int
    database: int
    stored: int


def run(effort: Effort) -> list[Row]:
    return asyncio.run(_run(effort))


async def _run(effort: Effort) -> list[Row]:
    measured: dict[str, list[Measured]] = {flood.name: [] for flood in FLOODS}
    async with stage() as one:
        for _ in range(effort.runs):
            for flood in FLOODS:
                measured[flood.name].append(await _flooded(one, flood, 5 if effort.quick else flood.seconds))
    calm = measured[FLOODS[0].name]
    rows = []
    for name, runs in measured.items():
        of_calm = () if runs is calm else calm
        rows.append(_pressed(f"{name}: a press is answered, median", runs, of_calm, median))
        rows.append(_pressed(f"{name}: a press is answered, 99th percentile", runs, of_calm, _99th, most=1000))
        rows.append(Row(f"{name}: growth of memory", "MB", [one.memory / MB for one in runs], most=30))
        rows.append(Row(f"{name}: growth of the database", "kB", [one.database / KB for one in runs], most=500))
        rows.append(Row(f"{name}: updates that were stored", "", [one.stored for one in runs]))
    return rows


def _pressed(
    what: str,
    runs: list[Measured],
    calm: list[Measured] | tuple[()],
    of: Callable[[list[float]], float],
    most: float | None = None,
) -> Row:
    values, references = ([1000 * of(one.presses) for one in each] for each in (runs, calm))
    return Row(what, "ms", values, references, most)


def _99th(values: list[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[-1]


async def _flooded(one: Stage, flood: Flood, seconds: float) -> Measured:
    one.new_store()
    person = one.ours.people[ON_CALL]
    settings = one.settings(viewers=2) | {"ALERT_CHATS": str(GROUP), "COMMANDS_PER_MINUTE": "30"}
    async with one.running(PROGRAM, settings) as process:
        await one.ours.asks(person, "/incidents")
        await one.ours.is_quiet(3)
        before, stored = _size(one), _stored(one)
        held = memory.resident(process.pid)
        puts = flood.puts()
        for _, put in zip(range(flood.at_once), puts, strict=False):
            put(one)
        pouring = asyncio.create_task(_pour(one, puts, flood.rate))
        presses = await _presses(one, person, seconds)
        pouring.cancel()
        return Measured(
            presses, memory.resident(process.pid) - held, _size(one) - before, _stored(one) - stored - len(presses)
        )


async def _pour(one: Stage, puts: Iterator[Put], rate: float) -> None:
    began, put = time.monotonic(), 0
    while rate:
        while put < (time.monotonic() - began) * rate:
            next(puts)(one)
            put += 1
        await asyncio.sleep(0.01)


async def _presses(one: Stage, person: int, seconds: float) -> list[float]:
    chat = one.ours.telegram.chats[person]
    took = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        message = next(m for m in reversed(chat.messages.values()) if m.sender and m.sender.is_bot)
        row, column = next(
            (r, c)
            for r, row in enumerate(inline_rows(message))
            for c, b in enumerate(row)
            if "Refresh" in str(b["text"])
        )
        began = time.monotonic()
        where = {"as": person, "chat": person, "message": message.id, "row": row, "column": column}
        pressed = await press(one.ours.telegram, Params(where | {"wait": LOST_AFTER}))
        took.append(time.monotonic() - began if pressed["answer"] is not None else LOST_AFTER)
        await asyncio.sleep(BETWEEN)
    return took


def _size(one: Stage) -> int:
    (pages,), (size,) = _asked(one, "pragma page_count"), _asked(one, "pragma page_size")
    return int(pages) * int(size)


def _stored(one: Stage) -> int:
    return int(_asked(one, "select count(*) from inbox")[0])


def _asked(one: Stage, query: str) -> Any:
    with closing(sqlite3.connect(f"file:{one.folder / 'bot.sqlite3'}?mode=ro", uri=True, timeout=20)) as connection:
        return connection.execute(query).fetchone()


def _message(one: Stage, person: int, text: str, number: int, chat: int | None = None) -> None:
    where: dict[str, Any] = {"id": person, "type": "private", "first_name": "Stranger"}
    if chat is not None:
        where = {"id": chat, "type": "supergroup", "title": "The office"}
    entities = [{"type": "bot_command", "offset": 0, "length": len(text)}] if text.startswith("/") else []
    message = {
        "message_id": 500_000 + number,
        "from": {"id": person, "is_bot": False, "first_name": "Stranger"},
        "chat": where,
        "date": int(time.time()),
        "text": text,
        "entities": entities,
    }
    one.ours.telegram.queue.put("message", message)


def _nothing() -> Iterator[Put]:
    yield from ()


def _strangers(text: str, people: int, chat: int | None = None) -> Callable[[], Iterator[Put]]:
    def puts() -> Iterator[Put]:
        number = 0
        while True:
            person = STRANGERS[number % people]
            yield lambda one, person=person, number=number: _message(one, person, text, number, chat)  # type: ignore[misc]
            number += 1

    return puts


def _hijacked() -> Iterator[Put]:
    number = 0
    while True:
        yield lambda one, number=number: _message(one, one.ours.people[VIEWER], "/id", number)  # type: ignore[misc]
        number += 1


FLOODS = (
    Flood("nobody else", _nothing),
    Flood("1,000 strangers, 5 commands each", _strangers("/status", 1000), at_once=5000),
    Flood("40 strangers, 40 commands a second", _strangers("/status", 40), rate=40, seconds=180),
    Flood("1,000 strangers talk in the alert chat, 40 a second", _strangers("good morning", 1000, GROUP), rate=40),
    Flood("a viewer's account, 3,000 commands", _hijacked, at_once=3000),
)
FIGURE = Figure("flood", run)
