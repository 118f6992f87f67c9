"""Group unanswered incoming calls by caller, with the first contact afterwards. Pure.

The PBX lists a call by the start of its last leg, so a call back can precede the call it answers: no code here depends
on the order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.calls.outcome import Outcome, answered_leg, came_after_hours, end_of, outcome, phones_that_rang
from bot.pbx import CallRecord
from bot.pbx.resources.record_models import Direction, direction
from bot.text.phone_numbers import same_number

# Of a caller who presses without end.
MAX_KEYS = 16
# Latest time after a period at which a call back still counts.
CALL_BACK_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class MissedCall:
    """Missed call. `rang`: numbers and names of the queues and phones that rang; `did`: the number that was called;
    `keys`: those that the caller pressed."""

    linkedid: str
    start: datetime
    end: datetime
    number: str
    name: str
    did: str
    after_hours: bool
    rang: tuple[tuple[str, str], ...]
    keys: str


@dataclass(frozen=True, slots=True)
class LaterCall:
    """Answered call with the caller. `ours`: `by` called back; otherwise `by` answered a call from the caller."""

    linkedid: str
    start: datetime
    by: str
    ours: bool


@dataclass(frozen=True, slots=True)
class MissedCaller:
    """Missed calls of one number, `misses` newest first; `contact` is the first one after the newest miss. Calls
    without a number form one caller, which cannot be called back."""

    has_number: bool
    misses: tuple[MissedCall, ...]
    contact: LaterCall | None
    open: int

    @property
    def last(self) -> MissedCall:
        return self.misses[0]


@dataclass(frozen=True, slots=True)
class MissedSummary:
    """Open callers first, then those without a number, then those called back; each newest first. The three counts are
    of calls and add up to the total."""

    callers: tuple[MissedCaller, ...]
    total: int
    open: int
    without_number: int
    after_hours: int


@dataclass(slots=True)
class Caller:
    """Calls of one number, in no order: those that nobody answered, and all contacts, before and after them."""

    misses: list[MissedCall] = field(default_factory=list)
    contacts: list[LaterCall] = field(default_factory=list)


def contacts_until(end: datetime, now: datetime) -> datetime:
    """Return the time up to which records are read for the calls back after a period that ends at `end`."""
    return max(end, min(now, end + CALL_BACK_WITHIN))


class MissedCalls:
    """Collect the records of a period; records from `until` on count only as contacts."""

    @classmethod
    def of_period(cls, end: datetime) -> "MissedCalls":
        """`end` of a period includes its whole second."""
        return cls(end + timedelta(seconds=1))

    def __init__(self, until: datetime) -> None:
        self._until = until
        self._callers: dict[str, Caller] = {}

    @property
    def callers(self) -> Mapping[str, Caller]:
        """The calls by number, as `same_number` writes it; "" is every caller without a number."""
        return self._callers

    def add(self, record: CallRecord) -> None:
        if record.start is None:
            return
        way, result = direction(record), outcome(record)
        if way is Direction.INCOMING and result is Outcome.MISSED:
            if record.start < self._until:
                self._of(record.source_number).misses.append(_miss(record, record.start))
        elif way is Direction.INCOMING and result is Outcome.ANSWERED:
            leg = answered_leg(record)
            by = leg.destination_number if leg else ""
            self._add_contact(record.source_number, LaterCall(record.linkedid, record.start, by, ours=False))
        elif way is Direction.OUTGOING and result is Outcome.ANSWERED:
            contact = LaterCall(record.linkedid, record.start, record.source_number, ours=True)
            self._add_contact(record.destination_number, contact)

    def _of(self, number: str) -> Caller:
        return self._callers.setdefault(same_number(number), Caller())

    def _add_contact(self, number: str, contact: LaterCall) -> None:
        if same_number(number):
            self._of(number).contacts.append(contact)

    def result(self) -> MissedSummary:
        callers = [_missed_caller(key, caller) for key, caller in self._callers.items() if caller.misses]
        newest_first = sorted(callers, key=lambda caller: caller.last.start, reverse=True)
        return MissedSummary(
            callers=tuple(sorted(newest_first, key=_rank)),
            total=sum(len(caller.misses) for caller in callers),
            open=sum(caller.open for caller in callers if caller.has_number),
            without_number=sum(caller.open for caller in callers if not caller.has_number),
            after_hours=sum(miss.after_hours for caller in callers for miss in caller.misses),
        )


def _missed_caller(key: str, caller: Caller) -> MissedCaller:
    misses = sorted(caller.misses, key=lambda miss: miss.start, reverse=True)
    return MissedCaller(
        has_number=bool(key),
        misses=tuple(misses),
        contact=first_contact(caller.contacts, misses[0].start),
        open=len(open_misses(misses, caller.contacts)),
    )


def first_contact(contacts: Iterable[LaterCall], after: datetime) -> LaterCall | None:
    """Return the first call with the caller that began after that time."""
    return min((one for one in contacts if one.start > after), key=lambda one: one.start, default=None)


def open_misses(misses: Iterable[MissedCall], contacts: Sequence[LaterCall]) -> list[MissedCall]:
    """Return the missed calls with no contact afterwards."""
    last = max((contact.start for contact in contacts), default=None)
    return [miss for miss in misses if last is None or miss.start >= last]


def _rank(caller: MissedCaller) -> int:
    if not caller.has_number:
        return 1
    return 0 if caller.open else 2


def _miss(record: CallRecord, start: datetime) -> MissedCall:
    return MissedCall(
        linkedid=record.linkedid,
        start=start,
        end=end_of(record, start),
        number=record.source_number,
        name=record.source_name,
        did=record.did,
        after_hours=came_after_hours(record),
        rang=phones_that_rang(record),
        keys="".join(leg.dtmf for leg in record.legs)[:MAX_KEYS],
    )
