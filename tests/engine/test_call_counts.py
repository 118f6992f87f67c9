"""Counts of calls: a played day, listed late, leg by leg and out of order, counts as /stats does."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from bot.calls.call_counter import CallCounter
from bot.calls.call_stats import CallStats
from bot.calls.outcome import Outcome
from bot.engine.calls.follower import LONG_EVERY, CallFollower
from bot.engine.calls.missed_calls import MissedCallCards
from bot.engine.calls.unread_calls import UnreadCalls
from bot.pbx import CallRecord, Forbidden, Priority
from bot.runtime.waiting import Signal
from bot.store.database import Database
from tests.engine.played_calls import (
    ANSWERED,
    GROUP,
    MISSED,
    NINE,
    STATION,
    TRUNK,
    Labelled,
    Office,
    PlayedPbx,
    a_day,
    labelled,
    minutes,
)
from tests.fixtures.examples import example_count


class CountingOffice(Office):
    """An office whose calls are counted from NINE on, and whose chats need not be told of any."""

    station = STATION

    def restart(self) -> None:
        self.counter = CallCounter(self.read_clock, self.pbx.now)
        self.follower = CallFollower(
            self.station,
            self.pbx,  # type: ignore[arg-type]
            self.read_clock,
            [MissedCallCards(STATION, self.read_clock, self.grants, mask_numbers=True)],
            UnreadCalls(STATION, self.grants),
            database=self.database,
            clock=self.clock,
            wake=Signal(),
            counter=self.counter,
            pause=self.pause,
        )

    async def look(self, moment: datetime) -> tuple[int, int]:
        self.pbx.now = max(self.pbx.now, moment)
        await self.follower.run_once()
        return self.ended(Outcome.ANSWERED), self.ended(Outcome.MISSED)

    def ended(self, outcome: Outcome) -> int:
        return self.counter.ended[outcome].total()

    async def looks_until(self, moment: datetime) -> tuple[int, int]:
        """Look every half minute."""
        while self.pbx.now < moment:
            counts = await self.look(self.pbx.now + timedelta(seconds=30))
        return counts


@pytest.fixture
def office(database: Database) -> CountingOffice:
    return CountingOffice(database)


def stats_of(calls: list[Labelled], start: datetime) -> tuple[int, int]:
    """Return the answered and the missed incoming calls of the period from `start` on, as /stats counts them."""
    stats = CallStats()
    for call in calls:
        if call.start >= start:
            stats.add(call.record)
    return stats.answered_incoming, stats.outcomes[Outcome.MISSED]


@pytest.mark.parametrize(("seed", "followed"), [(seed, seed == 0) for seed in range(example_count(3, 10))])
async def test_a_played_day_counts_as_stats_does(office: CountingOffice, seed: int, followed: bool) -> None:
    random = Random(seed)
    calls = a_day(random, 120 if followed else example_count(300, 1000))
    early = [
        labelled(n, "incoming missed", "79160000001", minutes(9000 - n), MISSED["a phone"]) for n in range(9001, 9004)
    ]
    # Their first leg is listed while they go on.
    growing = [
        labelled(n, "incoming answered", "79160000001", minutes(n - 8000), path, leg_seconds=90)
        for n, path in enumerate(ANSWERED.values(), start=8001)
    ]
    for call in growing:
        ends = [leg.end.replace(tzinfo=UTC) + timedelta(seconds=5) for leg in call.record.legs if leg.end]
        calls.append(Labelled(call.linkedid, call.caller, call.start, call.end, call.kind, call.record, tuple(ends)))
    office.pbx.calls_made = [*calls, *early]
    if followed:
        await office.tell(GROUP)
    halves = {(at - NINE) // timedelta(seconds=30) for call in calls for at in (*call.listed, call.end)}
    for half in sorted({half + later for half in halves for later in range(1, 5)} | {max(halves) + 40}):
        counts = await office.look(NINE + timedelta(seconds=30 * half))
    assert counts == stats_of([*calls, *early], NINE)
    assert min(counts) > 20


@pytest.mark.parametrize("path", [*MISSED.values(), *ANSWERED.values()], ids=[*MISSED, *ANSWERED])
async def test_every_call_is_counted_once_within_two_minutes(
    office: CountingOffice, path: tuple[tuple[str, bool, bool], ...]
) -> None:
    kind = "incoming missed" if path in MISSED.values() else "incoming answered"
    call = labelled(1, kind, "79161234501", minutes(1), path, between=2)
    office.pbx.calls_made = [call]
    counted = (0, 1) if kind == "incoming missed" else (1, 0)
    assert await office.look(call.end) == (0, 0)
    assert await office.looks_until(call.end + timedelta(minutes=2)) == counted
    assert await office.looks_until(minutes(40)) == counted


async def test_a_caller_who_waits_for_an_hour_is_counted(office: CountingOffice) -> None:
    office.pbx.calls_made = [
        labelled(1, "incoming missed", "79161234501", minutes(1), MISSED["a phone"], leg_seconds=3600)
    ]
    assert await office.looks_until(minutes(60)) == (0, 0)
    assert office.counter.active == {TRUNK: 1}
    assert await office.looks_until(minutes(64)) == (0, 1)
    assert office.counter.ended[Outcome.MISSED] == {TRUNK: 1}
    assert office.counter.active == {}


async def test_while_the_pbx_hangs_nobody_knows_how_many_calls_are_up(office: CountingOffice) -> None:
    office.pbx.calls_made = [labelled(1, "incoming missed", "79161234501", minutes(1), MISSED["a phone"])]
    await office.looks_until(minutes(1))
    assert office.counter.active == {TRUNK: 1}
    office.pbx.hangs = True
    await office.looks_until(minutes(2))
    assert office.counter.active is None


async def test_without_the_right_to_read_calls_it_is_tried_once_an_hour(office: CountingOffice) -> None:
    office.pbx.error = Forbidden("no right", "cdr")
    await office.looks_until(minutes(59))
    assert office.pbx.asked == 2
    assert office.counter.active is None
    office.pbx.error = None
    office.pbx.calls_made = [labelled(1, "incoming missed", "79161234501", minutes(30), MISSED["a phone"])]
    assert await office.looks_until(minutes(80)) == (0, 1)


async def test_calls_that_are_listed_without_end_take_bounded_memory(office: CountingOffice) -> None:
    for day in range(3):
        office.pbx.calls_made = [
            labelled(day * 1000 + n, "incoming missed", "79161234501", minutes(day * 1440 + n / 10), MISSED["a phone"])
            for n in range(200)
        ]
        await office.looks_until(minutes(day * 1440 + 30))
        office.pbx.now = minutes((day + 1) * 1440)
    assert office.ended(Outcome.MISSED) == 600
    assert len(office.counter._counted) == 200


async def test_a_clock_that_is_set_back_stops_no_count_and_no_long_reading(office: CountingOffice) -> None:
    await office.looks_until(minutes(15))
    office.pbx.now = minutes(-1440)
    office.pbx.calls_made = [
        labelled(1, "incoming missed", "79161234501", minutes(-1439), MISSED["a phone"]),
        labelled(2, "incoming missed", "79161234502", minutes(-1438), MISSED["a phone"], leg_seconds=3600),
    ]
    assert await office.looks_until(minutes(-1430)) == (0, 1)
    assert await office.looks_until(minutes(-1350)) == (0, 2)


@dataclass
class TimedPbx(PlayedPbx):
    """Notes the minutes in which hours are read."""

    long_reads: list[int] = field(default_factory=list)

    async def between(
        self, start: datetime, end: datetime, *, priority: Priority, named: bool = True
    ) -> AsyncIterator[CallRecord]:
        assert not named
        if end - start > timedelta(hours=2):
            self.long_reads.append((self.now - NINE) // timedelta(minutes=1))
        async for record in super().between(start, end, priority=priority, named=named):
            yield record


async def test_the_long_readings_of_a_fleet_are_spread(database: Database) -> None:
    begun: list[int] = []
    for number in range(60):
        office = CountingOffice(database)
        office.station, office.pbx = f"s{number:04}", TimedPbx()
        office.restart()
        await office.looks_until(NINE + LONG_EVERY + timedelta(minutes=1))
        begun += office.pbx.long_reads
    assert len(begun) >= 60
    assert max(begun.count(minute) for minute in set(begun)) <= 15
