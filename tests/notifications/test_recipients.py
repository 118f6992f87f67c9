"""Recipients: called, skipped, and warnings deferred to the morning."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.access.policy import EVERY_STATION, Grant
from bot.incidents.model import Kind
from bot.notifications.recipients import OnCallTargets, quiet_until
from bot.oncall.rotation import Rotation, Shift, Unit
from bot.runtime.waiting import Signal
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.oncall.schedules import OnCallSchedules, ShiftChange
from bot.store.tables.people import Pager
from tests.incident_harness.incident_ledger import ManagerHarness, read
from tests.incident_harness.pbx import ANNA, BORIS, STATION, VERA
from tests.incident_harness.station import START

STRANGER = 9
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
async def manager(database: Database) -> ManagerHarness:
    manager = ManagerHarness(database)
    await manager.meets_everybody()
    return manager


def granted(manager: ManagerHarness, *grants: Grant) -> None:
    manager.grants = Grants(manager.database, manager.clock, grants, manager.grants.roles, Signal())
    manager.another_incident_manager()


async def cannot_be_reached(manager: ManagerHarness, *people: int) -> None:
    with manager.database.begin() as session:
        session.add_all(Pager(person_id=person, reachable=False) for person in people)


async def next_of(manager: ManagerHarness, already: tuple[int, ...] = ()) -> OnCallTargets:
    with manager.database.begin() as session:
        return manager.people.next(session, START, already)


async def everybody(manager: ManagerHarness) -> tuple[int, ...]:
    with manager.database.begin() as session:
        return manager.people.everybody(session, START).people


async def test_the_next_is_whoever_comes_next_and_was_not_told_yet(manager: ManagerHarness) -> None:
    manager.on_call.levels = [[ANNA, BORIS, VERA]]
    assert await next_of(manager) == OnCallTargets((ANNA,))
    assert await next_of(manager, (ANNA,)) == OnCallTargets((BORIS,))
    assert await next_of(manager, (ANNA, BORIS, VERA)) == OnCallTargets(())


async def test_whoever_cannot_be_reached_is_passed_over_and_named(manager: ManagerHarness) -> None:
    manager.on_call.levels = [[ANNA, BORIS]]
    await cannot_be_reached(manager, ANNA)
    assert await next_of(manager) == OnCallTargets((BORIS,), skipped=(ANNA,))
    await cannot_be_reached(manager, BORIS)
    assert await next_of(manager) == OnCallTargets((), skipped=(ANNA, BORIS))


async def test_whoever_lost_the_role_is_passed_over_without_a_word(manager: ManagerHarness) -> None:
    manager.on_call.levels = [[STRANGER, BORIS]]
    assert await next_of(manager) == OnCallTargets((BORIS,))
    assert await everybody(manager) == (BORIS,)


async def test_a_role_that_has_ended_counts_for_nothing(manager: ManagerHarness) -> None:
    ended = Grant(STRANGER, "operator", until=START - timedelta(seconds=1))
    manager.on_call.levels = [[STRANGER, ANNA]]
    granted(manager, ended, Grant(ANNA, "operator"))
    assert await next_of(manager) == OnCallTargets((ANNA,))


async def test_without_a_list_everybody_are_the_administrators(manager: ManagerHarness) -> None:
    granted(manager, Grant(VERA, "admin"), Grant(BORIS, "operator"))
    assert await next_of(manager) == OnCallTargets(())
    assert await everybody(manager) == (VERA,)
    manager.on_call.levels = [[STRANGER]]
    assert await everybody(manager) == (VERA,)


async def test_with_a_list_everybody_are_those_on_it_of_every_level(manager: ManagerHarness) -> None:
    manager.on_call.levels = [[ANNA], [BORIS]]
    assert await everybody(manager) == (ANNA, BORIS)


async def test_an_outage_reaches_the_next_person_when_the_first_cannot_be_reached(manager: ManagerHarness) -> None:
    manager.on_call.levels = [[ANNA, BORIS]]
    await cannot_be_reached(manager, ANNA)
    await manager.opens()
    assert not await manager.alerts(ANNA)
    (told,) = await manager.alerts(BORIS)
    assert "Cannot be reached: Anna. They must open the bot and press Start" in read(told)
    assert [one.facts["person"] for one in await manager.chain() if one.what == "unreachable"] == ["Anna"]


async def test_whose_message_can_never_arrive_does_not_keep_the_next_waiting(manager: ManagerHarness) -> None:
    manager.on_call.levels = [[ANNA, BORIS]]
    await manager.opens()
    (told,) = await manager.alerts(ANNA)
    manager.passes(5)
    assert await manager.cannot_be_delivered(told.id) == "whoever is on call next"
    await manager.tick()
    assert [row.template for row in await manager.alerts(BORIS)] == ["chat_closed", "alert"]
    await manager.ends()
    assert all(row.chat_id != ANNA for row in await manager.owed(since=told.id) if row.template == "alert_over")


async def test_nobody_takes_it_so_the_next_is_asked_then_everybody_then_all_are_reminded(
    manager: ManagerHarness,
) -> None:
    manager.on_call.levels = [[ANNA, BORIS, VERA]]
    await manager.opens()
    heard: list[tuple[int, list[int]]] = []
    for minutes in (0, 10, 10, 30, 30):
        manager.passes(minutes * 60)
        await manager.tick()
        waiting = [row for row in await manager.owed() if row.state == "pending" and row.action == "send"]
        heard.append((minutes, [row.chat_id for row in waiting if not row.silent]))
        await manager.arrives()
    everyone = [ANNA, BORIS, VERA]
    assert heard == [(0, [ANNA]), (10, [BORIS]), (10, [VERA]), (30, everyone), (30, everyone)]


async def test_quiet_hours_keep_a_warning_until_the_morning_and_never_an_outage(manager: ManagerHarness) -> None:
    manager.on_call.levels = [[ANNA]]
    manager.on_call.quiet[ANNA] = (time(14), time(18))
    await manager.opens(kind=Kind.TRUNK_DEGRADED)
    (warning,) = await manager.alerts(ANNA)
    assert warning.not_before == datetime(2026, 11, 23, 17, tzinfo=UTC)
    assert (await manager.alerts())[0].not_before == manager.now
    assert [one.facts["by"] for one in await manager.chain() if one.what == "held"] == ["Anna"]
    await manager.opens("t2")
    assert (await manager.alerts(ANNA))[1].not_before == manager.now


# --- quiet hours ----------------------------------------------------------------------------------------------------


def local(written: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


def quiet(hours: str, at: datetime) -> datetime | None:
    begins, ends = (time.fromisoformat(one) for one in hours.split("-"))
    return quiet_until((begins, ends), at, BERLIN)


@pytest.mark.parametrize(
    ("hours", "at", "until"),
    [
        ("22:00-08:00", "2026-11-23 23:30", "2026-11-24 08:00"),
        ("22:00-08:00", "2026-11-24 07:59", "2026-11-24 08:00"),
        ("22:00-08:00", "2026-11-24 08:00", None),
        ("22:00-08:00", "2026-11-24 21:59", None),
        ("22:00-08:00", "2026-11-24 22:00", "2026-11-25 08:00"),
        ("12:00-14:00", "2026-11-24 13:00", "2026-11-24 14:00"),
        ("12:00-14:00", "2026-11-24 14:00", None),
        ("08:00-08:00", "2026-11-24 07:00", "2026-11-24 08:00"),
        ("08:00-08:00", "2026-11-24 08:00", "2026-11-25 08:00"),
    ],
)
def test_hours_may_go_over_midnight(hours: str, at: str, until: str | None) -> None:
    assert quiet(hours, local(at)) == (local(until) if until else None)


def test_nobody_without_quiet_hours_is_waited_for() -> None:
    assert quiet_until(None, START, BERLIN) is None


def test_in_the_night_that_is_an_hour_short_they_end_by_the_wall() -> None:
    assert quiet("22:00-08:00", local("2026-03-28 23:00")) == local("2026-03-29 08:00")
    # 02:30 does not exist: the clock skips it.
    assert quiet("22:00-02:30", local("2026-03-29 01:59")) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert quiet("22:00-02:30", local("2026-03-29 03:00")) is None


def test_in_the_night_with_an_hour_twice_they_end_once_and_never_before_they_are_asked_about() -> None:
    end = local("2026-10-25 02:30")
    assert quiet("22:00-02:30", local("2026-10-25 02:10")) == end
    assert quiet("22:00-02:30", local("2026-10-25 02:10", fold=1)) is None
    assert quiet("02:30-08:00", local("2026-10-25 02:10", fold=1)) == local("2026-10-25 08:00")
    assert quiet("22:00-08:00", local("2026-10-24 23:00")) == local("2026-10-25 08:00")


@given(
    st.tuples(st.times(), st.times()),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31)),  # noqa: DTZ001 (moved to UTC below)
)
def test_they_always_end_later_within_a_day_and_then_hold_no_longer(hours: tuple[time, time], at: datetime) -> None:
    now = at.replace(tzinfo=UTC)
    until = quiet_until(hours, now, BERLIN)
    if until is not None:
        assert now < until <= now + timedelta(hours=25)
        assert hours[0] == hours[1] or quiet_until(hours, until, BERLIN) is None


@pytest.fixture
async def oncall(manager: ManagerHarness) -> OnCallSchedules:
    """The real on-call book, used by a station's resolver."""
    manager.on_call = book = OnCallSchedules(manager.database, manager.clock, Signal())
    manager.another_incident_manager()
    await book.set_rotation(EVERY_STATION, weekly(ANNA), "Vera")
    return book


