"""Missing calls: no incoming call for too long within working hours is notified, and ends with the next call."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.config.working_hours import read_hours
from bot.engine.checks.base import NoCallsConfig
from bot.engine.checks.no_calls import NoCallsCheck
from bot.incidents.model import NO_CALLS, End, Kind, Opened, Resolved
from bot.pbx import Answer, CallLeg, CallRecord, PbxError, Priority, TimedOut
from bot.store.database import Database
from tests.incident_harness.recording_sink import RecordingStateSink, check_context

MOSCOW = ZoneInfo("Europe/Moscow")
HOURS = "mon-fri 09:00-18:00"
TRUNK = {"from_account": "SIP-TRUNK-1", "to_account": "201"}
OUT = {"from_account": "201", "to_account": "SIP-TRUNK-1"}


def local(text: str, day: int = 23) -> datetime:
    """Return a time of Monday, 23 November 2026, in the PBX's zone."""
    hour, minute = map(int, text.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=MOSCOW)


@dataclass
class FakePbx:
    records_kept: list[CallRecord] = field(default_factory=list)
    up: tuple[CallLeg, ...] = ()
    error: PbxError | None = None
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.records = self.calls = self

    def has_call(self, moment: datetime, accounts: dict[str, str]) -> None:
        start = f"{moment:%Y-%m-%d %H:%M:%S}"
        legs = [{"start": start, **accounts}]
        self.records_kept.append(CallRecord.model_validate({"linkedid": start, "start": start, "records": legs}))

    async def between(self, start: datetime, end: datetime, *, priority: Priority) -> AsyncIterator[CallRecord]:
        assert priority is Priority.BULK
        self.asked.append((start, end))
        if self.error is not None:
            raise self.error
        for record in self.records_kept:
            if record.start is not None and start <= record.start <= end:
                yield record

    async def active(self) -> Answer[tuple[CallLeg, ...]]:
        return Answer(self.up)


@dataclass
class Scene:
    now: datetime = field(default_factory=lambda: local("08:00"))
    minutes: int = 60
    pbx: FakePbx = field(default_factory=FakePbx)
    book: RecordingStateSink = field(default_factory=RecordingStateSink)
    has_fault: bool = False
    restarting: bool = False

    def __post_init__(self) -> None:
        self.restarts()

    def restarts(self) -> None:
        config = NoCallsConfig(timedelta(minutes=self.minutes), read_hours(HOURS))
        context = check_context(self.book, self.pbx, lambda: self.now, watch=self, no_calls=config, zone=lambda: MOSCOW)
        self.check = NoCallsCheck(context)

    def rings(self, text: str, accounts: dict[str, str] | None = None, day: int = 23) -> None:
        self.pbx.has_call(local(text, day), TRUNK if accounts is None else accounts)

    async def until(self, moment: datetime) -> None:
        """Check every five minutes, up to and including the moment."""
        while self.now <= moment:
            if self.restarting:
                self.restarts()
            await self.check.run_once()
            self.now += timedelta(minutes=5)

    def opened(self) -> list[datetime]:
        return [one.began_at for one in self.book.told if isinstance(one, Opened)]

    def ended(self) -> list[datetime]:
        return [one.ended_at for one in self.book.told if isinstance(one, Resolved)]


async def test_counting_begins_when_people_begin_to_call() -> None:
    scene = Scene()
    await scene.until(local("09:55"))
    assert scene.book.told == []
    await scene.until(local("10:00"))
    assert scene.book.told == [Opened(Kind.NO_CALLS, local("09:00"))]
    assert scene.book.happened[0].subject == NO_CALLS
    assert scene.book.last_facts() == {
        "station": "Head office",
        "minutes": 60,
        "hours": HOURS,
        "last_call": None,
    }


async def test_it_counts_from_the_last_incoming_call_and_ends_with_the_next() -> None:
    scene = Scene()
    scene.rings("09:30")
    scene.rings("09:40")
    scene.rings("10:20", OUT)
    await scene.until(local("10:40"))
    assert scene.opened() == [local("09:40")]
    assert datetime.fromisoformat(scene.book.last_facts()["last_call"]) == local("09:40")
    scene.rings("11:02")
    scene.rings("11:04")
    await scene.until(local("11:05"))
    assert scene.ended() == [local("11:02")]
    assert scene.book.states == {}


async def test_calls_of_every_hour_are_no_silence_and_cost_little() -> None:
    scene = Scene()
    for hour in range(9, 18):
        scene.rings(f"{hour}:30")
    await scene.until(local("18:30"))
    assert scene.book.writes == 0
    assert max(end - start for start, end in scene.pbx.asked) <= timedelta(hours=1)


async def test_outside_the_hours_nobody_is_asked() -> None:
    scene = Scene(now=local("18:00", 20))
    await scene.until(local("08:55"))
    assert scene.pbx.asked == []


async def test_a_silence_that_began_yesterday_begins_anew_this_morning() -> None:
    scene = Scene(now=local("17:30"))
    await scene.until(local("09:55", 24))
    assert scene.opened() == [local("09:00")]
    scene = Scene(now=local("17:30"))
    scene.rings("17:15")
    await scene.until(local("09:55", 24))
    assert scene.book.told == []
    await scene.until(local("10:00", 24))
    assert scene.opened() == [local("09:00", 24)]


async def test_what_is_open_goes_on_over_night_until_somebody_calls() -> None:
    scene = Scene()
    await scene.until(local("09:30", 24))
    assert len(scene.book.told) == 1
    scene.rings("07:15", day=24)
    await scene.until(local("09:40", 24))
    assert scene.ended() == [local("07:15", 24)]


async def test_a_long_talk_that_goes_on_is_a_call_too() -> None:
    scene = Scene()
    leg = {"linkedid": "1", "start": "2026-11-23 09:05:00", "src_num": "79161111111", "did": "74951110001"}
    scene.pbx.up = (CallLeg.model_validate(leg),)
    await scene.until(local("10:00"))
    assert scene.book.told == []
    await scene.until(local("10:05"))
    assert scene.opened() == [local("09:05")]


@pytest.mark.parametrize("blindness", ["an error", "a station in trouble"])
async def test_a_pbx_that_cannot_be_asked_proves_nothing(blindness: str) -> None:
    scene = Scene()
    if blindness == "an error":
        scene.pbx.error = TimedOut("no worker answered")
    else:
        scene.has_fault = True
    await scene.until(local("12:00"))
    assert scene.book.told == []


async def test_a_restart_before_every_look_changes_nothing() -> None:
    plain, restarted = Scene(), Scene(restarting=True)
    for scene in (plain, restarted):
        for text in ("09:10", "11:30", "11:40", "15:01"):
            scene.rings(text)
        await scene.until(local("18:30"))
    assert restarted.book.happened == plain.book.happened
    assert [type(one) for one in plain.book.told] == [Opened, Resolved, Opened, Resolved, Opened]


async def test_switched_off_it_ends_what_is_open_and_asks_nobody() -> None:
    scene = Scene()
    await scene.until(local("10:30"))
    scene.minutes = 0
    scene.restarts()
    asked, now = len(scene.pbx.asked), scene.now
    for _ in range(2):
        await scene.check.run_once()
    assert scene.book.told[1:] == [Resolved(End.CALLED_OFF, now)]
    assert scene.book.states == {}
    assert len(scene.pbx.asked) == asked


async def test_only_stations_where_it_is_enabled_want_it(database: Database) -> None:
    checks = {"Hamburg": Scene(minutes=0).check, "Berlin": Scene(minutes=60).check}
    assert await NoCallsCheck.stations(database, checks) == {"Berlin"}
