"""On-call roster: shifts, overrides, levels, and the order of escalation."""

from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.oncall.local_time import moment, wall_of, zone_named
from bot.oncall.roster import Roster
from bot.oncall.rotation import Calendar, Duty, Override, Rotation, Shift, Unit

ANNA, BORIS, VERA, OLGA = 1, 2, 3, 4


def wall(written: str) -> datetime:
    """Return a local time without a zone."""
    return datetime.fromisoformat(written)


MONDAY = wall("2026-11-23 09:00")
WEEKLY = Rotation(1, (ANNA, BORIS), Shift(Unit.WEEKS, 1, MONDAY, "Europe/Moscow"))
SECOND = Rotation(2, (OLGA,), Shift(Unit.DAYS, 1, MONDAY, "Europe/Moscow"))


def moscow(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 11, 1, hour, minute, tzinfo=ZoneInfo("Europe/Moscow")) + timedelta(days=day - 1)


def test_turns_go_round_at_the_hand_over() -> None:
    roster = Roster((WEEKLY,))
    assert roster.on_call(moscow(23, 9)) == {1: ANNA}
    assert roster.on_call(moscow(30, 8, 59)) == {1: ANNA}
    assert roster.on_call(moscow(30, 9)) == {1: BORIS}
    assert roster.on_call(moscow(37, 9)) == {1: ANNA}


def test_before_the_first_turn_and_without_people_nobody_is_on_call() -> None:
    assert Roster((WEEKLY,)).on_call(moscow(23, 8, 59)) == {1: None}
    assert Roster((Rotation(1, (), WEEKLY.shift),)).on_call(moscow(24)) == {1: None}
    assert Roster().on_call(moscow(24)) == {}
    assert Roster((WEEKLY,)).gaps(1, moscow(22), moscow(25)) == ((moscow(22), moscow(23, 9)),)


def test_an_override_takes_its_time_and_gives_the_rest_back() -> None:
    roster = Roster((WEEKLY,), (Override(1, 1, VERA, moscow(24, 10), moscow(24, 18)),))
    shown = [(d.person, d.begins, d.ends, d.out_of_turn) for d in roster.shifts(1, moscow(24), moscow(25))]
    assert shown == [
        (ANNA, moscow(24), moscow(24, 10), False),
        (VERA, moscow(24, 10), moscow(24, 18), True),
        (ANNA, moscow(24, 18), moscow(25), False),
    ]


def test_of_two_overrides_the_one_made_last_counts() -> None:
    first, last = Override(1, 1, VERA, moscow(24), moscow(26)), Override(2, 1, BORIS, moscow(25), moscow(27))
    for order in ((first, last), (last, first)):
        roster = Roster((WEEKLY,), order)
        assert [roster.on_call(moscow(day, 12))[1] for day in (24, 25, 26, 27)] == [VERA, BORIS, BORIS, ANNA]


def test_a_shift_is_reported_whole_with_what_was_cut_from_it() -> None:
    roster = Roster((WEEKLY,), (Override(1, 1, VERA, moscow(25), moscow(26)),))
    assert roster.duty(1, moscow(24)) == Duty(ANNA, moscow(23, 9), moscow(25), 1)
    assert roster.duty(1, moscow(25)) == Duty(VERA, moscow(25), moscow(26), 1, out_of_turn=True)
    assert roster.next_duty(1, moscow(24)) == Duty(VERA, moscow(25), moscow(26), 1, out_of_turn=True)
    assert [d.begins for d in roster.duties_of(ANNA, moscow(24), moscow(29))] == [moscow(23, 9), moscow(26)]


def test_an_override_alone_makes_a_level() -> None:
    roster = Roster(overrides=(Override(1, 1, VERA, moscow(24), moscow(25)),))
    assert roster.on_call(moscow(24)) == {1: VERA}
    assert roster.people_named == {VERA}
    assert roster.everyone() == ()


def test_on_a_level_with_a_calendar_the_calendar_decides() -> None:
    calendar = Calendar((Duty(VERA, moscow(24), moscow(25), 1),))
    roster = Roster((WEEKLY,), calendars={1: calendar})
    assert roster.on_call(moscow(24)) == {1: VERA}
    assert roster.on_call(moscow(25)) == {1: None}
    assert roster.everyone() == (VERA,)