def weekly(*people: int, level: int = 1) -> Rotation:
    return Rotation(level, people, Shift(Unit.WEEKS, 1, START.replace(tzinfo=None), "UTC"))


async def test_a_station_without_a_roster_uses_that_of_the_fleet(
    manager: ManagerHarness, oncall: OnCallSchedules
) -> None:
    assert await next_of(manager) == OnCallTargets((ANNA,))
    assert await everybody(manager) == (ANNA,)


async def test_a_roster_of_its_own_counts_alone_however_little_is_in_it(
    manager: ManagerHarness, oncall: OnCallSchedules
) -> None:
    number = await oncall.override(STATION, ShiftChange(2, BORIS, START, START + timedelta(hours=1)), (ANNA, "Anna"))
    assert await next_of(manager) == OnCallTargets((BORIS,))
    assert await next_of(manager, (BORIS,)) == OnCallTargets(())
    await oncall.cancel(STATION, [number], ANNA)
    assert await next_of(manager) == OnCallTargets((ANNA,))
    await oncall.set_rotation(STATION, weekly(VERA), "Vera")
    assert await next_of(manager) == OnCallTargets((VERA,))
    assert await everybody(manager) == (VERA,)


async def test_the_roster_of_another_station_serves_nobody_else(
    manager: ManagerHarness, oncall: OnCallSchedules
) -> None:
    await oncall.remove(EVERY_STATION, 1)
    await oncall.set_rotation("Tver", weekly(BORIS), "Vera")
    assert await next_of(manager) == OnCallTargets(())
    assert await oncall.stations() == {"Tver"}
