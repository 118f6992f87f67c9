"""Replies to denied requests. Pure."""

from collections.abc import Sequence
from datetime import datetime

from bot.access.policy import MEMBERSHIP_UNKNOWN, Decision, Permission
from bot.messages.message import Button, Message, mark
from bot.messages.sanitize import MAX_LENGTH, visible
from bot.store.typed_secrets import contains_address, contains_secret
from handlers.authorization import preconditions
from handlers.authorization.preconditions import May
from handlers.authorization.rate_limits import RATE_LIMITED
from handlers.dialog.not_understood import unknown_command
from handlers.dispatch.intents import ANONYMOUS, Actor, CommandTyped, Place, TextSent
from handlers.dispatch.update_parser import EDITED, FORWARDED, UNKNOWN_FIELDS
from handlers.safety.anonymous import command_line

NO_RIGHT = mark("You have no right to do this here. Ask an administrator of the bot.")
TOASTS = {
    preconditions.UNKNOWN_BUTTON: mark("This button is out of date. Ask again with the command."),
    preconditions.OTHER_CHAT: mark("This button belongs to another chat."),
    preconditions.OTHER_MESSAGE: mark("This button belongs to another message. Ask again with the command."),
    preconditions.OTHER_PERSON: mark("Only whoever sent the command can press this."),
    preconditions.EXPIRED: mark("This question has expired. Ask again with the command."),
    preconditions.USED: mark("This was already answered."),
    preconditions.REQUEST_CLOSED: mark("This request is no longer open: it was answered, taken back, or has expired."),
    preconditions.INTERRUPTED: mark(
        "I was interrupted while doing this. Look whether it was done before you repeat it."
    ),
    preconditions.SECOND_PERSON_REQUIRED: mark("You asked for it yourself: another person has to confirm it."),
    preconditions.NOT_INDEPENDENT: mark(
        "Your own right comes from who asks for this, or is younger than a day: somebody else has to confirm it."
    ),
    preconditions.FIRST_PERSON_LOST_RIGHT: mark("Who asked for this has no right to it any more."),
    preconditions.UNDECIDED: mark("I could not check your rights just now. Try again in a minute."),
    **dict.fromkeys(RATE_LIMITED, mark("Too much at once: not done. Wait a minute, then press again.")),
}
# Denials without a reply.
UNANSWERED = (preconditions.DUPLICATE, preconditions.UNDECIDED)
# Anybody with a calendar's address can read it.
ACCEPTS_ADDRESS = "oncall import"


def toast(decision: Decision) -> str:
    if decision.reason == MEMBERSHIP_UNKNOWN:
        return mark("Telegram does not tell me who is in this group. Make me an administrator of it.")
    return TOASTS.get(decision, NO_RIGHT)


def answer_to_command(
    typed: CommandTyped, decision: Decision, may: May, *, one_command: bool = True, near: Sequence[str] = ()
) -> Message | None:
    """Return the reply to a denied command: none to strangers in a group, their id in private, the reason to people
    with a role. `near`: the commands that an unknown one may be meant as."""
    if decision == preconditions.UNDECIDED and typed.place.private:
        return Message("undecided")
    if typed.rejected_because == UNKNOWN_FIELDS and typed.place.chat == typed.actor.id and is_known(may):
        return Message("not_simply_typed")
    if typed.rejected_because in (EDITED, FORWARDED) and typed.place.chat == typed.actor.id and is_known(may):
        return not_read(typed.rejected_because)
    if typed.rejected_because is not None or decision in UNANSWERED:
        return None
    if decision.reason == MEMBERSHIP_UNKNOWN:
        return Message("membership_unknown")
    if not may(Permission.ANYONE).allowed:
        return None
    if typed.place.private and not is_known(may):
        return stranger(typed.actor)
    if decision == preconditions.TOO_OLD:
        return too_old(typed.sent_at, f"/{typed.name}", one_command=one_command)
    if decision == preconditions.TOO_EARLY:
        return Message("too_early")
    return _to_known_person(typed, decision, near)


