"""On-call data is persistent, and changes in one transaction with its notifications."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select

from bot.access.policy import Destination
from bot.oncall.rotation import Calendar, Duty, Rotation, Shift, Unit
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.messages.notices import Notice
from bot.store.oncall.calendars import StoredCalendar
from bot.store.oncall.schedules import OnCallSchedules, ShiftChange
from bot.store.tables.messages import Outgoing
from bot.store.tables.people import OverrideRow

HERE, THERE = "Head office", "Branch"
ANNA, BORIS = 1001, 1002
NOW = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHIFT = Shift(Unit.HOURS, 12, datetime.fromisoformat("2026-11-25 08:00"), "UTC+03:00")
ROTATION = Rotation(1, (ANNA, BORIS), SHIFT)


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(database: Database, clock: Clock) -> OnCallSchedules:
    return OnCallSchedules(database, clock, Signal())


async def test_what_was_set_is_read_back_as_it_was(database: Database, clock: Clock, book: OnCallSchedules) -> None:
    await book.set_rotation(HERE, ROTATION, "Anna")
    duty = Duty(BORIS, NOW, NOW + HOUR, 2)
    kept = StoredCalendar(2, "https://x", "text", "UTC", Calendar((duty,), ("Dmitri",)), NOW)
    await book.set_calendar(HERE, kept, "Anna")
    roster = await OnCallSchedules(database, clock, Signal()).roster(HERE)
    assert roster.rotations == (ROTATION,)
    assert roster.calendars == {2: kept.calendar}
    assert await book.calendars(HERE) == [kept]
    assert (await book.roster(THERE)).levels == ()


async def test_turns_that_are_set_take_the_place_of_a_calendar(book: OnCallSchedules) -> None:
    await book.set_calendar(HERE, StoredCalendar(1, "", "", "UTC", Calendar(), NOW), "Anna")
    assert (await book.roster(HERE)).on_call(NOW) == {1: None}
    await book.set_rotation(HERE, ROTATION, "Anna")
    assert (await book.roster(HERE)).on_call(NOW) == {1: ANNA}


async def test_what_is_over_is_out_of_the_roster(clock: Clock, book: OnCallSchedules) -> None:
    await book.override(HERE, ShiftChange(1, BORIS, NOW, NOW + HOUR), (BORIS, "Boris"))
    assert (await book.roster(HERE)).levels == (1,)
    clock.now = NOW + HOUR
    assert (await book.roster(HERE)).levels == ()


async def test_nobody_takes_back_what_another_made(book: OnCallSchedules) -> None:
    made = await book.override(HERE, ShiftChange(1, BORIS, NOW, NOW + HOUR), (ANNA, "Anna"))
    assert not await book.cancel(HERE, [made], BORIS)
    assert not await book.cancel(THERE, [made], ANNA)
    assert await book.cancel(HERE, [made], ANNA)
    assert not await book.cancel(HERE, [made], ANNA)


async def test_a_change_and_the_news_of_it_are_one_step(database: Database, book: OnCallSchedules) -> None:
    unwritable = Notice(Destination(BORIS), "oncall_yours", {"when": NOW})
    with pytest.raises(Exception, match="not JSON serializable"):
        await book.override(HERE, ShiftChange(1, BORIS, NOW, NOW + HOUR), (ANNA, "Anna"), [unwritable])
    assert (await book.roster(HERE)).levels == ()
    await book.override(
        HERE, ShiftChange(1, BORIS, NOW, NOW + HOUR), (ANNA, "Anna"), [Notice(Destination(BORIS), "x", {})]
    )
    with database.begin() as session:
        assert [row.chat_id for row in session.execute(select(Outgoing)).scalars()] == [BORIS]


async def test_a_rotation_goes_with_what_was_agreed_out_of_turn(database: Database, book: OnCallSchedules) -> None:
    await book.set_rotation(HERE, ROTATION, "Anna")
    await book.override(HERE, ShiftChange(1, BORIS, NOW, NOW + HOUR), (ANNA, "Anna"))
    assert await book.remove(HERE, 1)
    assert not await book.remove(HERE, 1)
    assert (await book.roster(HERE)).levels == ()
    with database.begin() as session:
        assert [row.state for row in session.execute(select(OverrideRow)).scalars()] == ["cancelled"]


async def test_quiet_hours_are_kept_beside_whether_somebody_can_be_called(
    database: Database, book: OnCallSchedules
) -> None:
    await book.store_reachability(BORIS, reachable=True, warnings=[])
    await book.set_quiet_hours(BORIS, (time(22), time(8)))
    with database.begin() as session:
        assert book.quiet_hours(session, BORIS) == (time(22), time(8))
    assert (await book.reachability_of([BORIS]))[BORIS].reachable
    await book.set_quiet_hours(BORIS, None)
    assert await book.quiet_hours_of(BORIS) is None
