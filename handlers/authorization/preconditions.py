"""Preconditions of a request. Pure.

The first objection decides; without one the permission does. Each precondition is proven necessary: without any one of
them, the campaign of forged updates executes a forbidden request.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.access.policy import Decision
from bot.store.access.audit import EarlierDecision
from bot.store.tables.dialog import QuestionRow
from bot.store.tables.messages import Keyboard
from bot.store.typed_secrets import contains_secret
from handlers.dispatch.intents import Actor, Place, TextSent
from handlers.dispatch.rules import OnRestart, Rule, Where

# Older commands and texts are denied: the bot was offline, and their person may not want them any more.
AGE_LIMIT = timedelta(minutes=5)
# A request interrupted by a kill is not resumed longer after it was allowed: its person may not want it any more.
RESUMED_WITHIN = timedelta(hours=1)

NO_SUCH_COMMAND = Decision(False, "no such command")
OLD = Decision(False, "too old")
FUTURE = Decision(False, "dated in the future")
SEEN = Decision(False, "seen before")
NOT_OPEN = Decision(False, "request not open any more")
INTERRUPTED = Decision(False, "interrupted when it came before")
UNKNOWN_BUTTON = Decision(False, "unknown button")
ELSEWHERE = Decision(False, "button of another chat")
UNDER_ANOTHER = Decision(False, "button of another message")
SOMEONE_ELSES = Decision(False, "button of another person")
EXPIRED = Decision(False, "expired")
USED = Decision(False, "already used")
ONLY_IN_PRIVATE = Decision(False, "only in private")
ONLY_IN_A_GROUP = Decision(False, "only in a group")
SECOND_NEEDED = Decision(False, "the second person must be another one")
NOT_INDEPENDENT = Decision(False, "the second person's right comes from the first, or from today")
FIRST_LOST_THE_RIGHT = Decision(False, "who asked first has no right any more")
UNBOUND = Decision(False, "the chat is bound to no PBX")
SECRET_SHOWN = Decision(False, "a secret in a group")
UNDECIDED = Decision(False, "error while deciding")

May = Callable[[str], Decision]


@dataclass(frozen=True, slots=True)
class Approval:
    """Approval request under decision. `may`: the first person's rights there now. `is_independent`: see
    handlers.authorization.independence."""

    first: Actor
    place: Place
    may: May
    is_refusal: bool
    is_independent: bool = True


@dataclass(frozen=True, slots=True)
class CheckInput:
    """Input of the checks. The time of a press is that of its receipt. `earlier`: former decision on the same update;
    `begun_here`: it was made in this run. `resume`: restart policy. `message_id`: message of the pressed button;
    `is_shown`: Telegram shows this button under it. `words`: text after a command."""

    actor: Actor
    place: Place
    now: datetime
    rule: Rule
    may: May
    rejected_because: str | None = None
    sent_at: datetime | None = None
    earlier: EarlierDecision | None = None
    begun_here: bool = True
    resume: OnRestart = OnRestart.ASK_USER
    keyboard: Keyboard | None = None
    message_id: int = 0
    is_shown: bool = False
    approval: Approval | None = None
    words: str = ""

    @property
    def is_open(self) -> bool:
        """Return True if a killed run had allowed it, and its outcome is unknown."""
        earlier = self.earlier
        return earlier is not None and earlier.allowed and not earlier.is_finished and not self.begun_here

    @property
    def is_refusal_untold(self) -> bool:
        """Return True if a killed run had denied it, and may not have sent the refusal."""
        earlier = self.earlier
        return earlier is not None and not earlier.allowed and not earlier.is_finished and not self.begun_here

    @property
    def resumes(self) -> bool:
        """Return True if it was open recently: age and expiry are not checked again."""
        return self.is_open and self.earlier is not None and self.now - self.earlier.at <= RESUMED_WITHIN


def _flaw(case: CheckInput) -> Decision | None:
    return Decision(False, case.rejected_because) if case.rejected_because else None


def _seen(case: CheckInput) -> Decision | None:
    """Resume work of a killed run, unless it may be done already and cannot be verified."""
    if case.earlier is None:
        return None
    if not case.is_open:
        return Decision(False, case.earlier.reason) if case.is_refusal_untold else SEEN
    if case.resume is OnRestart.RERUN:
        return None
    return None if case.resumes and case.resume is not OnRestart.ASK_USER else INTERRUPTED


def _place(case: CheckInput) -> Decision | None:
    return ELSEWHERE if case.keyboard is not None and case.keyboard.chat_id != case.place.chat else None


def _message(case: CheckInput) -> Decision | None:
    """Reject a button of another message: a modified client can send it under any message. Telegram lists the buttons
    of the message; if the button was just replaced, or the message is too old to be listed, the database decides."""
    keyboard = case.keyboard
    if keyboard is None or case.is_shown:
        return None
    return None if keyboard.message_id and keyboard.message_id == case.message_id else UNDER_ANOTHER


def _person(case: CheckInput) -> Decision | None:
    asker = case.keyboard.asker_id if case.keyboard is not None else None
    return SOMEONE_ELSES if asker is not None and asker != case.actor.id else None


def _expired(case: CheckInput) -> Decision | None:
    ends = case.keyboard.expires_at if case.keyboard is not None and not case.resumes else None
    return EXPIRED if ends is not None and ends < (case.sent_at or case.now) else None


def _age(case: CheckInput) -> Decision | None:
    sent_at = None if case.resumes else case.sent_at
    return OLD if sent_at is not None and too_old(sent_at, case.now) else None


def _future(case: CheckInput) -> Decision | None:
    """Skip presses: they carry no time of Telegram's but that of our own clock, which may have been set back."""
    sent_at = None if case.keyboard is not None or case.resumes else case.sent_at
    return FUTURE if sent_at is not None and too_early(sent_at, case.now) else None


