"""A password typed along with a command: it is deleted before anything else is said, however wrong the rest is."""

from collections.abc import Sequence

from bot.chat.message import Message, mark
from handlers import fields, trunk_fields
from handlers.command import Reply, Request
from handlers.fields import Problem
from handlers.words import Words


async def deleted(request: Request, words: Words) -> bool | None:
    """Whether the message could be deleted; None when no password stands in it."""
    if trunk_fields.names_password(words) or trunk_fields.has_loose_password(words):
        return await request.talk.delete_asked()
    return None


def refuse(words: Words, problems: Sequence[Problem]) -> None:
    """Raises WrongArguments for what is wrong."""
    if trunk_fields.has_loose_password(words):
        # What else is wrong would repeat the words, and one of them is the password.
        problems = [Problem(mark("Password"), mark("is written as password=…"))]
    fields.refuse(problems)


def was_seen(*, hidden: bool) -> Reply:
    """What a group hears that has seen a password."""
    return Reply(Message("password_in_group", {"deleted": hidden}), outcome="a password was typed in a group")
