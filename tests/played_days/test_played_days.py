"""Played days in both dialects, with kills: four chats are told of the calls that happened, and of no others."""

from datetime import UTC, datetime
from random import Random

import pytest

from bot.demo.pbx.registration.sights import NEWEST, Dialect
from bot.store.database import Database
from tests.fixtures.examples import example_count
from tests.played_days.day import a_day
from tests.played_days.day_verdict import judge_day
from tests.played_days.hours import Hours
from tests.played_days.office import office

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LASTS = 2


@pytest.mark.parametrize(("dialect", "kill_chance"), [("2026.1", 0.0), (NEWEST, 0.01)])
async def test_each_chat_is_told_what_it_asked_for_and_nothing_else(
    database: Database, dialect: Dialect, kill_chance: float
) -> None:
    random, hours = Random(7), Hours.of_day(NINE, LASTS)
    calls = a_day(random, example_count(60, 240), NINE, LASTS)
    async with office(database, hours, NINE, dialect, random, kill_chance=kill_chance) as one:
        await one.plays(calls)
    verdict = judge_day(one, calls)
    assert verdict.faults == []
    assert all((verdict.at_any_hour.cards, verdict.every_call.told, verdict.voicemail.told, verdict.by_day.cards))
    assert all((verdict.openings, verdict.reminders, verdict.claims))
    assert bool(one.kills) is bool(kill_chance)
