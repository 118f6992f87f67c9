"""How it is said that something is not done, and to whom. Pure."""

from datetime import datetime

from bot.access.policy import MEMBERSHIP_UNKNOWN, Decision, Permission
from bot.messages.message import Button, Message, mark
from bot.messages.sanitize import LONGEST, visible
from bot.store.typed_secrets import holds_address, holds_secret
from handlers.dispatch import preconditions
from handlers.dispatch.preconditions import May
from handlers.dispatch.update_parser import ANONYMOUS, NOT_KNOWN, Actor, CommandTyped, TextSent
from handlers.safety.anonymous import written
from handlers.safety.rate_limits import TOO_MUCH

NO_RIGHT = mark("You have no right to do this here. Ask an administrator of the bot.")
TOASTS = {
    preconditions.UNKNOWN_BUTTON: mark("This button is out of date. Ask again with the command."),
    preconditions.ELSEWHERE: mark("This button belongs to another chat."),
    preconditions.UNDER_ANOTHER: mark("This button belongs to another message. Ask again with the command."),
    preconditions.SOMEONE_ELSES: mark("Only whoever sent the command can press this."),
    preconditions.EXPIRED: mark("This question has expired. Ask again with the command."),
    preconditions.USED: mark("This was already answered."),
    preconditions.NOT_OPEN: mark("This request is no longer open: it was answered, taken back, or has expired."),
    preconditions.INTERRUPTED: mark(
        "I was interrupted while doing this. Look whether it was done before you repeat it."
    ),
    preconditions.SECOND_NEEDED: mark("You asked for it yourself: another person has to confirm it."),
    preconditions.NOT_INDEPENDENT: mark(
        "Your own right comes from who asks for this, or is younger than a day: somebody else has to confirm it."
    ),
    preconditions.FIRST_LOST_THE_RIGHT: mark("Who asked for this has no right to it any more."),
    preconditions.UNDECIDED: mark("I could not check your rights just now. Try again in a minute."),
    **dict.fromkeys(TOO_MUCH, mark("Too much at once: not done. Wait a minute, then press again.")),
}
# What is obeyed nowhere needs no answer either.
UNHEARD = (preconditions.SEEN, preconditions.UNDECIDED)
# Who has the address of a calendar can read it.
HEARS_ADDRESS = "oncall import"


def toast(decision: Decision) -> str:
    if decision.reason == MEMBERSHIP_UNKNOWN:
        return mark("Telegram does not tell me who is in this group. Make me an administrator of it.")
    return TOASTS.get(decision, NO_RIGHT)


def answer_to_command(typed: CommandTyped, decision: Decision, may: May, *, alone: bool = True) -> Message | None:
    """Strangers in a group get silence, in private their id; people with a role hear why."""
    if decision == preconditions.UNDECIDED and typed.place.private:
        return Message("undecided")
    if typed.rejected_because == NOT_KNOWN and typed.place.chat == typed.actor.id and is_known(may):
        return Message("not_simply_typed")
    if typed.rejected_because is not None or decision in UNHEARD:
        return None
    if decision.reason == MEMBERSHIP_UNKNOWN:
        return Message("membership_unknown")
    if not may(Permission.ANYONE).allowed:
        return None
    if typed.place.private and not is_known(may):
        return stranger(typed.actor)
    if decision == preconditions.OLD:
        return too_old(typed.sent_at, f"/{typed.name}", alone=alone)
    if decision == preconditions.FUTURE:
        return Message("too_early")
    return _to_somebody_known(typed, decision)


def _to_somebody_known(typed: CommandTyped, decision: Decision) -> Message | None:
    if decision == preconditions.NO_SUCH_COMMAND:
        # In a group the command may well be meant for another bot.
        return Message("unknown_command", {"command": typed.name}) if typed.place.private else None
    if decision == preconditions.ONLY_IN_PRIVATE:
        return Message("only_in_private", {"command": typed.name})
    if decision in TOO_MUCH:
        return Message("too_much", {"person": typed.actor.name})
    return Message("not_bound" if decision == preconditions.UNBOUND else "no_right", {"command": typed.name})


def answer_to_late_words(said: TextSent, decision: Decision, may: May) -> Message | None:
    """An answer that is not obeyed: it came too late, or the right has gone since the question."""
    if decision in UNHEARD or not is_known(may):
        return None
    if decision in TOO_MUCH:
        return Message("too_much", {"person": said.actor.name})
    if decision == preconditions.FUTURE:
        return Message("too_early")
    return too_old(said.sent_at) if decision == preconditions.OLD else Message("no_right_now")


def too_old(sent_at: datetime, command: str = "", *, alone: bool = True) -> Message:
    """`alone`: it is said of this one, and not of all that waited in the chat."""
    return Message("too_old", {"command": command, "sent_at": sent_at, "alone": alone})


def is_known(may: May) -> bool:
    """Whether somebody has any role here."""
    return may(Permission.ANY_ROLE).allowed


def stranger(actor: Actor) -> Message:
    """All that somebody without a role ever learns: who they are to the bot, and whom to ask."""
    return Message("stranger", {"person": actor.id}, ((Button(mark("🙋 Request access"), "access.request"),),))


def secret_in_group(typed: CommandTyped, may: May) -> str:
    """The template that answers a refused command with a secret in a group; empty when there is none in it, or its
    author is a stranger. Whoever writes as the group administers it."""
    if typed.place.private or not (is_known(may) or typed.rejected_because == ANONYMOUS):
        return ""
    if holds_secret(typed.arguments):
        return "password_in_group"
    return "oncall_address_in_group" if typed.name == HEARS_ADDRESS and holds_address(typed.arguments) else ""


def offer_to_prove(typed: CommandTyped, *, looks: bool) -> Message | None:
    """An anonymous administrator has no id; the press of a button carries the real one. What cannot be shown whole
    nobody can own up to, and addresses may be secret. `looks`: it changes nothing."""
    if typed.rejected_because != ANONYMOUS or typed.place.private:
        return None
    data = {
        "name": typed.name,
        "arguments": typed.arguments,
        "message_id": typed.message_id,
        "sent_at": typed.sent_at.isoformat(),
    }
    whole = visible(written(typed.name, typed.arguments))
    if len(whole) >= LONGEST or holds_address(typed.arguments):
        return Message("anonymous", {"command": typed.name, "whole": ""})
    button = Button(mark("🙋 It is me"), "identity.prove", data)
    return Message("anonymous", {"command": typed.name, "whole": whole, "looks": looks}, ((button,),))
