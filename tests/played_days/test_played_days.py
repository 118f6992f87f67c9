"""Played days in both dialects, with kills: one card for each caller whom nobody answered, rightly closed."""

from datetime import UTC, datetime
from random import Random

import pytest

from bot.demo.pbx.registration.sights import NEWEST, Dialect
from bot.store.database import Database
from tests.fixtures.examples import example_count
from tests.played_days.calls import a_day
from tests.played_days.office import office
from tests.played_days.verdict import judge

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(("dialect", "kill_chance"), [("2026.1", 0.0), (NEWEST, 0.01)])
async def test_every_caller_nobody_answered_has_one_card(
    database: Database, dialect: Dialect, kill_chance: float
) -> None:
    random = Random(7)
    calls = a_day(random, example_count(100, 600), NINE, hours=3)
    async with office(database, NINE, dialect, random, kill_chance=kill_chance) as one:
        await one.plays(calls)
    verdict = judge(calls, [*one.telegram.messages.values()])
    assert verdict.faults == []
    assert verdict.cards
    assert bool(one.kills) is bool(kill_chance)
