"""Next recipient and time of an escalation: derived from stored state, equal after restarts and late polls."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.notifications.escalation import (
    EVERYBODY,
    FIRST,
    Action,
    EscalationPolicy,
    EscalationState,
    Step,
    Suppression,
    next_step,
)
from tests.incident_harness.station import START

PLAN = EscalationPolicy()
NEXT = FIRST + 1
TEN, THIRTY = timedelta(minutes=10), timedelta(minutes=30)
HOLD = Suppression("mute", START + timedelta(hours=1), "Anna", "works")
SPEAKS = {Action.NOTIFY, Action.ESCALATE, Action.REMIND}

standings = st.builds(
    EscalationState, outage=st.booleans(), step=st.integers(0, 20), acknowledged=st.booleans(), suppressed=st.booleans()
)
late = st.timedeltas(timedelta(0), timedelta(days=7))


def state(
    step: int = 0, *, outage: bool = True, acknowledged: bool = False, suppressed: bool = False
) -> EscalationState:
    return EscalationState(outage, step, acknowledged, suppressed)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (0, Step(Action.NOTIFY, FIRST, START + TEN)),
        (FIRST, Step(Action.ESCALATE, NEXT, START + TEN)),
        (NEXT, Step(Action.ESCALATE, EVERYBODY, START + THIRTY)),
        (EVERYBODY, Step(Action.REMIND, EVERYBODY + 1, START + THIRTY)),
        (7, Step(Action.REMIND, 8, START + THIRTY)),
    ],
)
def test_an_outage_goes_from_one_to_the_next_to_everybody_and_then_reminds(step: int, expected: Step) -> None:
    assert next_step(state(step), None, START, PLAN) == expected


def test_a_warning_is_reported_once_and_asks_for_nobody_else() -> None:
    assert next_step(state(outage=False), None, START, PLAN) == Step(Action.NOTIFY, FIRST, None)
    assert next_step(state(FIRST, outage=False), None, START, PLAN) == Step(Action.WAIT, FIRST, None)


def test_what_was_taken_before_it_was_reported_is_reported_and_asks_for_nobody_else() -> None:
    assert next_step(state(acknowledged=True), None, START, PLAN) == Step(Action.NOTIFY, FIRST, None)


def test_what_is_held_is_looked_at_again_when_the_hold_ends() -> None:
    assert next_step(state(), HOLD, START, PLAN) == Step(Action.SUPPRESS, 0, HOLD.until)
    assert next_step(state(NEXT), Suppression("station"), START, PLAN) == Step(Action.SUPPRESS, NEXT, None)


def test_released_and_still_down_it_is_reported_to_those_who_knew_and_to_nobody_new() -> None:
    assert next_step(state(FIRST, suppressed=True), None, START, PLAN) == Step(Action.REMIND, FIRST, START + TEN)
    assert next_step(state(5, suppressed=True), None, START, PLAN) == Step(Action.REMIND, 5, START + THIRTY)


def test_released_before_anybody_knew_it_is_reported_like_a_new_one() -> None:
    assert next_step(state(suppressed=True), None, START, PLAN) == Step(Action.NOTIFY, FIRST, START + TEN)


def paged_in(step: int, plan: EscalationPolicy = PLAN, *, paged: bool = True) -> timedelta | None:
    again = plan.next_action_at(step, START + TEN, START, paged=paged)
    return again - START if again else None


def test_whoever_was_asked_last_is_paged_again_until_the_next_is() -> None:
    assert paged_in(FIRST) == timedelta(minutes=2)
    assert paged_in(EVERYBODY) == timedelta(minutes=2)
    assert paged_in(EVERYBODY + 1) == TEN, "reminders have a pace of their own"
    assert paged_in(FIRST, paged=False) == TEN
    assert paged_in(FIRST, EscalationPolicy(page_again_every=timedelta(0))) == TEN
    between = EscalationState(True, FIRST, False, False, next_step=START + TEN)
    assert next_step(between, None, START, PLAN) == Step(Action.PAGE_AGAIN, FIRST, START + TEN)
    assert next_step(between, None, START + TEN, PLAN).action is Action.ESCALATE


@given(standings, late, late)
def test_however_late_it_is_paged_again_once(one: EscalationState, begins: timedelta, by: timedelta) -> None:
    """After a restart or a change of the clock: missed repeats are not made good."""
    now = START + by
    again = PLAN.next_action_at(one.step, START + begins, now, paged=True)
    assert again is not None
    assert again == START + begins or again == now + PLAN.page_again_every


@given(standings, st.none() | st.just(HOLD), late)
def test_steps_never_go_back_and_go_on_by_one_at_most(
    one: EscalationState, hold: Suppression | None, by: timedelta
) -> None:
    made = next_step(one, hold, START + by, PLAN)
    assert one.step <= made.step <= one.step + 1


@given(standings, late)
def test_what_is_held_never_speaks(one: EscalationState, by: timedelta) -> None:
    assert next_step(one, HOLD, START + by, PLAN).action is Action.SUPPRESS


@given(standings, late)
def test_what_somebody_has_taken_wakes_nobody_and_is_not_due_again(one: EscalationState, by: timedelta) -> None:
    taken = EscalationState(one.outage, one.step, acknowledged=True, suppressed=one.suppressed)
    made = next_step(taken, None, START + by, PLAN)
    assert made.due is None
    assert made.action is (Action.WAIT if one.step else Action.NOTIFY)


@given(standings, late)
def test_only_outages_speak_more_than_once(one: EscalationState, by: timedelta) -> None:
    if next_step(one, None, START + by, PLAN).action in SPEAKS:
        assert one.outage or one.step == 0


@given(standings, late)
def test_whatever_was_due_while_nobody_looked_is_done_once(one: EscalationState, by: timedelta) -> None:
    """However late: the next step is due after it, never before."""
    now = START + by
    made = next_step(one, None, now, PLAN)
    assert made.due is None or made.due >= now + min(PLAN.escalate_after, PLAN.remind_every)


@given(standings)
def test_an_outage_that_nobody_takes_is_never_forgotten(one: EscalationState) -> None:
    if one.outage and not one.acknowledged:
        assert next_step(one, None, START, PLAN).due is not None
