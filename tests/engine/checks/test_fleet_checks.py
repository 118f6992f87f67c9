"""Checks of a fleet run only for stations that need them."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from bot.engine.checks.extensions import ExtensionCheck
from bot.engine.checks.fleet import FleetChecks
from bot.engine.checks.no_calls import NoCallsCheck
from bot.engine.checks.station import PERIODIC_CHECKS
from bot.incidents.model import EXTENSION, NO_CALLS
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.stations.watched_extensions import WatchedExtensions
from bot.store.tables.incidents import WatchState

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


class Fleet:
    """Three stations; records the checks that ran."""

    def __init__(self, database: Database) -> None:
        self.looked: set[tuple[str, str]] = set()
        self.checks = FleetChecks(database)
        for station, asks_for_calls in (("Hamburg", False), ("Tver", False), ("Berlin", True)):
            self.checks.add(station, self._of(station, asks_for_calls))  # type: ignore[arg-type]

    def _of(self, station: str, asks_for_calls: bool) -> SimpleNamespace:
        async def no_check() -> None:
            raise AssertionError

        async def look() -> None:
            self.looked.add((station, "phones"))

        async def turn() -> None:
            self.looked.add((station, "calls"))

        return SimpleNamespace(
            periodic=dict.fromkeys(PERIODIC_CHECKS, SimpleNamespace(run_once=no_check, is_enabled=False))
            | {
                ExtensionCheck: SimpleNamespace(run_once=look),
                NoCallsCheck: SimpleNamespace(run_once=turn, is_enabled=asks_for_calls),
            }
        )

    async def goes_round(self, seen: set[tuple[str, str]], wake: str = "") -> None:
        """Run until all of those were checked, and some rounds more."""
        stop = asyncio.Event()
        task = asyncio.create_task(self.checks.run(stop))
        if wake:
            self.checks.wake(wake)
        async with asyncio.timeout(30):
            while not seen <= self.looked:  # noqa: ASYNC110 (no event to wait for)
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.03)
        stop.set()
        await task
        assert self.looked == seen


async def test_only_where_phones_are_watched_or_calls_are_missed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExtensionCheck, "EVERY", 0.005)
    monkeypatch.setattr(NoCallsCheck, "EVERY", 0.005)
    fleet = Fleet(database)
    await fleet.goes_round({("Berlin", "calls")})
    await WatchedExtensions(database, "Tver", Signal()).watch(["201"], 1, "Anna", NOW)
    with database.begin() as session:
        # States left from before a check was disabled or an extension unwatched.
        session.add(WatchState(station="Hamburg", subject=EXTENSION + "202", state={}, updated_at=NOW))
        session.add(WatchState(station="Tver", subject=NO_CALLS, state={}, updated_at=NOW))
        session.add(WatchState(station="Berlin", subject="t1", state={}, updated_at=NOW))
    fleet.looked.clear()
    await fleet.goes_round({("Berlin", "calls"), ("Tver", "calls"), ("Tver", "phones"), ("Hamburg", "phones")})


async def test_who_begins_to_watch_a_phone_does_not_wait_for_the_next_round(database: Database) -> None:
    await Fleet(database).goes_round({("Tver", "phones")}, wake="Tver")
