"""Correlator: common causes are notified to the fleet once, in time, across a restart, and resolved."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.detection.correlation import ActiveCauses
from bot.detection.station_summary import StationSummary
from bot.engine.correlator import Correlator
from bot.incidents.model import Changed, End, Kind, Opened, Resolved
from bot.pbx import Unauthorised, Unreachable
from bot.runtime.waiting import Signal
from tests.detection.test_correlation import HOST, cut_off, down, well
from tests.incident_harness.recording_sink import RecordingStateSink
from tests.incident_harness.station import DEAD, OFF, SILENT, START, UP, Clock, Scene


class Fleet:
    def __init__(self) -> None:
        self.clock = Clock()
        self.book = RecordingStateSink()
        self.seen: Sequence[StationSummary] = ()
        self.released: list[frozenset[str]] = []
        self.causes = self.another()

    def another(self) -> Correlator:
        self.active = ActiveCauses()
        return Correlator(self.book, self, self.clock, self.active, Signal(self.released.append))

    def views(self) -> Sequence[StationSummary]:
        return self.seen

    async def sees(self, views: Sequence[StationSummary], at: float) -> None:
        self.clock.now = START + timedelta(seconds=at)
        self.seen = views
        await self.causes.run_once()


ALL_DOWN = [down(n, n) for n in range(10)]
ALL_WELL = [well(n) for n in range(10)]


async def test_the_fleet_is_notified_when_the_first_pbx_would_have_been() -> None:
    fleet = Fleet()
    await fleet.sees(ALL_DOWN, 20)
    assert len(fleet.active.now) == 1, "it is known before it is told"
    assert fleet.book.told == []
    await fleet.sees(ALL_DOWN, 29)
    assert fleet.book.told == []
    await fleet.sees(ALL_DOWN, 30)
    assert fleet.book.told == [Opened(Kind.PROVIDER_DOWN, START)]
    assert fleet.book.happened[0].subject == f":provider:{HOST}"
    assert fleet.book.last_facts() == {
        "station": "",
        "host": HOST,
        "hit": 10,
        "of": 10,
        "trunks": 10,
        "stations": ["PBX 00", "PBX 01", "PBX 02", "PBX 03", "PBX 04"],
    }


async def test_what_passes_before_anybody_would_be_reported_is_never_reported() -> None:
    fleet = Fleet()
    await fleet.sees(ALL_DOWN, 20)
    await fleet.sees(ALL_WELL, 25)
    await fleet.sees(ALL_WELL, 600)
    assert fleet.book.told == []
    assert fleet.book.states == {}


async def test_its_end_is_when_most_were_well_and_lets_go_whom_it_held() -> None:
    fleet = Fleet()
    await fleet.sees([cut_off(n, n) for n in range(10)], 40)
    await fleet.sees(ALL_WELL, 100)
    assert fleet.released == []
    await fleet.sees(ALL_WELL, 160)
    assert fleet.book.told == [
        Opened(Kind.OWN_INTERNET, START),
        Resolved(End.RECOVERED, START + timedelta(seconds=100)),
    ]
    assert fleet.released == [frozenset(view.station for view in ALL_WELL)]
    assert fleet.active.now == ()
    assert fleet.book.states == {}


async def test_more_pbxs_change_what_is_said_of_it() -> None:
    fleet = Fleet()
    await fleet.sees([*ALL_DOWN[:9], well(9)], 30)
    await fleet.sees(ALL_DOWN, 60)
    assert fleet.book.told[1:] == [Changed()]
    assert fleet.book.last_facts()["hit"] == 10


async def test_nothing_is_written_while_nothing_changes() -> None:
    fleet = Fleet()
    for second in range(30, 90, 2):
        await fleet.sees(ALL_DOWN, second)
    assert fleet.book.writes == 1


@pytest.mark.parametrize("at", [20, 31])
async def test_a_restart_forgets_nothing_and_tells_nothing_twice(at: float) -> None:
    fleet = Fleet()
    await fleet.sees(ALL_DOWN, at)
    known = fleet.active.now
    fleet.causes = fleet.another()
    await fleet.causes.load_causes()
    assert fleet.active.now == known
    await fleet.sees(ALL_DOWN, 40)
    await fleet.sees(ALL_WELL, 50)
    await fleet.sees(ALL_WELL, 110)
    assert [type(one) for one in fleet.book.told] == [Opened, Resolved]


async def test_what_the_store_refuses_is_concluded_again() -> None:
    fleet = Fleet()
    fleet.book.refuses = RuntimeError("disk full")
    with pytest.raises(RuntimeError):
        await fleet.sees(ALL_DOWN, 30)
    fleet.book.refuses = None
    await fleet.sees(ALL_DOWN, 32)
    assert fleet.book.told == [Opened(Kind.PROVIDER_DOWN, START)]


async def test_a_pbx_is_seen_as_its_watch_sees_it() -> None:
    scene = Scene()
    scene.pbx.hosts = {"one": "SIP.provider.example", "two": "sip.provider.example", "three": "sip.other.example"}
    for trunk in ("one", "two", "three"):
        scene.pbx.shows(trunk, UP)
    assert not scene.watch.summary().looked
    await scene.looks(2)
    assert scene.watch.summary().hosts == {HOST: None, "sip.other.example": None}

    scene.pbx.shows("one", DEAD)
    await scene.looks()
    assert scene.watch.summary().hosts == {HOST: None, "sip.other.example": None}, "its other trunk there is up"
    scene.pbx.shows("two", SILENT)
    fell = scene.clock.now
    await scene.looks()
    hosts = scene.watch.summary().hosts
    assert hosts is not None
    assert (one := hosts[HOST]) is not None, "a provider that is dead keeps its trunks registered for a while"
    assert (one.since, one.due, one.trunks) == (fell, fell + timedelta(seconds=30), 2)

    scene.pbx.shows("one", OFF)
    scene.pbx.shows("two", OFF)
    await scene.looks(2)
    assert scene.watch.summary().hosts == {"sip.other.example": None}


async def test_a_pbx_that_cannot_be_reached_says_nothing_of_its_trunks() -> None:
    scene = Scene()
    scene.pbx.shows("one", UP)
    await scene.looks(2)
    began = scene.clock.now
    scene.pbx.error = Unreachable("no route")
    await scene.looks()
    view = scene.watch.summary()
    assert view.hosts is None
    assert view.cut_off is not None
    assert (view.cut_off.since, view.cut_off.due) == (began, began + timedelta(seconds=30))
    scene.pbx.error = Unauthorised("no")
    await scene.looks()
    assert (scene.watch.summary().cut_off, scene.watch.summary().hosts) == (None, None), (
        "it is reached, and shows nothing"
    )
