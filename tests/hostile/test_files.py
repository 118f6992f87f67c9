"""A malicious file affects only its sender."""

import asyncio
import io
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bot.sandbox import json_answers
from bot.sandbox.json_answers import json_of
from bot.sandbox.process import run
from bot.sandbox.slots import SlotPool
from bot.sandbox.task import Task, TaskFailed, TaskFailure, TaskRefused
from bot.spreadsheet import reader
from bot.spreadsheet.writer import serialized, write
from handlers.employee_import import files
from handlers.parsing import spreadsheet
from handlers.parsing.spreadsheet import FAILURE_TEXTS, WrongFile
from tests.end_to_end.harness import ANNA, BORIS, Program, Standins
from tests.hostile.fixtures import bombs

PEOPLE = [["number", "name", "email", "mobile"]] + [
    [str(10_000 + n), f"Person {n}", f"p{n}@company.com", f"+7900{n:07}"] for n in range(5_000)
]
# Seconds until another person has a reply, and the PBX a poll, on a busy machine; a blocked bot took 84 s.
SOON = 15.0
MINE = Task("tests.hostile.fixtures.tasks", "", seconds=5, max_result=1_000)


@pytest.mark.parametrize(
    ("language", "says", "read"),
    [("en", "unpacks to more than 10 MB", "1 to create"), ("ru", "больше 10 МБ", "будет создано: 1")],
)
def test_a_bomb_is_refused_and_meanwhile_the_others_have_their_turn(
    standins: Standins, start_bot: Callable[..., Program], language: str, says: str, read: str
) -> None:
    start_bot(LANGUAGE=language)
    incidents = standins.asks(BORIS, "/incidents")
    content = bombs.bomb(95_000_000)
    assert len(content) < 300_000
    number = standins.sends_file(ANNA, "staff.xlsx", content, "/import_employees")
    # Accepted, but takes seconds of CPU time.
    standins.sends_file(ANNA, "staff2.xlsx", bombs.bomb(4_000_000), "/import_employees")
    assert "CSV" in standins.after(number, ANNA, says)
    looks, pressed, longest, ends = standins.looks(), 0, 0.0, time.perf_counter() + 120
    while time.perf_counter() < ends and not [
        message for message in standins.from_bot(ANNA, ANNA, number) if read in message
    ]:
        began = time.perf_counter()
        shown = standins.again(incidents, BORIS)
        assert shown is not None
        standins.presses(BORIS, shown, shown.buttons[-1][0], wait=SOON)
        longest = max(longest, time.perf_counter() - began)
        pressed += 1
    assert pressed > 2
    assert longest < SOON
    standins.wait_for(lambda: standins.looks() > looks + 1 or None, "the PBX is looked at", SOON)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: bombs.bomb(11_000_000), "10 MB"),
        (lambda: bombs.lying(bombs.bomb(95_000_000)), "cannot be read"),
        (lambda: bombs.packed({}, more=2_000), "cannot be read"),
        (bombs.laughing, "cannot be read"),
        (lambda: b"PK\x03\x04" + os.urandom(5_000), "cannot be read"),
        (lambda: b"x" * 5_000_001, "5 MB"),
        (lambda: b"number;name\n" + b"\xd1\x8f" * 2_400_000 + b"\n", ""),
        (lambda: b"number;name\n" + b"\xd1\x8f;" * 1_600_000 + b"\n", ""),
        (lambda: b'number;name\n"' + b"\n " * 2_400_000 + b'"', "cannot be read as a table"),
        (lambda: b"number;name\n" + b'"' * 4_900_000, "cannot be read as a table"),
        (lambda: b"number;name\n" + b"'" * 4_900_000, "cannot be read as a table"),
    ],
    ids=["unpacked", "lying", "parts", "laughing", "noise", "large", "cell", "cells", "quoted", "quotes", "guards"],
)
def test_what_is_too_much_is_refused_in_a_sentence(made: Callable[[], bytes], says: str) -> None:
    """Refused by the reader itself, without the sandbox."""
    content, said = made(), ""
    try:
        reader.read(content)
    except TaskRefused as refusal:
        said = refusal.reason
    assert says in said


@pytest.mark.parametrize(
    ("task", "limits", "failure"),
    [
        ("burns", {"seconds": 1, "within": 600.0}, TaskFailure.TIME),
        ("sleeps", {"within": 1.0}, TaskFailure.TIME),
        ("eats", {}, TaskFailure.MEMORY),
    ],
    ids=["time of the processor", "time of the clock", "memory"],
)
async def test_what_takes_too_much_is_ended_and_the_sender_notified(
    monkeypatch: pytest.MonkeyPatch, task: str, limits: dict[str, Any], failure: TaskFailure
) -> None:
    monkeypatch.setattr(spreadsheet, "READ", here(task, **limits))
    with pytest.raises(WrongFile) as wrong:
        async with asyncio.timeout(SOON):
            await spreadsheet.read(b"", 1)
    assert wrong.value.problem == FAILURE_TEXTS[failure]