def _where(case: CheckInput) -> Decision | None:
    place = case.approval.place if case.approval is not None else case.place
    if case.rule.where.holds(private=place.private):
        return None
    return ONLY_IN_PRIVATE if case.rule.where is Where.PRIVATE else ONLY_IN_A_GROUP


def _second(case: CheckInput) -> Decision | None:
    """Deny a confirmation by the first person, which may only cancel."""
    approval = case.approval
    same = approval is not None and not approval.is_refusal and approval.first.id == case.actor.id
    return SECOND_NEEDED if same else None


def _independent(case: CheckInput) -> Decision | None:
    """Deny a dependent right, but only if the person has the right at all."""
    approval = case.approval
    made = approval is not None and not approval.is_refusal and not approval.is_independent
    return NOT_INDEPENDENT if made and case.may(case.rule.permission).allowed else None


def _first(case: CheckInput) -> Decision | None:
    if case.approval is None or case.approval.is_refusal:
        return None
    return None if case.approval.may(case.rule.permission).allowed else FIRST_LOST_THE_RIGHT


def _secret(case: CheckInput) -> Decision | None:
    concerns_us = not case.place.private and not case.rule.accepts_password
    return SECRET_SHOWN if concerns_us and contains_secret(case.words) else None


CHECKS: Mapping[str, Callable[[CheckInput], Decision | None]] = {
    "the update itself": _flaw,
    "seen before": _seen,
    "its chat": _place,
    "its message": _message,
    "its person": _person,
    "expired": _expired,
    "age": _age,
    "not from the future": _future,
    "where": _where,
    "a secret in a group": _secret,
    "another person": _second,
    "a person of their own": _independent,
    "the first person's right": _first,
}

# Conditions for a text to be the answer to an open question: in a group people also talk to each other.
ANSWERS: Mapping[str, Callable[[TextSent, QuestionRow, datetime], bool]] = {
    "in time": lambda said, question, now: question.expires_at > now,
    "to the question": lambda said, question, now: said.place.private or said.replied_to == question.message_id,
}


def judge(case: CheckInput) -> Decision:
    for check in CHECKS.values():
        if (objection := check(case)) is not None:
            return objection
    return case.may(case.rule.permission)


def too_old(sent_at: datetime, now: datetime) -> bool:
    return now - sent_at > AGE_LIMIT


def too_early(sent_at: datetime, now: datetime) -> bool:
    """Return True if the message is dated further ahead of our clock than AGE_LIMIT; a correct clock is never so
    late."""
    return sent_at - now > AGE_LIMIT


def is_answer(said: TextSent, question: QuestionRow, now: datetime) -> bool:
    return all(holds(said, question, now) for holds in ANSWERS.values())
