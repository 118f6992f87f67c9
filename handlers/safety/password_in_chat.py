"""Delete a message with a password before any other reply, even if the command is invalid."""

import difflib
import re
from collections.abc import Sequence

from bot.messages.message import Message, mark
from bot.store.typed_secrets import is_name, names_secret
from handlers.dispatch.request import Reply, Request
from handlers.parsing import fields
from handlers.parsing.arguments import Words
from handlers.parsing.fields import Problem

NAMES = (fields.PASSWORD, *fields.PASSWORD_WORDS)
# Most names with two typing errors reach this ratio. It is too low for free text ("sword", "passed"), but not for
# fields: no other field has a similar name, and only the names of unknown fields are kept.
SIMILARITY = 0.76
# A field, possibly with other characters in its name or a colon.
ASSIGNED = re.compile(r"\A([^=:]+)[=:].")


async def delete_typed(request: Request, words: Words) -> bool | None:
    """Return True if the message was deleted, False if it could not be; None without a password in it."""
    if is_named(words) or is_unassigned(words):
        return await request.chat.delete_asked()
    return None


def refuse(words: Words, problems: Sequence[Problem]) -> None:
    """Raise WrongArguments if there are problems."""
    if is_unassigned(words):
        # Other problems would repeat the words, and one of them is the password.
        problems = [Problem(mark("Password"), mark("is written as password=…"))]
    fields.refuse(problems)


def group_warning(*, deleted: bool) -> Reply:
    """Return the reply to a group in which a password was sent."""
    return Reply(Message("password_in_group", {"deleted": deleted}), outcome="a password was typed in a group")


def is_named(words: Words) -> bool:
    """Return True if a password is written as a field, misspelled names included."""
    return any(
        names_secret(name) or difflib.get_close_matches(name, NAMES, n=1, cutoff=SIMILARITY) for name in words.fields
    )


def is_unassigned(words: Words) -> bool:
    """Return True if it is written without `=`: `Zadarma password s3cret`. The first word is the subject's name."""
    bare = (word.lower().rstrip(":=") for word in words.free[1:-1])
    if any(is_name(word) or word in NAMES for word in bare):
        return True
    followed = (*(f"{word} " for word in words.free[:-1]), *words.free[-1:])
    return any(names_secret(assigned[1]) for word in followed if (assigned := ASSIGNED.match(word)))