async def test_five_thousand_people_are_written_and_read() -> None:
    lines = (await files.read_file(await spreadsheet.write(PEOPLE, "xlsx", "people", 1), 1)).lines
    assert len(lines) == 5_000
    assert lines[-1].cells["name"] == "Person 4999"


def test_of_a_table_with_gaps_nobody_is_left_out() -> None:
    gaps = [line for row in PEOPLE for line in (row, [])]
    lines = files.employee_table(reader.read(write(serialized(gaps), "xlsx", "people"))).lines
    assert [(lines[0].number, len(lines))] == [(3, 5_000)]


def here(name: str, **more: Any) -> Task:
    return replace(MINE, function=name, **more)


async def test_a_task_gives_plain_data_knows_no_secrets_and_writes_no_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TELEGRAM_TOKEN", "secret")
    told = await run(here("tells"), "ё".encode(), owner=1, path=str(tmp_path / "file"))
    assert told["content"] == "ё"
    assert set(told["environment"]) <= {"PYTHONPATH", "LC_CTYPE"}
    assert not told["written"]


@pytest.mark.parametrize(("name", "failure"), [("much", TaskFailure.RESULT), ("breaks", TaskFailure.BROKEN)])
async def test_what_gives_too_much_or_breaks_is_not_done(name: str, failure: TaskFailure) -> None:
    with pytest.raises(TaskFailed, match=failure):
        await run(here(name), b"", owner=1)
    with pytest.raises(TaskRefused, match="does not want"):
        await run(here("refuses"), b"", owner=1)


async def test_nobody_waits_any_more_and_the_process_is_gone() -> None:
    others = _children()
    waiting = asyncio.create_task(run(here("sleeps"), b"", owner=1))
    async with asyncio.timeout(SOON):
        while not (children := _children() - others):  # noqa: ASYNC110 (there is no event to wait for)
            await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not children & _children()


def _children() -> set[int]:
    found = set[int]()
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            found |= {int(child) for child in (task / "children").read_text().split()}
    return found


async def test_a_burst_of_one_does_not_keep_the_others_waiting() -> None:
    places, done, gate = SlotPool(2), list[str](), asyncio.Event()

    async def work(owner: str) -> None:
        async with places.slot(owner):
            done.append(owner)
            await gate.wait()

    crowd = [asyncio.create_task(work("crowd")) for _ in range(5)]
    await asyncio.sleep(0)
    other = asyncio.create_task(work("other"))
    third = asyncio.create_task(work("third"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert done == ["crowd", "other"]
    # Each owner may queue a limited number; the rest are refused at once.
    assert sum(task.done() for task in crowd) == 2
    third.cancel()
    gate.set()
    results = await asyncio.gather(*crowd, other, third, return_exceptions=True)
    assert done == ["crowd", "other", "crowd", "crowd"]
    assert [type(result) for result in results[3:5]] == [TaskFailed, TaskFailed]
    async with places.slot("third"):
        pass


def honest(values: int) -> bytes:
    rows = [{f"key {n}": f"value {row}" for n in range(20)} for row in range(values // 20)]
    return json.dumps({"result": True, "data": rows}).encode()


HOSTILE = {
    "honest": honest(60_000),
    "numbers": b"[" + b"1234567," * 200_000 + b"1]",
    "empty": b"[" + b"[]," * 100_000 + b"[]]",
    "keys": b"{" + b",".join(b'"k%d":1' % n for n in range(100_000)) + b"}",
    "long": b'["' + b"x" * 2_000_000 + b'"]',
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
async def test_large_json_is_read_as_small_is_and_others_have_their_turn(content: bytes) -> None:
    longest, last = 0.0, time.perf_counter()

    async def others() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0)
            longest, last = max(longest, time.perf_counter() - last), time.perf_counter()

    beside = asyncio.create_task(others())
    assert await json_of(content) == json.loads(content)
    beside.cancel()
    assert longest < 1


async def test_json_of_too_many_values_or_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (b"[" + b"," * 300_000, b"x" * 300_000, b"[" * 300_000, b"", b'{"a":' * 300_000):
        with pytest.raises((ValueError, RecursionError)):
            await json_of(content)
    monkeypatch.setattr(json_answers, "MAX_VALUES", 1_000)
    with pytest.raises(ValueError, match="too many"):
        await json_of(honest(20_000))


def test_an_excel_file_is_one_that_others_open() -> None:
    book = openpyxl.load_workbook(io.BytesIO(write(serialized([["a"] * 30, ["=1+1", 7, None]]), "xlsx", "A & B")))
    assert book.sheetnames == ["A & B"]
    assert [cell.coordinate for cell in book.worksheets[0][1]][-1] == "AD1"
    assert [cell.value for cell in book.worksheets[0][2]][:3] == ["'=1+1", "7", "None"]
    assert book.worksheets[0]["A1"].font.bold
    assert book.worksheets[0]["A2"].number_format == "@"
