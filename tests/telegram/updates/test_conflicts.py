"""Two instances polling with one token: people are notified first, then exactly one of the two ends."""

from datetime import UTC, datetime, timedelta

import pytest
from telegram.error import Conflict

from bot.engine.checks import duplicate_instance
from bot.telegram.errors import SecondCopy
from bot.telegram.updates import conflicts
from bot.telegram.updates.conflicts import Conflicts
from bot.telegram.updates.polling import Polling
from tests.telegram.observers import source_observing

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_a_restart_in_which_the_old_program_still_ends_is_none() -> None:
    seen = Conflicts(START)
    for day in range(5):
        for seconds in (0, 5, 20):
            assert seen.record(after(day * 86_400 + seconds)) is None


def test_conflicts_that_last_end_the_copy_after_people_were_notified() -> None:
    seen = Conflicts(START)
    told = duplicate_instance.HOLD_OFF.total_seconds()
    when = next(seconds for seconds in range(0, 3600, 20) if seen.record(after(seconds)) is not None)
    assert when >= 180
    assert when >= told + 120


def test_a_clean_minute_in_between_begins_it_anew() -> None:
    seen = Conflicts(START)
    for seconds in (0, 50, 100, 150, 211, 260, 310, 360, 410):
        assert seen.record(after(seconds)) is None
    assert seen.record(after(455)) == timedelta(seconds=244)


class Copy:
    """One instance: polls again a pause after each conflict, until it ends."""

    def __init__(self, polls_at: float) -> None:
        self.polls_at = polls_at
        self.is_in_poll = False
        self.lives = True
        self.conflicts = Conflicts(after(polls_at))


@pytest.mark.parametrize("came_later_by", [0.1, 5, 70, 86_400])
def test_of_two_copies_that_end_each_others_polls_the_newcomer_ends_and_only_it(came_later_by: float) -> None:
    old, new = Copy(0), Copy(came_later_by)
    now = 0.0
    while now < came_later_by + 3600:
        one, other = (old, new) if old.polls_at <= new.polls_at else (new, old)
        if not one.lives or one.polls_at == float("inf"):
            break
        now, one.polls_at, one.is_in_poll = one.polls_at, float("inf"), True
        if other.is_in_poll:
            other.is_in_poll, other.polls_at = False, now + conflicts.MAX_PAUSE
            if other.conflicts.record(after(now)) is not None:
                other.lives, other.polls_at = False, float("inf")
    assert [old.lives, new.lives].count(True) == 1
    if came_later_by > 60:
        assert old.lives
    assert now - came_later_by < 300


async def test_polling_says_so_and_ends() -> None:
    now = START
    heard: list[datetime] = []
    observer = source_observing(conflict=lambda: heard.append(now))
    polling = Polling(None, None, clock=lambda: now, observer=observer)  # type: ignore[arg-type]
    with pytest.raises(SecondCopy, match="for 3 minutes"):  # noqa: PT012 (it is not known at which)
        for seconds in range(0, 3600, 10):
            now = after(seconds)
            polling._pause_after(Conflict("terminated by other getUpdates request"), 10.0)
    assert heard[-1] == after(180)
