"""Who hears of an incident next, and when. Pure: decided from what is stored, never from a timer.

Step 1 tells the alert chats and the person on call, step 2 whoever comes next, step 3 everybody on the list; every step
after that is a reminder to all who were told.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

FIRST, EVERYBODY = 1, 3


@dataclass(frozen=True, slots=True)
class Plan:
    escalate_after: timedelta = timedelta(minutes=10)
    remind_every: timedelta = timedelta(minutes=30)

    def pause_after(self, step: int) -> timedelta:
        return self.escalate_after if step < EVERYBODY else self.remind_every


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps an incident from being told of. `until` is None where only an event ends it."""

    rule: str
    until: datetime | None = None
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is stored of an open incident. `outage`: people are woken for it."""

    outage: bool
    step: int
    acknowledged: bool
    held: bool


class Deed(Enum):
    HOLD = "hold"
    TELL = "tell"
    ESCALATE = "escalate"
    # To all who were told before: still down.
    REMIND = "remind"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Move:
    """What to do now, the step that is reached by it, and when to look again."""

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
    if step < EVERYBODY:
        return Move(Deed.ESCALATE, step + 1, now + plan.pause_after(step + 1))
    return Move(Deed.REMIND, step + 1, now + plan.remind_every)
