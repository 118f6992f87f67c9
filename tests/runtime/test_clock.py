"""Changes of the machine's clock do not affect measured durations."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.runtime.clock import MAX_BACKWARD_STEP, MIN_RATE, MIN_STEP, MonotonicClock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOON = MINUTE = timedelta(minutes=1)


class Machine:
    def __init__(self) -> None:
        self.wall = NOON
        self.seconds = 0.0
        self.clock = MonotonicClock(lambda: self.wall, lambda: self.seconds)

    def passes(self, seconds: float) -> datetime:
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)
        return self.clock()

    def is_set(self, by: timedelta) -> datetime:
        self.wall += by
        return self.clock()


STEPS = st.lists(
    st.tuples(st.floats(0, 600), st.timedeltas(-MAX_BACKWARD_STEP / 10, MIN_STEP)),
    min_size=1,
    max_size=8,
)


@given(STEPS)
def test_it_never_goes_back_nor_behind_the_machine_nor_much_slower_and_comes_right(
    steps: list[tuple[float, timedelta]],
) -> None:
    machine = Machine()
    before = machine.clock()
    for seconds, by in steps:
        machine.is_set(by)
        shown = machine.passes(seconds)
        assert shown - before >= timedelta(seconds=MIN_RATE * seconds) - timedelta(microseconds=1)
        assert shown >= machine.wall
        before = shown
    assert machine.passes(2 * len(steps) * MAX_BACKWARD_STEP.total_seconds()) == machine.wall


def test_corrected_by_seconds_it_follows_at_once() -> None:
    machine = Machine()
    assert machine.is_set(timedelta(seconds=4)) == NOON + timedelta(seconds=4)
    assert machine.clock.off_by == timedelta(0)


@pytest.mark.parametrize("by", [timedelta(minutes=10), timedelta(hours=3), timedelta(hours=-5)])
def test_set_by_more_it_goes_on_as_if_nothing_was_until_it_is_asked_to_follow(by: timedelta) -> None:
    machine = Machine()
    assert machine.is_set(by) == NOON
    assert machine.passes(60) == NOON + MINUTE
    assert machine.clock.off_by == by
    machine.clock.follow(by)
    assert machine.passes(60) == machine.wall == NOON + 2 * MINUTE + by
    assert machine.clock.off_by == timedelta(0)


def test_set_and_set_back_nothing_was() -> None:
    machine = Machine()
    machine.is_set(timedelta(hours=3))
    machine.passes(60)
    machine.is_set(timedelta(hours=-3))
    assert (machine.clock.off_by, machine.passes(60)) == (timedelta(0), NOON + 2 * MINUTE)


def test_what_was_written_since_the_machine_began_was_so_by_this_clock() -> None:
    machine = Machine()
    machine.seconds = 600
    assert machine.passes(60) - machine.clock.booted_at == timedelta(seconds=660)


def test_what_an_earlier_run_has_shown_counts_unless_that_was_plainly_wrong() -> None:
    machine = Machine()
    machine.clock.resume_from(NOON - SOON)
    assert machine.clock() == NOON
    machine.clock.resume_from(NOON + SOON)
    assert machine.clock() == NOON + SOON
    machine.clock.resume_from(NOON + timedelta(days=400))
    assert machine.passes(120) == NOON + timedelta(seconds=120)
