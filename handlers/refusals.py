"""Why something is not done, and how that is said. Pure."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.access import Decision, Permission
from bot.chat.message import Message, mark
from bot.store.tables import Keyboard
from handlers.command import Command, Press
from handlers.intent import Actor, Pressed, Said, Typed, too_old

NO_SUCH_COMMAND = Decision(False, "no such command")
OLD = Decision(False, "too old")
UNKNOWN_BUTTON = Decision(False, "unknown button")
ELSEWHERE = Decision(False, "button of another chat")
SOMEONE_ELSES = Decision(False, "button of another person")
EXPIRED = Decision(False, "expired")
USED = Decision(False, "already used")

TOASTS = {
    UNKNOWN_BUTTON: mark("This button is out of date. Ask again with the command."),
    ELSEWHERE: mark("This button belongs to another chat."),
    SOMEONE_ELSES: mark("Only the person who asked can press this."),
    EXPIRED: mark("This question has expired. Ask again with the command."),
    USED: mark("This was already answered."),
}


def objection_to_command(typed: Typed, command: Command | None, now: datetime) -> Decision | None:
    """What speaks against obeying, whoever asks."""
    if command is None:
        return NO_SUCH_COMMAND
    return OLD if too_old(typed.sent_at, now) else None


def objection_to_answer(said: Said, now: datetime) -> Decision | None:
    return OLD if too_old(said.sent_at, now) else None


def chosen(keyboard: Keyboard | None, pressed: Pressed) -> dict[str, Any] | None:
    """The stored button at the pressed place, if there is one."""
    if keyboard is None or pressed.row >= len(keyboard.rows) or pressed.column >= len(keyboard.rows[pressed.row]):
        return None
    choice: dict[str, Any] = keyboard.rows[pressed.row][pressed.column]
    return choice


def objection_to_press(
    keyboard: Keyboard | None, pressed: Pressed, press: Press | None, now: datetime
) -> Decision | None:
    """What speaks against obeying a press, whoever has the right: place, person, time, use."""
    if keyboard is None or press is None:
        return UNKNOWN_BUTTON
    if keyboard.chat_id != pressed.place.chat:
        return ELSEWHERE
    if keyboard.asker_id is not None and keyboard.asker_id != pressed.actor.id:
        return SOMEONE_ELSES
    if keyboard.used_at is not None:
        return USED
    return EXPIRED if keyboard.expires_at is not None and keyboard.expires_at < now else None


def toast(decision: Decision) -> str:
    return TOASTS.get(decision, mark("You have no right to do this here. Ask an administrator of the bot."))


def answer_to_command(typed: Typed, decision: Decision, may: Callable[[str | None], Decision]) -> Message | None:
    """Strangers in a group get silence, in private their id; people with a role hear why."""
    known = may(Permission.STATUS).allowed
    if not known:
        return stranger(typed.actor) if typed.place.private else None
    if decision is NO_SUCH_COMMAND:
        # In a group the command may well be meant for another bot.
        return Message("unknown_command", {"command": typed.name}) if typed.place.private else None
    if decision is OLD:
        return Message("too_old", {"command": typed.name, "sent_at": typed.sent_at})
    return Message("no_right", {"command": typed.name})


def answer_to_words(said: Said, may: Callable[[str | None], Decision]) -> Message | None:
    """Words that answer nothing. In a group people talk to each other; in private they may expect to be understood."""
    return Message("not_a_command") if said.place.private and may(Permission.STATUS).allowed else None


def answer_to_late_words(said: Said, decision: Decision, may: Callable[[str | None], Decision]) -> Message | None:
    """An answer that is not obeyed: it came too late, or the right has gone since the question."""
    if not may(Permission.STATUS).allowed:
        return None
    return Message("too_old", {"command": "", "sent_at": said.sent_at}) if decision is OLD else Message("no_right_now")


def stranger(actor: Actor) -> Message:
    """All that somebody without a role ever learns: who they are to the bot."""
    return Message("stranger", {"person": actor.id})