def test_levels_are_asked_one_after_the_other() -> None:
    roster = Roster((SECOND, WEEKLY))
    at = moscow(24)
    assert list(roster.on_call(at).items()) == [(1, ANNA), (2, OLGA)]
    assert roster.next_to_ask(at, []) == ANNA
    assert roster.next_to_ask(at, {ANNA}) == OLGA
    assert roster.next_to_ask(at, {ANNA, OLGA}) is None
    assert roster.everyone() == (ANNA, BORIS, OLGA)


def test_with_one_level_the_next_in_turn_is_asked() -> None:
    roster = Roster((Rotation(1, (ANNA, BORIS, VERA), WEEKLY.shift),))
    boris_week = moscow(31)
    assert roster.next_to_ask(boris_week, {BORIS}) == VERA
    assert roster.next_to_ask(boris_week, {BORIS, VERA}) == ANNA
    assert roster.next_to_ask(boris_week, {ANNA, BORIS, VERA}) is None


def test_with_a_calendar_whoever_stands_in_it_next_is_asked() -> None:
    calendar = Calendar((Duty(VERA, moscow(24), moscow(25), 1), Duty(ANNA, moscow(25), moscow(26), 1)))
    assert Roster(calendars={1: calendar}).next_to_ask(moscow(24), {VERA}) == ANNA


@pytest.mark.parametrize("name", ["Europe/Moscow", "UTC+03:00", "UTC-09:30", "UTC"])
def test_a_zone_is_known_by_the_name_it_writes_itself(name: str) -> None:
    zone: tzinfo = zone_named(name)
    assert str(zone) == name


def test_a_zone_that_no_machine_knows_any_more_does_not_stop_the_night() -> None:
    assert str(zone_named("Mars/Olympus")) == "UTC"


def test_a_time_that_never_comes_is_when_the_clocks_jump() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    jump = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert moment(wall("2026-03-29 02:30"), berlin) == jump
    assert moment(wall("2026-03-29 03:00"), berlin) == jump


def test_a_time_that_comes_twice_is_the_first_time() -> None:
    assert moment(wall("2026-10-25 02:30"), ZoneInfo("Europe/Berlin")) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


moments = st.datetimes(wall("2024-01-01"), wall("2030-12-31")).map(lambda at: at.replace(tzinfo=UTC))


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tehran", "UTC+05:30"]), moments
)
def test_the_moment_of_a_time_is_never_after_one_that_shows_it(name: str, at: datetime) -> None:
    zone = zone_named(name)
    first = moment(wall_of(at, zone), zone)
    assert first <= at
    assert wall_of(first, zone) == wall_of(at, zone)


lengths = st.timedeltas(timedelta(minutes=1), timedelta(days=20))


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    begins = draw(st.datetimes(wall("2023-06-01"), wall("2026-01-01"))).replace(microsecond=0)
    zone = draw(st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "UTC+03:00"]))
    unit, length = draw(st.sampled_from(list(Unit))), draw(st.integers(1, 7))
    people = tuple(draw(st.lists(st.integers(1, 4), min_size=0, max_size=4)))
    overrides = [
        Override(number, 1, draw(st.integers(5, 9)), (at := draw(moments)), at + draw(lengths))
        for number in range(draw(st.integers(0, 6)))
    ]
    return Roster((Rotation(1, people, Shift(unit, length, begins, zone)),), tuple(overrides))


@given(rosters(), moments, lengths)
def test_duties_and_gaps_together_tile_any_time_whatever_was_overridden(
    roster: Roster, begin: datetime, length: timedelta
) -> None:
    end = begin + length
    pieces = [(d.begins, d.ends) for d in roster.shifts(1, begin, end)] + list(roster.gaps(1, begin, end))
    pieces.sort()
    assert pieces[0][0] == begin
    assert pieces[-1][1] == end
    assert all(one[0] < one[1] == other[0] for one, other in pairwise(pieces))


@given(rosters(), moments)
def test_the_override_made_last_is_who_is_on_call(roster: Roster, at: datetime) -> None:
    over = [one for one in roster.overrides if one.begins <= at < one.ends]
    on_call = roster.on_call(at)[1]
    if over:
        assert on_call == max(over, key=lambda one: one.id).person
    else:
        assert on_call == Roster(roster.rotations).on_call(at)[1]
