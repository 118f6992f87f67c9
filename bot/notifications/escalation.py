"""Who hears of an incident next, and when. Pure: decided from what is stored, never from a timer.

Step 1 tells the alert chats and the person on call, step 2 whoever comes next, step 3 everybody on the list; every step
after that is a reminder to all who were told. Until somebody takes it, or the first reminder, whoever was asked last is
paged again and again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

FIRST, EVERYBODY = 1, 3


@dataclass(frozen=True, slots=True)
class Plan:
    """`page_again_every` of zero pages nobody again."""

    escalate_after: timedelta = timedelta(minutes=10)
    remind_every: timedelta = timedelta(minutes=30)
    page_again_every: timedelta = timedelta(minutes=2)

    def pause_after(self, step: int) -> timedelta:
        return self.escalate_after if step < EVERYBODY else self.remind_every

    def look_again(self, step: int, next_step: datetime | None, now: datetime, *, paged: bool) -> datetime | None:
        """When there is something to do again. What was missed meanwhile is not made good: it is one page, not many."""
        if next_step is None or not paged or not self.page_again_every or step > EVERYBODY:
            return next_step
        return min(next_step, now + self.page_again_every)


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps an incident from being told of. `until` is None where only an event ends it; `everywhere`: it holds
    back all PBXs."""

    rule: str
    until: datetime | None = None
    by: str = ""
    reason: str = ""
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What is stored of an open incident. `outage`: people are woken for it; `next_step` is when the next is to hear of
    it, None when that is now."""

    outage: bool
    step: int
    acknowledged: bool
    held: bool
    next_step: datetime | None = None


class Deed(Enum):
    HOLD = "hold"
    TELL = "tell"
    # Once more to whoever was asked last.
    PAGE_AGAIN = "page again"
    ESCALATE = "escalate"
    # To all who were told before: still down.
    REMIND = "remind"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Move:
    """What to do now, the step that is reached by it, and when the next one is due."""

    deed: Deed
    step: int
    due: datetime | None


def move(standing: Standing, hold: Hold | None, now: datetime, plan: Plan) -> Move:
    """What is to be done about an incident that is due."""
    step = standing.step
    if hold is not None:
        return Move(Deed.HOLD, step, hold.until)
    if step == 0:
        wakes = standing.outage and not standing.acknowledged
        return Move(Deed.TELL, FIRST, now + plan.pause_after(FIRST) if wakes else None)
    if standing.acknowledged or not standing.outage:
        return Move(Deed.REST, step, None)
    if standing.held:
        # Whoever was told before hears that it is still down; nobody new is woken for the time it was held back.
        return Move(Deed.REMIND, step, now + plan.pause_after(step))
    if standing.next_step is not None and now < standing.next_step:
        return Move(Deed.PAGE_AGAIN, step, standing.next_step)
    if step < EVERYBODY:
        return Move(Deed.ESCALATE, step + 1, now + plan.pause_after(step + 1))
    return Move(Deed.REMIND, step + 1, now + plan.remind_every)
