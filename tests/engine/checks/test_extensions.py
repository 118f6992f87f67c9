"""Watched phones: one notification when one goes offline; untrustworthy answers of the PBX change no state."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.checks.extensions import ExtensionCheck
from bot.incidents.model import EXTENSION, End, Kind, Opened, Resolved
from bot.pbx import Answer, ExtensionStatus, PbxError, PeerStatus, Priority, TimedOut
from tests.fixtures.examples import examples
from tests.incident_harness.recording_sink import RecordingStateSink, check_context

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
NAMES = {"201": "Smith James", "202": "Brown Brandon", "203": "Collins Melanie"}
OFFLINE_202 = EXTENSION + "202"


@dataclass
class FakePbx:
    """Reports each phone as Available, Unavailable, or with another state."""

    states: dict[str, str] = field(default_factory=lambda: dict.fromkeys(NAMES, "Available"))
    engine_lives: bool = True
    error: PbxError | None = None
    suspect: bool = False
    asked: int = 0

    def __post_init__(self) -> None:
        self.extensions = self

    async def statuses(self, priority: Priority) -> Answer[dict[str, ExtensionStatus]]:
        assert priority is Priority.WATCH
        self.asked += 1
        if self.error is not None:
            raise self.error
        value = {
            number: ExtensionStatus.model_validate(
                {"extension": number, "callerid": NAMES.get(number, ""), "status": state}
            )
            for number, state in self.states.items()
        }
        return Answer(value, suspect=self.suspect)

    async def peers(self, priority: Priority) -> Answer[tuple[PeerStatus, ...]]:
        return Answer((PeerStatus(id="201"),) if self.engine_lives else ())


@dataclass
class Scene:
    watched: set[str] = field(default_factory=lambda: {"202"})
    pbx: FakePbx = field(default_factory=FakePbx)
    book: RecordingStateSink = field(default_factory=RecordingStateSink)
    now: datetime = START
    has_fault: bool = False

    def __post_init__(self) -> None:
        self.restarts()

    async def numbers(self) -> frozenset[str]:
        return frozenset(self.watched)

    def restarts(self) -> None:
        self.check = ExtensionCheck(check_context(self.book, self.pbx, lambda: self.now, watch=self, watched=self))

    async def looks(self, times: int = 1) -> None:
        for _ in range(times):
            await self.check.run_once()
            self.now += timedelta(seconds=30)

    async def loses(self, *numbers: str) -> None:
        """Take the phones offline until the notification."""
        self.pbx.states |= dict.fromkeys(numbers, "Unavailable")
        await self.looks(3)


async def test_a_phone_that_is_offline_for_a_minute_is_reported_and_so_is_its_return() -> None:
    scene = Scene()
    await scene.looks(2)
    scene.pbx.states["202"] = "Unavailable"
    lost = scene.now
    await scene.looks(2)
    assert scene.book.told == []
    assert scene.check.offline_since("202") == lost
    await scene.looks(5)
    assert scene.book.told == [Opened(Kind.EXTENSION_OFFLINE, lost)]
    assert scene.book.happened[0].subject == OFFLINE_202
    assert scene.book.last_facts() == {"station": "Head office", "extension": "202", "name": "Brown Brandon"}
    scene.pbx.states["202"] = "Available"
    back = scene.now
    await scene.looks(2)
    assert scene.book.told[1:] == [Resolved(End.RECOVERED, back)]
    assert scene.check.offline_since("202") is None
    assert scene.book.states == {}


async def test_nobody_asks_the_pbx_while_nothing_is_watched() -> None:
    scene = Scene(watched=set())
    await scene.looks(3)
    assert scene.pbx.asked == 0
    assert scene.book.writes == 0


async def test_phones_that_nobody_watches_may_be_offline() -> None:
    scene = Scene()
    await scene.loses("201", "203")
    assert scene.book.writes == 0


async def test_while_the_engine_is_down_nobody_asks_and_nothing_is_reported() -> None:
    scene = Scene()
    scene.has_fault = True
    await scene.loses("201", "202", "203")
    assert scene.pbx.asked == 0
    assert scene.book.told == []


@pytest.mark.parametrize("blindness", ["an error", "a dead engine", "a suspect answer", "an empty answer"])
async def test_a_pbx_that_cannot_be_trusted_proves_nothing(blindness: str) -> None:
    scene = Scene()
    match blindness:
        case "an error":
            scene.pbx.error = TimedOut("no worker answered")
        case "a dead engine":
            scene.pbx.engine_lives = False
        case "a suspect answer":
            scene.pbx.suspect = True
        case _:
            scene.pbx.states = {}
    await scene.loses(*scene.pbx.states)
    await scene.looks(10)
    assert scene.book.told == []


async def test_everybody_offline_with_a_living_engine_is_notified_of_each_that_is_watched() -> None:
    scene = Scene(watched={"201", "202"})
    await scene.loses("201", "202", "203")
    assert [type(one) for one in scene.book.told] == [Opened, Opened]


async def test_what_was_seen_before_a_blindness_does_not_count_after_it() -> None:
    scene = Scene()
    scene.pbx.states["202"] = "Unavailable"
    await scene.looks(2)
    scene.has_fault = True
    await scene.looks(20)
    scene.has_fault = False
    await scene.looks(2)
    assert scene.book.told == []
    await scene.looks()
    assert len(scene.book.told) == 1


async def test_what_is_open_stays_open_through_a_blindness() -> None:
    scene = Scene()
    await scene.loses("202")
    scene.pbx.error = TimedOut("no worker answered")
    await scene.looks(5)
    assert len(scene.book.told) == 1


async def test_a_word_that_nobody_knows_proves_nothing() -> None:
    scene = Scene()
    scene.pbx.states["202"] = "Moonwalking"
    await scene.looks(5)
    assert scene.book.told == []


async def test_who_stops_watching_ends_the_incident_at_once_even_when_the_pbx_is_away() -> None:
    scene = Scene()
    await scene.loses("202")
    scene.watched.clear()
    scene.has_fault = True
    now = scene.now
    await scene.looks()
    assert scene.book.told[1:] == [Resolved(End.CALLED_OFF, now)]
    assert scene.book.last_facts()["name"] == "Brown Brandon"
    assert scene.book.states == {}


async def test_a_deleted_extension_ends_its_incident_once_two_looks_say_so_and_is_reported_once() -> None:
    scene = Scene()
    await scene.loses("202")
    del scene.pbx.states["202"]
    await scene.looks()
    assert len(scene.book.told) == 1
    now = scene.now
    await scene.looks(5)
    assert scene.book.told[1:] == [Resolved(End.DELETED, now)]


async def test_a_number_that_comes_back_is_watched_again() -> None:
    scene = Scene()
    del scene.pbx.states["202"]
    await scene.looks(5)
    await scene.loses("202")
    assert [type(one) for one in scene.book.told] == [Opened]


async def test_what_the_store_refused_is_reported_with_the_next_look() -> None:
    scene = Scene()
    scene.pbx.states["202"] = "Unavailable"
    await scene.looks(2)
    scene.book.refuses = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        await scene.looks()
    scene.book.refuses = None
    await scene.looks()
    assert [type(one) for one in scene.book.told] == [Opened]


STEPS = st.lists(st.sampled_from(["offline", "online", "blind", "deleted", "unwatched"]), max_size=30)


async def life(steps: list[str], restart_before: int) -> RecordingStateSink:
    scene = Scene()
    for place, step in enumerate(steps):
        if place == restart_before:
            scene.restarts()
        scene.watched = set() if step == "unwatched" else {"202"}
        scene.has_fault = step == "blind"
        scene.pbx.states = dict.fromkeys(NAMES, "Available")
        if step == "offline":
            scene.pbx.states["202"] = "Unavailable"
        if step == "deleted":
            del scene.pbx.states["202"]
        await scene.looks()
    return scene.book


@examples(daily=15, ci=60)
@given(STEPS, st.integers(0, 30))
async def test_a_restart_at_any_step_changes_nothing_and_openings_have_their_ends(
    steps: list[str], restart_before: int
) -> None:
    plain, restarted = await life(steps, -1), await life(steps, restart_before)
    assert restarted.happened == plain.happened
    assert all(isinstance(one, Opened) is (place % 2 == 0) for place, one in enumerate(plain.told))
