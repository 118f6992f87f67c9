"""Played days with closed hours, reminders and a storm: in the hours, once, and not lost by a kill."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.calls.hours import opened_at
from bot.calls.telling import STORM_OVER, STORM_WITHIN, TELL_AGAIN_AFTER
from bot.config.working_hours import read_hours
from bot.notifications.calls.missed_card_message import CardOutcome
from bot.store.database import Database
from tests.engine.played_calls import (
    GROUP,
    MISSED,
    STATION,
    KillableDatabase,
    Killed,
    Office,
    a_day,
    caller,
    labelled,
    minutes,
    missed_at,
    storm,
)
from tests.fixtures.examples import example_count

HOURS = "mon-fri 09:00-18:00"
EVENING, NEXT_NINE = 10 * 60, 24 * 60
REMIND = timedelta(minutes=15)
DAY = 24 * 60
PHONE = MISSED["a phone"]
# The clocks of Berlin change in the nights after them.
SATURDAYS = (datetime(2026, 3, 28, 9, 0, tzinfo=UTC), datetime(2026, 10, 24, 9, 0, tzinfo=UTC))
HOURS_OF_ALL_KINDS = (
    HOURS,
    "mon-fri 09:00-13:00 14:00-18:00, sun 01:30-04:00",
    "mon-sun 20:00-24:00 00:00-04:00",
    "sun-mon 02:30-10:00",
)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


@pytest.mark.parametrize("begin", SATURDAYS)
@pytest.mark.parametrize("seed", range(example_count(1, 8)))
async def test_played_days_with_closed_hours_reminders_and_a_storm(
    database: Database, begin: datetime, seed: int
) -> None:
    """Days over a change of the clock: nothing makes a sound outside the hours, and everybody is told once."""
    random, zone, long = Random(seed), ZoneInfo("Europe/Berlin"), 3 * DAY
    office = Office(database, zone=zone)
    office.pbx.now = begin
    calls = a_day(random, example_count(90, 600), begin=begin, minutes_long=long, zone=zone)
    at = begin + timedelta(minutes=random.randrange(long))
    calls += [
        labelled(
            1000 + place, "incoming missed", caller(1000 + place), at + timedelta(seconds=3 * place), PHONE, zone=zone
        )
        for place in range(40)
    ]
    office.pbx.calls_made = calls
    await office.tell()
    hours = random.choice(HOURS_OF_ALL_KINDS)
    await office.opens(hours)
    await office.reminds(REMIND)
    looks = {(at - begin) // timedelta(seconds=30) for call in calls for at in call.listed}
    for look in sorted(looks | set(range(0, 2 * long, 60))):
        if random.random() < 0.05:
            office.restart()
        for card in await office.at(begin + timedelta(seconds=30 * (look + 1))):
            await press(office, random, card.id)
    await assert_told_rightly(office, hours, zone)


async def press(office: Office, random: Random, card: int) -> None:
    where, chance = (card, STATION, GROUP), random.random()
    told = [row for row in await office.gatherings() if row.told_at] if chance < 0.004 else []
    if chance < 0.002 and any(one["card"] == card for row in told for one in row.callers):
        await office.presses.open(*where, office.pbx.now)
    elif chance < 0.003:
        await office.presses.claim(*where, 4, "Boris", office.pbx.now)
    elif chance < 0.004:
        await office.presses.close(*where, "Boris", CardOutcome.NOT_NEEDED, office.pbx.now)


async def assert_told_rightly(office: Office, hours: str, zone: Any) -> None:
    rows = [row for row in await office.messages() if row.action == "send"]
    loud = [row for row in rows if not row.silent]
    assert all(opened_at(read_hours(hours), row.created_at, zone) for row in loud)
    cards, gatherings = await office.cards(), await office.gatherings()
    of_one = [row.id for row in rows if row.template == "missed_card"]
    assert sorted(of_one) == sorted(card.message for card in cards if card.message is not None)
    of_several = [row.id for row in rows if row.template == "missed_gathering"]
    assert sorted(of_several) == sorted(row.message for row in gatherings if row.message is not None)
    waiting = {one["card"] for row in gatherings if row.told_at is None for one in row.callers}
    assert len([row for row in gatherings if row.told_at is None]) <= 1
    assert all(card.told_at or card.id in waiting for card in cards)
    for card in cards:
        own = {card.message} - {None}
        reminded = [row for row in loud if row.template == "missed_reminder" and row.about in own]
        assert len(reminded) <= 1
        told = [row for row in loud if row.id in own or row.about in own]
        again = [row.created_at for row in told if row not in reminded]
        assert all(later - at >= TELL_AGAIN_AFTER for at, later in pairwise(again))
    singles = sorted(row.created_at for row in loud if row.template in ("missed_card", "missed_again"))
    assert all(sum(at <= other < at + STORM_WITHIN for other in singles) <= STORM_OVER for at in singles)


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("at", range(1, 22))
async def test_a_kill_at_any_transaction_tells_once(office: Office, at: int, after_commit: bool) -> None:
    await office.tell()
    await office.opens(HOURS)
    await office.reminds(REMIND)
    office.pbx.calls_made = [missed_at(EVENING, 1, caller(1)), *storm(NEXT_NINE + 1, 12)]
    killable: Any = KillableDatabase(office.database, at, after_commit=after_commit)
    kept, office.database = office.database, killable
    office.restart()
    for minute in (EVENING + 1, EVENING + 2, *(NEXT_NINE + minute for minute in (0, 1, 4, 5, 16, 17, 20, 21, 22))):
        office.pbx.now = minutes(minute)
        try:
            await office.follower.run_once()
        except Killed:
            office.database = kept
            office.restart()
    office.database = kept
    sent = [template for template, _ in await office.sent()]
    assert sorted(sent) == ["missed_gathering", "missed_gathering", "missed_reminder", "missed_reminder"]
