"""The system clock is set while the program runs: no time between two events grows or shrinks by it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from bot.app.clock_adjustment import ClockAdjustment
from bot.pbx import Answer, CallRecord, PbxError, TimedOut
from bot.runtime.clock import MonotonicClock
from bot.runtime.pause import PausableGroup
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.stations.call_subscriptions import CallSubscriptions
from bot.store.tables.calls import CallKind
from bot.store.tables.messages import Outgoing
from tests.app.test_wiring import program_of
from tests.handlers.dispatcher_harness import ANNA
from tests.incident_harness.station import Clock, FakePbx

STATION = "Berlin"


class PbxWithRecords(FakePbx):
    """PBX without calls, which answers the question for its records with `records_error`, if there is one."""

    records_error: PbxError | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.records = self.calls = self

    async def between(self, *_: Any, **__: Any) -> AsyncIterator[CallRecord]:
        if self.records_error is not None:
            raise self.records_error
        no_calls: tuple[CallRecord, ...] = ()
        for record in no_calls:
            yield record

    async def channels(self, *_: Any) -> Answer[tuple[()]]:
        return Answer(())

    async def time_zone(self) -> str:
        return "UTC"


async def test_a_clock_that_is_set_makes_no_short_failure_of_the_records_a_long_one(database: Database) -> None:
    wall, seconds = Clock(), 0.0
    clock = MonotonicClock(wall, lambda: seconds)
    pbx = PbxWithRecords(wall)
    program = program_of(database, (STATION,), clock=clock, pbx=pbx)
    await program.fleet.start()
    adjustment = ClockAdjustment(clock, database, program.fleet, program.health_monitor, PausableGroup())
    station = program.fleet[STATION]

    async def told_after(length: timedelta) -> list[str]:
        nonlocal seconds
        seconds += length.total_seconds()
        wall.now += length
        await station.poll()
        await station.follow_calls()
        rows = await database.run(lambda session: session.query(Outgoing).all())
        return [row.template for row in rows if row.template == "calls_unread"]

    asked: dict[str, Any] = {"phones": (), "numbers": (), "by_id": ANNA, "by_name": "Anna"}
    subscriptions = CallSubscriptions(database, Signal())
    await subscriptions.set(STATION, ANNA, None, CallKind.MISSED, **asked, now=clock(), read_at=None)
    assert await told_after(timedelta(minutes=20)) == []
    pbx.records_error = TimedOut("no answer", "cdr")
    assert await told_after(timedelta(minutes=1)) == []
    set_to: datetime = wall.now + timedelta(hours=2)
    wall.now = set_to
    await adjustment.check()
    assert clock() == set_to
    assert await told_after(timedelta(minutes=1)) == []
    assert await told_after(timedelta(minutes=16)) == ["calls_unread"]
