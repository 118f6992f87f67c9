"""How people write lists of words, ids and chats into a setting. Raises ValueError with what to write instead."""

import re

from bot.access import Destination


def words(value: object) -> list[str]:
    return [word for word in re.split(r"[\s,;]+", str(value)) if word]


def permissions(value: object, known: frozenset[str]) -> frozenset[str]:
    named = frozenset(word.lower() for word in words(value))
    if strange := sorted(named - known):
        raise ValueError(f"has {strange[0]!r} in it; known are {', '.join(sorted(known))}")
    return named


def telegram_id(word: str) -> int:
    if not re.fullmatch(r"-?\d{1,19}", word):
        raise ValueError(f"has {word!r} in it; only numeric ids are accepted, names can change hands (/id shows yours)")
    return int(word)


def destination(word: str) -> Destination:
    chat, _, thread = word.partition(":")
    if thread and not thread.isdigit():
        raise ValueError(f"has {word!r} in it; write chat:thread, both numbers, like -1001234567890:42")
    return Destination(telegram_id(chat), int(thread) if thread else None)
