"""The machine's clock is set; what is counted by time goes on."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.steady_clock import FAR_OFF, SLOWEST, SteadyClock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOON = timedelta(minutes=1)


class Machine:
    def __init__(self) -> None:
        self.wall = NOON
        self.seconds = 0.0
        self.clock = SteadyClock(lambda: self.wall, lambda: self.seconds)

    def passes(self, seconds: float) -> datetime:
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)
        return self.clock()

    def is_set(self, by: timedelta) -> datetime:
        self.wall += by
        return self.clock()


STEPS = st.lists(
    st.tuples(st.floats(0, 600), st.timedeltas(-FAR_OFF / 10, FAR_OFF / 10)),
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
        assert shown - before >= timedelta(seconds=SLOWEST * seconds) - timedelta(microseconds=1)
        assert shown >= machine.wall
        before = shown
    assert machine.passes(2 * len(steps) * FAR_OFF.total_seconds()) == machine.wall


def test_set_forward_it_follows_at_once() -> None:
    machine = Machine()
    assert machine.is_set(timedelta(minutes=10)) == NOON + timedelta(minutes=10)


def test_set_back_by_hours_it_follows_too() -> None:
    machine = Machine()
    assert machine.is_set(timedelta(hours=-5)) == NOON - timedelta(hours=5)


def test_what_an_earlier_run_has_shown_counts_unless_that_was_plainly_wrong() -> None:
    machine = Machine()
    machine.clock.has_shown(NOON - SOON)
    assert machine.clock() == NOON
    machine.clock.has_shown(NOON + SOON)
    assert machine.clock() == NOON + SOON
    machine.clock.has_shown(NOON + timedelta(days=400))
    assert machine.passes(120) == NOON + timedelta(seconds=120)
