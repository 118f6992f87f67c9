"""The system clock is set while the program runs: no time between two events grows or shrinks by it."""

from datetime import datetime, timedelta
from typing import Any

from bot.app.clock_adjustment import ClockAdjustment
from bot.pbx import TimedOut
from bot.runtime.clock import MonotonicClock
from bot.runtime.pause import PausableGroup
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.stations.call_subscriptions import CallSubscriptions
from bot.store.tables.calls import CallKind
from bot.store.tables.messages import Outgoing
from tests.app.test_wiring import program_of
from tests.handlers.dispatcher_harness import ANNA
from tests.incident_harness.records import PbxWithoutCalls
from tests.incident_harness.station import Clock

STATION = "Berlin"


async def test_a_clock_that_is_set_makes_no_short_failure_of_the_records_a_long_one(database: Database) -> None:
    wall, seconds = Clock(), 0.0
    clock = MonotonicClock(wall, lambda: seconds)
    pbx = PbxWithoutCalls(wall)
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
