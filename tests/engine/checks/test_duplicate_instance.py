"""Duplicate instances on one token are reported; the overlap of a restart is not."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.engine.checks.duplicate_instance import DuplicateInstanceCheck
from bot.incidents.model import SECOND_COPY, Kind, Opened, Resolved
from tests.incident_harness.recording_sink import RecordingStateSink

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


@dataclass
class Scene:
    book: RecordingStateSink = field(default_factory=RecordingStateSink)
    now: datetime = START

    def __post_init__(self) -> None:
        self.restarts()

    def restarts(self) -> None:
        self.check = DuplicateInstanceCheck("Head office", self.book, lambda: self.now)

    async def conflict(self, after: float = 0) -> None:
        self.now += timedelta(seconds=after)
        self.check.conflict()
        await self.check.evaluate()

    async def polled(self, after: float = 0) -> None:
        self.now += timedelta(seconds=after)
        self.check.polled()
        await self.check.evaluate()


async def test_half_a_minute_of_conflicts_is_another_copy() -> None:
    scene = Scene()
    for after in (0, 5, 10, 14):
        await scene.conflict(after)
        await scene.polled()
    assert scene.book.told == []
    await scene.conflict(1)
    assert scene.book.told == [Opened(Kind.SECOND_COPY, START)]
    assert scene.book.happened[0].subject == SECOND_COPY
    assert scene.book.last_facts() == {"station": "Head office"}


async def test_a_restart_with_one_conflict_is_nobodys_business_nor_is_another_one_an_hour_later() -> None:
    scene = Scene()
    await scene.conflict()
    for _ in range(72):
        await scene.polled(50)
    await scene.conflict()
    assert scene.book.told == []


async def open_scene() -> Scene:
    scene = Scene()
    for _ in range(5):
        await scene.conflict(10)
    assert len(scene.book.told) == 1
    return scene


async def test_it_is_over_after_a_minute_of_undisturbed_polls_and_ended_with_the_last_conflict() -> None:
    scene = await open_scene()
    last = scene.now
    await scene.polled(50)
    assert len(scene.book.told) == 1
    await scene.polled(50)
    assert [type(one) for one in scene.book.told] == [Opened, Resolved]
    assert isinstance(scene.book.told[1], Resolved)
    assert scene.book.told[1].ended_at == last
    assert scene.book.states == {}


async def test_while_telegram_is_away_nothing_is_over() -> None:
    scene = await open_scene()
    scene.now += timedelta(hours=1)
    await scene.check.evaluate()
    assert len(scene.book.told) == 1


async def test_a_restart_does_not_open_it_again_and_proves_nothing_by_itself() -> None:
    scene = await open_scene()
    scene.restarts()
    await scene.polled(1)
    await scene.conflict(10)
    assert len(scene.book.told) == 1
    await scene.polled(61)
    assert [type(one) for one in scene.book.told] == [Opened, Resolved]


async def test_what_polling_notes_is_judged_by_the_check_itself() -> None:
    scene = Scene()
    stop = asyncio.Event()
    running = asyncio.create_task(scene.check.run(stop))
    for _ in range(2):
        scene.check.conflict()
        await asyncio.sleep(0.01)
        scene.now += timedelta(seconds=40)
    stop.set()
    await asyncio.wait_for(running, 30)
    assert scene.book.told == [Opened(Kind.SECOND_COPY, START)]


async def test_a_store_that_refuses_does_not_end_the_check() -> None:
    scene = Scene()
    stop = asyncio.Event()
    running = asyncio.create_task(scene.check.run(stop))
    scene.book.refuses = OSError("disk full")
    scene.check.conflict()
    await asyncio.sleep(0.01)
    scene.book.refuses = None
    scene.check.conflict()
    await asyncio.sleep(0.01)
    assert not running.done()
    assert scene.book.writes == 1
    stop.set()
    await asyncio.wait_for(running, 30)
