"""Escalation policy: the next notification of an incident, and its time. Pure: computed from the database, never from a
timer.

Step 1 notifies the alert chats and the person on call, step 2 the next person, step 3 everybody on the list; every
later step is a reminder to everybody notified. Until it is acknowledged, or the first reminder, the people of the
newest step are notified again and again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

FIRST, EVERYBODY = 1, 3


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    """With a `page_again_every` of zero no person is notified again."""

    escalate_after: timedelta = timedelta(minutes=10)
    remind_every: timedelta = timedelta(minutes=30)
    page_again_every: timedelta = timedelta(minutes=2)

    def step_interval(self, step: int) -> timedelta:
        return self.escalate_after if step < EVERYBODY else self.remind_every

    def next_action_at(self, step: int, next_step: datetime | None, now: datetime, *, paged: bool) -> datetime | None:
        """Return the next time at which an action is due. Missed notifications are not repeated: one is sent, not
        many."""
        if next_step is None or not paged or not self.page_again_every or step > EVERYBODY:
            return next_step
        return min(next_step, now + self.page_again_every)


@dataclass(frozen=True, slots=True)
class Suppression:
    """Suppression of the notifications of an incident. `until` is None where only an event ends it; `everywhere`: it
    applies to all stations."""

    rule: str
    until: datetime | None = None
    by: str = ""
    reason: str = ""
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class EscalationState:
    """Escalation state of an open incident in the database. `outage`: people are notified in private; `next_step` is
    the time of the next step, None for now."""

    outage: bool
    step: int
    acknowledged: bool
    suppressed: bool
    next_step: datetime | None = None


class Action(Enum):
    SUPPRESS = "hold"
    NOTIFY = "tell"
    # The people of the newest step again.
    PAGE_AGAIN = "page again"
    ESCALATE = "escalate"
    # Everybody notified before: still down.
    REMIND = "remind"
    WAIT = "rest"


@dataclass(frozen=True, slots=True)
class Step:
    """Action to take now, the step that it reaches, and the time of the next one."""

    action: Action
    step: int
    due: datetime | None


def next_step(state: EscalationState, suppression: Suppression | None, now: datetime, policy: EscalationPolicy) -> Step:
    """Return the step of an incident that is due."""
    step = state.step
    if suppression is not None:
        return Step(Action.SUPPRESS, step, suppression.until)
    if step == 0:
        pages = state.outage and not state.acknowledged
        return Step(Action.NOTIFY, FIRST, now + policy.step_interval(FIRST) if pages else None)
    if state.acknowledged or not state.outage:
        return Step(Action.WAIT, step, None)
    if state.suppressed:
        # Those notified before are reminded; no other person is notified while suppressed.
        return Step(Action.REMIND, step, now + policy.step_interval(step))
    if state.next_step is not None and now < state.next_step:
        return Step(Action.PAGE_AGAIN, step, state.next_step)
    if step < EVERYBODY:
        return Step(Action.ESCALATE, step + 1, now + policy.step_interval(step + 1))
    return Step(Action.REMIND, step + 1, now + policy.remind_every)