def _to_known_person(typed: CommandTyped, decision: Decision, near: Sequence[str]) -> Message | None:
    if decision == preconditions.NO_SUCH_COMMAND:
        # In a group the command may be for another bot.
        return unknown_command(f"/{typed.name}", typed.arguments, near) if typed.place.private else None
    if decision == preconditions.ONLY_IN_PRIVATE:
        return Message("only_in_private", {"command": typed.name})
    if decision == preconditions.ONLY_IN_A_GROUP:
        return Message("only_in_a_group", {"command": typed.name})
    if decision in RATE_LIMITED:
        return too_much(typed.actor, typed.place)
    return Message("not_bound" if decision == preconditions.UNBOUND else "no_right", {"command": typed.name})


def not_read(why: str) -> Message:
    """Return the reply to a message in private that is not read, by the reason."""
    if why == EDITED:
        return Message("edited_not_read")
    return Message("forwarded_not_read") if why == FORWARDED else Message("media_not_read")


def answer_to_late_text(sent: TextSent, decision: Decision, may: May) -> Message | None:
    """Return the reply to a denied answer: too late, or the right was revoked after the question."""
    if decision in UNANSWERED or not is_known(may):
        return None
    if decision in RATE_LIMITED:
        return too_much(sent.actor, sent.place)
    if decision == preconditions.TOO_EARLY:
        return Message("too_early")
    return too_old(sent.sent_at) if decision == preconditions.TOO_OLD else Message("no_right_now")


def too_old(sent_at: datetime, command: str = "", *, one_command: bool = True) -> Message:
    """`one_command`: the reply is about this command, not about all that waited in the chat."""
    return Message("too_old", {"command": command, "sent_at": sent_at, "alone": one_command})


def too_much(actor: Actor, place: Place) -> Message:
    """Return the answer to a command beyond the rate limits; in private each gets one, in a group they share one."""
    return Message("too_much", {"person": actor.name, "private": place.private})


def is_known(may: May) -> bool:
    """Return True if the person has any role here."""
    return may(Permission.ANY_ROLE).allowed


def stranger(actor: Actor, *, has_administrator: bool = True) -> Message:
    """Return the only message for people without a role: their id, and a button to request access.

    Without `has_administrator` nobody could answer: whoever reads it is probably setting up the bot."""
    if not has_administrator:
        return Message("no_administrator", {"person": actor.id})
    return Message("stranger", {"person": actor.id}, ((Button(mark("🙋 Request access"), "access.request"),),))


def secret_in_group(typed: CommandTyped, may: May) -> str:
    """Return the template for a refused command with a secret in a group; empty without a secret or for a stranger. An
    anonymous author is an administrator of the group."""
    if typed.place.private or not (is_known(may) or typed.rejected_because == ANONYMOUS):
        return ""
    if contains_secret(typed.arguments):
        return "password_in_group"
    return "oncall_address_in_group" if typed.name == ACCEPTS_ADDRESS and contains_address(typed.arguments) else ""


def offer_identification(typed: CommandTyped, *, is_read_only: bool) -> Message | None:
    """Offer an anonymous administrator, which has no id, a button whose press carries the real one. A command that
    cannot be shown whole is not offered, nor one with an address, which may be secret."""
    if typed.rejected_because != ANONYMOUS or typed.place.private:
        return None
    data = {
        "name": typed.name,
        "arguments": typed.arguments,
        "message_id": typed.message_id,
        "sent_at": typed.sent_at.isoformat(),
    }
    text = visible(command_line(typed.name, typed.arguments))
    if len(text) >= MAX_LENGTH or contains_address(typed.arguments):
        return Message("anonymous", {"command": typed.name, "whole": ""})
    button = Button(mark("🙋 It is me"), "identity.prove", data)
    return Message("anonymous", {"command": typed.name, "whole": text, "looks": is_read_only}, ((button,),))
