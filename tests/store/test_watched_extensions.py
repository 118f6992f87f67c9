"""Stored list of watched extensions."""

from datetime import UTC, datetime

from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.stations.watched_extensions import Watched, WatchedExtensions

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


async def test_they_are_kept_by_station_each_once_and_short_numbers_come_first(database: Database) -> None:
    changes: list[str] = []
    office = WatchedExtensions(database, "Head office", Signal(lambda: changes.append("office")))
    branch = WatchedExtensions(database, "Branch", Signal(lambda: changes.append("branch")))
    await office.watch(["1002", "202"], 1, "Anna", NOW)
    await branch.watch(["301"], 1, "Anna", NOW)
    await office.watch(["202", "203"], 2, "Boris", NOW)
    assert await office.all() == [
        Watched("202", "Anna", NOW),
        Watched("203", "Boris", NOW),
        Watched("1002", "Anna", NOW),
    ]
    assert await branch.numbers() == {"301"}
    assert changes == ["office", "branch", "office"]


async def test_what_was_taken_away_is_named_and_the_rest_stays(database: Database) -> None:
    office = WatchedExtensions(database, "Head office", Signal())
    await office.watch(["202", "203"], 1, "Anna", NOW)
    assert await office.unwatch(["203", "999"]) == ["203"]
    assert await office.unwatch(["203"]) == []
    assert await office.numbers() == {"202"}
