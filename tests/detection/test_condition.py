"""State of one condition: a failure must last and be confirmed, a recovery be confirmed; unknown changes no state."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.detection import condition
from bot.detection.condition import NOTHING, ConditionState
from bot.incidents.model import End, Kind, Opened, Resolved, Transition

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
HOLD = timedelta(seconds=60)
# Observation of each poll, and the seconds before it.
LOOKS = st.lists(st.tuples(st.sampled_from([True, False, None]), st.integers(1, 90)), max_size=60)


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def run(looks: Iterable[tuple[bool | None, int]]) -> list[Transition]:
    return [told for _, told in history(looks) if told]


def history(
    looks: Iterable[tuple[bool | None, int]], restart_before: int = -1
) -> list[tuple[ConditionState, Transition | None]]:
    memory, now, steps = NOTHING, START, list[tuple[ConditionState, Transition | None]]()
    for place, (bad, seconds) in enumerate(looks):
        if place == restart_before:
            memory = condition.read(json.loads(json.dumps(condition.written(memory))))
        now += timedelta(seconds=seconds)
        memory, told = condition.evaluate(memory, bad, now, HOLD, Kind.CLOCK_OFF)
        steps.append((memory, told))
    return steps


def test_it_opens_when_bad_has_lasted_and_says_since_when() -> None:
    assert run([(True, 0), (True, 30)]) == []
    assert run([(True, 0), (True, 30), (True, 30), (True, 30)]) == [Opened(Kind.CLOCK_OFF, START)]


def test_one_look_is_no_proof_however_long_ago_it_began() -> None:
    _, told = condition.evaluate(NOTHING, True, START, HOLD, Kind.CLOCK_OFF, since=START - timedelta(hours=1))
    assert told is None


def test_one_good_look_ends_the_waiting() -> None:
    assert run([(True, 0), (True, 50), (False, 1), (True, 10), (True, 50)]) == []


def test_it_ends_with_the_second_good_look_at_the_time_of_the_first() -> None:
    opened = [(True, 0), (True, 60)]
    assert run([*opened, (False, 10), (True, 10), (False, 10), (False, 10)])[1:] == [Resolved(End.RECOVERED, at(90))]


def test_what_is_not_known_changes_nothing() -> None:
    assert history([(None, 5)])[-1] == (NOTHING, None)
    assert run([(True, 0), (None, 30), (True, 30), (None, 10), (False, 10), (None, 10), (False, 10)]) == [
        Opened(Kind.CLOCK_OFF, START),
        Resolved(End.RECOVERED, at(80)),
    ]


def test_after_blindness_what_is_open_stays_open_and_the_rest_is_counted_anew() -> None:
    waiting, _ = condition.evaluate(NOTHING, True, START, HOLD, Kind.CLOCK_OFF)
    assert condition.reset(waiting) == NOTHING
    opened, _ = history([(True, 0), (True, 60), (False, 10)])[-1]
    assert condition.reset(opened) == ConditionState(bad_since=START, alarm=True)


def test_nothing_to_remember_is_not_stored() -> None:
    assert condition.written(NOTHING) is None
    assert condition.read(None) == NOTHING


@given(LOOKS)
def test_never_two_openings_without_an_end_between(looks: list[tuple[bool | None, int]]) -> None:
    told = run(looks)
    assert all(isinstance(one, Opened) is (place % 2 == 0) for place, one in enumerate(told))


@given(LOOKS)
def test_nothing_opens_before_bad_has_lasted_without_a_good_look(looks: list[tuple[bool | None, int]]) -> None:
    now = START
    seen: list[tuple[datetime, bool]] = []
    for (bad, seconds), (_, told) in zip(looks, history(looks), strict=True):
        now += timedelta(seconds=seconds)
        if bad is not None:
            seen.append((now, bad))
        if isinstance(told, Opened):
            within = [was for when, was in seen if told.began_at <= when <= now]
            assert now - told.began_at >= HOLD
            assert len(within) >= condition.CONFIRMATIONS
            assert all(within)


@given(LOOKS)
def test_an_end_is_the_first_of_good_looks_running(looks: list[tuple[bool | None, int]]) -> None:
    now, goods = START, list[datetime]()
    for (bad, seconds), (_, told) in zip(looks, history(looks), strict=True):
        now += timedelta(seconds=seconds)
        if bad is not None:
            goods = [] if bad else [*goods, now]
        if isinstance(told, Resolved):
            assert told.ended_at == goods[-condition.CONFIRMATIONS]


@given(LOOKS, st.integers(0, 60))
def test_a_restart_at_any_step_changes_nothing(looks: list[tuple[bool | None, int]], restart_before: int) -> None:
    assert history(looks, restart_before) == history(looks)
