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

    def pause_after(self, step: int) -> timedelta:
        return self.escalate_after if step < EVERYBODY else self.remind_every

    def look_again(self, step: int, next_step: datetime | None, now: datetime, *, paged: bool) -> datetime | None:
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
    held: bool
    next_step: datetime | None = None


class Action(Enum):
    HOLD = "hold"
    TELL = "tell"
    # The people of the newest step again.
    PAGE_AGAIN = "page again"
    ESCALATE = "escalate"
    # Everybody notified before: still down.
    REMIND = "remind"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Step:
    """Action to take now, the step that it reaches, and the time of the next one."""

    deed: Action
    step: int
    due: datetime | None


def next_step(standing: EscalationState, hold: Suppression | None, now: datetime, plan: EscalationPolicy) -> Step:
    """Return the step of an incident that is due."""
    step = standing.step
    if hold is not None:
        return Step(Action.HOLD, step, hold.until)
    if step == 0:
        wakes = standing.outage and not standing.acknowledged
        return Step(Action.TELL, FIRST, now + plan.pause_after(FIRST) if wakes else None)
    if standing.acknowledged or not standing.outage:
        return Step(Action.REST, step, None)
    if standing.held:
        # Those notified before are reminded; no other person is notified while suppressed.
        return Step(Action.REMIND, step, now + plan.pause_after(step))
    if standing.next_step is not None and now < standing.next_step:
        return Step(Action.PAGE_AGAIN, step, standing.next_step)
    if step < EVERYBODY:
        return Step(Action.ESCALATE, step + 1, now + plan.pause_after(step + 1))
    return Step(Action.REMIND, step + 1, now + plan.remind_every)
