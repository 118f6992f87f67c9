"""Clock drift of a PBX: one notification, with amount and direction."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.engine.checks.clock_drift import ClockDriftCheck
from bot.incidents.model import CLOCK, Changed, Kind, Opened, Resolved
from tests.incident_harness.recording_sink import RecordingStateSink

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
MOSCOW = timezone(timedelta(hours=3))


@dataclass
class Scene:
    book: RecordingStateSink = field(default_factory=RecordingStateSink)
    now: datetime = START

    def __post_init__(self) -> None:
        self.check = ClockDriftCheck("Head office", self.book)

    def restarts(self) -> None:
        self.check = ClockDriftCheck("Head office", self.book)

    async def sees(self, off_by: float, times: int = 1, *, restarting: bool = False) -> None:
        for _ in range(times):
            if restarting:
                self.restarts()
            self.check.observe((self.now + timedelta(seconds=off_by)).astimezone(MOSCOW), self.now)
            await self.check.evaluate()
            self.now += timedelta(seconds=10)


@pytest.mark.parametrize("off_by", [125, -125])
async def test_a_clock_far_off_for_five_minutes_is_reported_with_how_much_and_which_way(off_by: int) -> None:
    scene = Scene()
    await scene.sees(off_by, 30)
    assert scene.book.told == []
    await scene.sees(off_by, 5)
    assert scene.book.told == [Opened(Kind.CLOCK_OFF, START)]
    assert scene.book.happened[0].subject == CLOCK
    assert scene.book.last_facts() == {"station": "Head office", "off_by": off_by}


async def test_a_little_off_is_the_same_clock() -> None:
    scene = Scene()
    await scene.sees(59, 100)
    assert scene.book.writes == 0


async def test_a_drifting_clock_is_news_only_once_it_has_doubled() -> None:
    scene = Scene()
    await scene.sees(100, 31)
    await scene.sees(199, 50)
    assert len(scene.book.told) == 1
    await scene.sees(-201, 50)
    assert scene.book.told[1:] == [Changed()]
    assert scene.book.last_facts()["off_by"] == -201


async def test_it_is_over_when_the_clock_is_right_and_not_when_it_hovers_at_the_limit() -> None:
    scene = Scene()
    await scene.sees(100, 31)
    await scene.sees(45, 10)
    assert len(scene.book.told) == 1
    mended = scene.now
    await scene.sees(1, 2)
    assert isinstance(scene.book.told[1], Resolved)
    assert scene.book.told[1].ended_at == mended
    assert scene.book.states == {}


async def test_an_answer_without_a_time_proves_nothing() -> None:
    scene = Scene()
    await scene.sees(100, 31)
    for _ in range(3):
        scene.check.observe(None, scene.now)
        await scene.check.evaluate()
    assert len(scene.book.told) == 1


async def test_a_restart_at_every_step_changes_nothing() -> None:
    plain, restarted = Scene(), Scene()
    for scene in (plain, restarted):
        for off_by, times in ((100, 40), (250, 5), (300, 5), (0, 3)):
            await scene.sees(off_by, times, restarting=scene is restarted)
    assert restarted.book.happened == plain.book.happened
    assert len(plain.book.told) == 3


async def test_what_the_store_refused_is_reported_with_the_next_look() -> None:
    scene = Scene()
    await scene.sees(100, 30)
    scene.book.refuses = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        await scene.sees(100)
    scene.book.refuses = None
    await scene.sees(100)
    assert scene.book.told == [Opened(Kind.CLOCK_OFF, START)]
