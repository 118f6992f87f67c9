"""Preconditions of a request. Pure.

The first denial decides; without one the permission does. Each precondition is proven necessary: without any one of
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
MAX_RESUME_AGE = timedelta(hours=1)

NO_SUCH_COMMAND = Decision(False, "no such command")
TOO_OLD = Decision(False, "too old")
TOO_EARLY = Decision(False, "dated in the future")
DUPLICATE = Decision(False, "seen before")
REQUEST_CLOSED = Decision(False, "request not open any more")
INTERRUPTED = Decision(False, "interrupted when it came before")
UNKNOWN_BUTTON = Decision(False, "unknown button")
OTHER_CHAT = Decision(False, "button of another chat")
OTHER_MESSAGE = Decision(False, "button of another message")
OTHER_PERSON = Decision(False, "button of another person")
EXPIRED = Decision(False, "expired")
USED = Decision(False, "already used")
ONLY_IN_PRIVATE = Decision(False, "only in private")
ONLY_IN_A_GROUP = Decision(False, "only in a group")
SECOND_PERSON_REQUIRED = Decision(False, "the second person must be another one")
NOT_INDEPENDENT = Decision(False, "the second person's right comes from the first, or from today")
FIRST_PERSON_LOST_RIGHT = Decision(False, "who asked first has no right any more")
UNBOUND = Decision(False, "the chat is bound to no PBX")
SECRET_IN_GROUP = Decision(False, "a secret in a group")
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
    `is_of_this_run`: it was made in this run. `resume`: restart policy. `message_id`: message of the pressed button;
    `is_shown`: Telegram shows this button under it. `arguments`: text after a command."""

    actor: Actor
    place: Place
    now: datetime
    rule: Rule
    may: May
    rejected_because: str | None = None
    sent_at: datetime | None = None
    earlier: EarlierDecision | None = None
    is_of_this_run: bool = True
    resume: OnRestart = OnRestart.ASK_USER
    keyboard: Keyboard | None = None
    message_id: int = 0
    is_shown: bool = False
    approval: Approval | None = None
    arguments: str = ""

    @property
    def is_open(self) -> bool:
        """Return True if a killed run had allowed it, and its outcome is unknown."""
        earlier = self.earlier
        return earlier is not None and earlier.allowed and not earlier.is_finished and not self.is_of_this_run

    @property
    def is_refusal_unsent(self) -> bool:
        """Return True if a killed run had denied it, and may not have sent the refusal."""
        earlier = self.earlier
        return earlier is not None and not earlier.allowed and not earlier.is_finished and not self.is_of_this_run

    @property
    def resumes(self) -> bool:
        """Return True if it was open recently: age and expiry are not checked again."""
        return self.is_open and self.earlier is not None and self.now - self.earlier.at <= MAX_RESUME_AGE


def _rejection(check_input: CheckInput) -> Decision | None:
    return Decision(False, check_input.rejected_because) if check_input.rejected_because else None


def _duplicate(check_input: CheckInput) -> Decision | None:
    """Resume work of a killed run, unless it may be done already and cannot be verified."""
    if check_input.earlier is None:
        return None
    if not check_input.is_open:
        return Decision(False, check_input.earlier.reason) if check_input.is_refusal_unsent else DUPLICATE
    if check_input.resume is OnRestart.RERUN:
        return None
    return None if check_input.resumes and check_input.resume is not OnRestart.ASK_USER else INTERRUPTED


def _place(check_input: CheckInput) -> Decision | None:
    return (
        OTHER_CHAT
        if check_input.keyboard is not None and check_input.keyboard.chat_id != check_input.place.chat
        else None
    )


def _message(check_input: CheckInput) -> Decision | None:
    """Reject a button of another message: a modified client can send it under any message. Telegram lists the buttons
    of the message; if the button was just replaced, or the message is too old to be listed, the database decides."""
    keyboard = check_input.keyboard
    if keyboard is None or check_input.is_shown:
        return None
    return None if keyboard.message_id and keyboard.message_id == check_input.message_id else OTHER_MESSAGE


def _person(check_input: CheckInput) -> Decision | None:
    asker = check_input.keyboard.asker_id if check_input.keyboard is not None else None
    return OTHER_PERSON if asker is not None and asker != check_input.actor.id else None


def _expired(check_input: CheckInput) -> Decision | None:
    expires_at = (
        check_input.keyboard.expires_at if check_input.keyboard is not None and not check_input.resumes else None
    )
    return EXPIRED if expires_at is not None and expires_at < (check_input.sent_at or check_input.now) else None


def _age(check_input: CheckInput) -> Decision | None:
    sent_at = None if check_input.resumes else check_input.sent_at
    return TOO_OLD if sent_at is not None and too_old(sent_at, check_input.now) else None


def _future(check_input: CheckInput) -> Decision | None:
    """Skip presses: they carry no time of Telegram's but that of our own clock, which may have been set back."""
    sent_at = None if check_input.keyboard is not None or check_input.resumes else check_input.sent_at
    return TOO_EARLY if sent_at is not None and too_early(sent_at, check_input.now) else None


def _where(check_input: CheckInput) -> Decision | None:
    place = check_input.approval.place if check_input.approval is not None else check_input.place
    if check_input.rule.where.allows(private=place.private):
        return None
    return ONLY_IN_PRIVATE if check_input.rule.where is Where.PRIVATE else ONLY_IN_A_GROUP


def _second(check_input: CheckInput) -> Decision | None:
    """Deny a confirmation by the first person, which may only cancel."""
    approval = check_input.approval
    same = approval is not None and not approval.is_refusal and approval.first.id == check_input.actor.id
    return SECOND_PERSON_REQUIRED if same else None


def _independent(check_input: CheckInput) -> Decision | None:
    """Deny a dependent right, but only if the person has the right at all."""
    approval = check_input.approval
    made = approval is not None and not approval.is_refusal and not approval.is_independent
    return NOT_INDEPENDENT if made and check_input.may(check_input.rule.permission).allowed else None


def _first(check_input: CheckInput) -> Decision | None:
    if check_input.approval is None or check_input.approval.is_refusal:
        return None
    return None if check_input.approval.may(check_input.rule.permission).allowed else FIRST_PERSON_LOST_RIGHT


def _secret(check_input: CheckInput) -> Decision | None:
    is_checked = not check_input.place.private and not check_input.rule.accepts_password
    return SECRET_IN_GROUP if is_checked and contains_secret(check_input.arguments) else None


CHECKS: Mapping[str, Callable[[CheckInput], Decision | None]] = {
    "the update itself": _rejection,
    "seen before": _duplicate,
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
ANSWER_CONDITIONS: Mapping[str, Callable[[TextSent, QuestionRow, datetime], bool]] = {
    "in time": lambda sent, question, now: question.expires_at > now,
    "to the question": lambda sent, question, now: sent.place.private or sent.replied_to == question.message_id,
}


def evaluate(check_input: CheckInput) -> Decision:
    for check in CHECKS.values():
        if (denial := check(check_input)) is not None:
            return denial
    return check_input.may(check_input.rule.permission)


def too_old(sent_at: datetime, now: datetime) -> bool:
    return now - sent_at > AGE_LIMIT


def too_early(sent_at: datetime, now: datetime) -> bool:
    """Return True if the message is dated further ahead of our clock than AGE_LIMIT; a correct clock is never so
    late."""
    return sent_at - now > AGE_LIMIT


def is_answer(sent: TextSent, question: QuestionRow, now: datetime) -> bool:
    return all(condition(sent, question, now) for condition in ANSWER_CONDITIONS.values())
