"""A password typed along with a command: it is deleted before anything else is said, however wrong the rest is."""

import difflib
import re
from collections.abc import Sequence

from bot.messages.message import Message, mark
from bot.store.typed_secrets import is_name, names_secret
from handlers.dispatch.declare import Reply, Request
from handlers.parsing import fields
from handlers.parsing.arguments import Words
from handlers.parsing.fields import Problem

NAMES = (fields.PASSWORD, *fields.PASSWORD_WORDS)
# With two slips most still come as near as this. For talk that is too near ("sword", "passed"), not for fields: no
# other field has such a name, and of those that are not known only the name is kept.
NEAR = 0.76
# As a field, though perhaps with a sign in its name or with a colon.
ASSIGNED = re.compile(r"\A([^=:]+)[=:].")


async def deleted(request: Request, words: Words) -> bool | None:
    """Whether the message could be deleted; None when no password stands in it."""
    if is_named(words) or is_loose(words):
        return await request.talk.delete_asked()
    return None


def refuse(words: Words, problems: Sequence[Problem]) -> None:
    """Raises WrongArguments for what is wrong."""
    if is_loose(words):
        # What else is wrong would repeat the words, and one of them is the password.
        problems = [Problem(mark("Password"), mark("is written as password=…"))]
    fields.refuse(problems)


def was_seen(*, hidden: bool) -> Reply:
    """What a group hears that has seen a password."""
    return Reply(Message("password_in_group", {"deleted": hidden}), outcome="a password was typed in a group")


def is_named(words: Words) -> bool:
    """Whether a password was written as a field, also under a name that is only nearly right."""
    return any(names_secret(name) or difflib.get_close_matches(name, NAMES, n=1, cutoff=NEAR) for name in words.fields)


def is_loose(words: Words) -> bool:
    """Whether it was written without its =: `Zadarma password s3cret`. The first word says whose it is."""
    bare = (word.lower().rstrip(":=") for word in words.free[1:-1])
    if any(is_name(word) or word in NAMES for word in bare):
        return True
    followed = (*(f"{word} " for word in words.free[:-1]), *words.free[-1:])
    return any(names_secret(assigned[1]) for word in followed if (assigned := ASSIGNED.match(word)))
