"""Compare the reminders of a chat with its cards, and with what happened: once each, of who waits and is not taken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.played_days.calls import PlayedCall
from tests.played_days.due import surely_reached
from tests.played_days.hours import Hours
from tests.played_days.received import MORE, REMINDER, number_in, open_lines, received
from tests.played_days.telegram import Shown
from tests.played_days.verdict import lives

CLAIM_LASTS = timedelta(minutes=15)
# Of a message on its way, and of the look after the next.
ON_ITS_WAY, SOON = timedelta(seconds=40), timedelta(seconds=75)
Claims = Sequence[tuple[datetime, int]]


@dataclass
class Waiting:
    """Card in a chat, or message of several. `free`: from when to when it was open, and nobody had taken it. A reminder
    of several names nobody: of whom it may have been is `perhaps_reminded`."""

    message: Shown
    caller: str
    free: list[tuple[datetime, datetime]]
    reminded_at: datetime | None = None
    perhaps_reminded: bool = False

    def is_due(self, at: datetime, after: timedelta, tolerance: timedelta = timedelta(0)) -> bool:
        return any(begin + after - tolerance <= at <= end + tolerance for begin, end in self.free)


@dataclass
class Reminders:
    """Judge of a chat that is reminded `after` so long, in its hours; `until`: end of what it received."""

    calls: Sequence[PlayedCall]
    messages: Sequence[Shown]
    claims: Claims
    hours: Hours
    after: timedelta
    until: datetime
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._told = told = received(self.messages)
        self._lived = lives(self.calls)
        # A caller without a number cannot be called back.
        cards = [(caller, card) for caller, found in told.cards.items() if caller for card in found]
        self._cards = {card.number: Waiting(card, caller, [*self._free(card)]) for caller, card in cards}
        shared = [*told.openings, *told.storms]
        self._shared = {one.number: Waiting(one, "", [(one.at, self.until)]) for one in shared}

    def judge(self) -> list[str]:
        """Return the faults."""
        faults = [
            f"reminder at {reminder.at}: {fault}"
            for reminder in self._told.reminders
            for fault in self._faults(reminder)
        ]
        return [*faults, *self._lost()]

    def _faults(self, reminder: Shown) -> Iterator[str]:
        if not self.hours.include(reminder.at):
            yield "outside the hours"
        found = REMINDER.match(reminder.text)
        assert found is not None
        callers = int(found["callers"] or 1)
        one = self._cards.get(reminder.reply_to) or self._shared.get(reminder.reply_to)
        if one is None:
            yield from self._faults_of_many(reminder, callers)
            return
        if one.reminded_at is not None and not reminder.may_repeat:
            yield f"again of message {one.message.number}"
        one.reminded_at = reminder.at
        if not one.is_due(reminder.at, self.after, ON_ITS_WAY):
            yield f"message {one.message.number} was not free for so long"
        if one.caller:
            yield from self._faults_of_caller(one.caller, number_in(found["who"] or ""), reminder.at)
        else:
            # What changes in the same look is shown right after it.
            before, after = (self._left(one.message, at) for at in (reminder.at, reminder.at + ON_ITS_WAY))
            if (
                before is not None
                and after is not None
                and callers not in range(min(before, after), max(before, after) + 1)
            ):
                yield f"{callers} wait, though {before} to {after} of message {one.message.number} do"

    def _faults_of_caller(self, caller: str, named: str, at: datetime) -> Iterator[str]:
        lived = self._lived[caller]
        missed = [miss for miss in lived.misses if miss.end <= at]
        if named != caller:
            yield f"of {named} at the card of {caller}"
        if not missed or surely_reached(missed[-1], lived.contacts, at - SOON):
            yield f"somebody talked to {caller}"

    def _faults_of_many(self, reminder: Shown, callers: int) -> Iterator[str]:
        due = [one for one in self._cards.values() if one.reminded_at is None]
        surely = [
            one
            for one in due
            if not one.perhaps_reminded
            and one.is_due(reminder.at - ON_ITS_WAY, self.after)
            and one.is_due(reminder.at + ON_ITS_WAY, self.after)
        ]
        perhaps = [one for one in due if one.is_due(reminder.at, self.after, ON_ITS_WAY)]
        if not len(surely) <= callers <= len(perhaps) and not reminder.may_repeat:
            yield f"{callers} wait, though {len(surely)} to {len(perhaps)} do"
        for one in perhaps:
            one.perhaps_reminded = True
            if len(perhaps) == callers:
                one.reminded_at = reminder.at

    def _lost(self) -> Iterator[str]:
        for one in (*self._cards.values(), *self._shared.values()):
            repeated = any(other.may_repeat for other in self._told.cards[one.caller]) or one.message.may_repeat
            if repeated or (one.perhaps_reminded and one.reminded_at is None):
                continue
            for begin, end in one.free:
                due = self.hours.opening_after(begin + self.after) or begin + self.after
                late = due + SOON
                is_due = late < min(end, self.until) and self.hours.include(late) and self._is_waiting(one, due, late)
                if is_due and (one.reminded_at is None or one.reminded_at > late):
                    yield f"message {one.message.number} of {one.caller} was due at {due}, and not reminded of"

    def _is_waiting(self, one: Waiting, *moments: datetime) -> bool:
        return bool(one.caller) or all(self._left(one.message, moment) for moment in moments)

    def _left(self, message: Shown, at: datetime) -> int | None:
        """Return how many callers of a message of several wait and have no card of their own; None if it has more
        callers than lines."""
        text = message.text_at(at)
        if MORE.search(text):
            return None
        with_card = {
            one.caller for one in self._cards.values() if one.message.at <= at and "🔴" in one.message.text_at(at)
        }
        return sum(caller not in {*with_card, ""} for caller in open_lines(text))

    def _free(self, card: Shown) -> Iterator[tuple[datetime, datetime]]:
        closed = next((at for at, text in card.texts if "🔴" not in text), self.until)
        begin = card.at
        for at in [at for at, number in self.claims if number == card.number]:
            yield begin, min(at, closed)
            begin = at + CLAIM_LASTS
        if begin < closed:
            yield begin, closed
