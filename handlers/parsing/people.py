"""Resolve a person: @username, numeric id, or the author of the replied-to message."""

import re

from bot.messages.message import mark
from handlers.dispatch.request import Request, WrongArguments
from handlers.dispatch.update_parser import SERVICE_ACCOUNTS

ID = re.compile(r"-?\d{4,19}")
PERSON_REQUIRED = mark("Write whom you mean: @username, a numeric id, or answer a message of theirs.")


def is_person_reference(word: str) -> bool:
    return word.startswith("@") or ID.fullmatch(word) is not None


async def id_of(request: Request, word: str) -> int:
    """Resolve a numeric id, or a username that the bot has seen. Raises WrongArguments."""
    if ID.fullmatch(word):
        if int(word) in SERVICE_ACCOUNTS:
            raise WrongArguments(mark("This id is nobody's own: every anonymous administrator or channel has it."))
        return int(word)
    known = await request.by_username(word)
    if known is None:
        raise WrongArguments(message=request.unknown_username(word))
    return known.id


async def person(request: Request, words: list[str]) -> int:
    """Resolve all words to one person; without words, the author of the replied-to message. Raises WrongArguments."""
    if not words and request.reply_author is not None:
        return request.reply_author.id
    if len(words) != 1 or not is_person_reference(words[0]):
        raise WrongArguments(PERSON_REQUIRED)
    return await id_of(request, words[0])
