"""Stored silences and windows: created, replaced, ended, and never mixed up between stations."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from bot.access.policy import EVERY_STATION
from bot.incidents import silence_store
from bot.incidents.silence import EVERYTHING, LONGEST_OF_EVERYTHING, Weekly, ends, in_force
from bot.incidents.silence_store import SilenceRequest, Silences
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.stations.incidents import Incidents
from bot.store.tables.incidents import Incident, SilenceRow

# A Monday.
START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OFFICE = "Head office"
NIGHTLY = Weekly(frozenset(range(7)), time(13, 30), 60, "UTC")


class Desk:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = START
        self.changes = 0
        self.silences = Silences(database, lambda: self.now, Signal(self._count))
        self.incidents = Incidents(database)

    def _count(self, _station: str) -> None:
        self.changes += 1

    def wish(self, subject: str = "T1", station: str = OFFICE, reason: str = "") -> SilenceRequest:
        return SilenceRequest(station, subject, f"Trunk {subject}", 1, "Boris", reason)

    async def current(self, station: str = OFFICE) -> list[int]:
        return [one.id for one in await self.silences.current(station)]

    async def opens(self, subject: str, kind: str = "trunk_down", station: str = OFFICE) -> int:
        incident = Incident(
            station=station,
            subject=subject,
            open_key=f"{station}|{subject}",
            kind=kind,
            facts={"trunk": f"Trunk {subject}"},
            began_at=self.now,
            opened_at=self.now,
        )
        with self.database.begin() as session:
            session.add(incident)
        return incident.id

    async def recovers(self, subject: str) -> None:
        """Resolve as the engine does."""
        with self.database.begin() as session:
            incident = session.scalar(select(Incident).where(Incident.open_key == f"{OFFICE}|{subject}"))
            if incident is not None:
                incident.open_key, incident.ended_at = None, self.now
            silence_store.end_until_recovery(session, OFFICE, subject, self.now)


@pytest.fixture
def services(database: Database) -> Desk:
    return Desk(database)


async def test_a_mute_is_kept_as_it_was_wished(services: Desk) -> None:
    made = await services.silences.mute(services.wish(reason="works on the line"), services.now, START + HOUR)
    assert await services.silences.current(OFFICE) == [made]
    assert (made.subject, made.name, made.by_name, made.reason) == ("T1", "Trunk T1", "Boris", "works on the line")
    assert (made.begins_at, made.until) == (START, START + HOUR)
    assert services.changes == 1


async def test_a_mute_ends_by_itself(services: Desk) -> None:
    await services.silences.mute(services.wish(), services.now, START + HOUR)
    services.now += HOUR
    assert await services.current() == []


async def test_a_newer_mute_of_the_same_subject_takes_the_place_of_the_older(services: Desk) -> None:
    await services.silences.mute(services.wish(), services.now, START + 5 * HOUR)
    other = await services.silences.mute(services.wish("T2"), services.now, START + HOUR)
    newer = await services.silences.mute(services.wish(), services.now, START + HOUR)
    assert await services.current() == [other.id, newer.id]


async def test_a_mute_leaves_a_window_of_the_same_subject_in_place(services: Desk) -> None:
    planned = await services.silences.plan(services.wish(), START + HOUR, START + 2 * HOUR)
    made = await services.silences.mute(services.wish(), services.now, START + HOUR)
    assert await services.current() == [planned.id, made.id]


async def test_what_is_taken_away_is_gone_and_only_once(services: Desk) -> None:
    made = await services.silences.mute(services.wish(), services.now, START + HOUR)
    assert await services.silences.expire("Branch", made.id, "Anna") is None
    assert await services.silences.expire(OFFICE, made.id, "Anna") == made
    assert await services.silences.expire(OFFICE, made.id, "Anna") is None
    assert await services.current() == []
    assert services.changes == 2


async def test_a_window_that_repeats_is_read_as_it_was_written(services: Desk) -> None:
    made = await services.silences.plan(services.wish(), START, repeats=NIGHTLY)
    assert (await services.silences.current(OFFICE))[0].repeats == NIGHTLY
    assert in_force(made, START)


async def test_a_window_ended_this_time_comes_again_as_planned(services: Desk) -> None:
    made = await services.silences.plan(services.wish(reason="backup"), START, repeats=NIGHTLY)
    again = await services.silences.end_this_time(OFFICE, made.id, "Anna")
    assert again is not None
    assert await services.current() == [again.id]
    assert again.reason == "backup"
    assert not in_force(again, START)
    assert in_force(again, START + timedelta(days=1))
    assert await services.silences.end_this_time(OFFICE, again.id, "Anna") is None


async def test_a_window_that_comes_once_is_over_when_it_is_ended(services: Desk) -> None:
    made = await services.silences.plan(services.wish(), START, START + HOUR)
    assert await services.silences.end_this_time(OFFICE, made.id, "Anna") is not None
    assert await services.current() == []


async def test_a_reason_may_follow_while_the_mute_lasts(services: Desk) -> None:
    made = await services.silences.mute(services.wish(), services.now, START + HOUR)
    said = await services.silences.give_reason(OFFICE, made.id, "x" * 1000)
    assert said is not None
    assert said.reason == "x" * 256
    services.now += HOUR
    assert await services.silences.give_reason(OFFICE, made.id, "late") is None


async def test_until_recovery_ends_with_the_recovery_of_its_own_subject(services: Desk) -> None:
    own = await services.silences.mute(services.wish("T1"), services.now, None)
    other = await services.silences.mute(services.wish("T2"), services.now, None)
    timed = await services.silences.mute(services.wish("T3"), services.now, START + HOUR)
    nightly = await services.silences.plan(services.wish("T1"), START, repeats=NIGHTLY)
    for subject in ("T1", "T3"):
        await services.opens(subject)
        await services.recovers(subject)
    assert await services.current() == [other.id, timed.id, nightly.id]
    assert own.id not in await services.current()


async def test_everything_until_recovery_waits_for_the_last_outage(services: Desk) -> None:
    for subject, kind in (("T1", "trunk_down"), ("", "station"), (":clock", "clock_off"), (":rehearsal", "rehearsal")):
        await services.opens(subject, kind)
    made = await services.silences.mute(services.wish(EVERYTHING), services.now, None)
    await services.recovers("")
    assert await services.current() == [made.id]
    await services.recovers("T1")
    assert await services.current() == []


async def test_everything_until_recovery_lasts_a_week_at_most(services: Desk) -> None:
    made = await services.silences.mute(services.wish(EVERYTHING), services.now, None)
    assert ends(made, START) == START + LONGEST_OF_EVERYTHING
    services.now += LONGEST_OF_EVERYTHING
    assert await services.current() == []


async def test_each_station_has_its_own(services: Desk) -> None:
    made = await services.silences.mute(services.wish(EVERYTHING, "Branch"), services.now, START + HOUR)
    await services.silences.mute(services.wish(EVERYTHING), services.now, START + HOUR)
    assert await services.current("Branch") == [made.id]


@pytest.mark.parametrize(
    ("subject", "until", "repeats", "kept"),
    [
        ("T1", lambda: START + HOUR, None, False),
        ("T1", lambda: START + LONGEST_OF_EVERYTHING + HOUR, None, True),
        ("T1", lambda: None, None, True),
        (EVERYTHING, lambda: None, None, False),
        (EVERYTHING, lambda: None, NIGHTLY, True),
    ],
)
async def test_only_what_ended_long_ago_is_forgotten(
    services: Desk, subject: str, until: Callable[[], datetime | None], repeats: Weekly | None, kept: bool
) -> None:
    if repeats:
        await services.silences.plan(services.wish(subject), START, repeats=repeats)
    else:
        await services.silences.mute(services.wish(subject), services.now, until())
    for _ in range(2):
        taken = await services.silences.mute(services.wish("T9"), services.now, None)
        await services.silences.expire(OFFICE, taken.id, "Anna")
    with services.database.begin() as session:
        silence_store.forget_old(session, START + LONGEST_OF_EVERYTHING)
        left = list(session.execute(select(SilenceRow.id).order_by(SilenceRow.id)).scalars())
    # The newest row always stays, so that its number is not reused.
    assert left == ([1, 3] if kept else [3])


async def test_open_incidents_are_those_of_the_station_the_oldest_first(services: Desk) -> None:
    first = await services.opens("T1")
    services.now += HOUR
    second, elsewhere = await services.opens("T2"), await services.opens("T1", station="Branch")
    assert [one.id for one in await services.incidents.open(OFFICE)] == [first, second]
    await services.recovers("T1")
    assert [one.id for one in await services.incidents.open(OFFICE)] == [second]
    assert await services.incidents.find(OFFICE, elsewhere) is None
    found = await services.incidents.find(OFFICE, first)
    assert found is not None
    assert found.open_key is None


async def test_what_holds_back_all_pbxs_holds_back_each_and_is_shown_at_each(services: Desk) -> None:
    """Also a station added later: there is no row for it."""
    made = await services.silences.mute(services.wish(EVERYTHING, station=EVERY_STATION), services.now, START + HOUR)
    of_one = await services.silences.mute(services.wish("T1", station="Branch"), services.now, START + HOUR)
    assert await services.current() == [made.id]
    assert await services.current("Branch") == [of_one.id, made.id]
    assert await services.current(EVERY_STATION) == [made.id]
    assert await services.silences.expire(OFFICE, made.id, "Boris") is None, "one PBX does not end what all have"
    assert await services.silences.expire(EVERY_STATION, made.id, "Anna") is not None
    assert await services.current() == []


async def test_of_all_pbxs_something_single_holds_back_nothing_elsewhere(services: Desk) -> None:
    await services.silences.mute(services.wish(":provider:x", station=EVERY_STATION), services.now, START + HOUR)
    assert await services.current() == []


async def test_until_everything_has_recovered_waits_for_every_pbx(services: Desk) -> None:
    await services.opens("T1")
    await services.opens("T2", station="Branch")
    made = await services.silences.mute(services.wish(EVERYTHING, station=EVERY_STATION), services.now, None)
    await services.recovers("T1")
    assert await services.current() == [made.id]
    with services.database.begin() as session:
        session.execute(update(Incident).where(Incident.station == "Branch").values(open_key=None))
        silence_store.end_until_recovery(session, "Branch", "T2", services.now)
    assert await services.current() == []
