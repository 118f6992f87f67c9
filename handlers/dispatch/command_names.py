"""Resolve the name of a command as people type it: in Russian, in capitals, in the other keyboard layout. Pure."""

import re
from dataclasses import replace

from handlers.dispatch.intents import CommandTyped, TextSent
from handlers.dispatch.rules import RULES
from handlers.parsing.command_words import RUSSIAN
from handlers.parsing.nearest import in_one_layout, other_layout

NAMES = frozenset(name[1:] for name in RULES if name.startswith("/"))
# On a Russian keyboard the key of the slash writes a full stop.
FIRST_WORD = re.compile(r"\A[/.]?([^\W\d_]\w*),?(?=\s|\Z)")


def resolved(typed: CommandTyped) -> CommandTyped:
    """Return the command that is meant, with the name under which it is declared; unchanged if none is."""
    name = _declared(typed.name)
    if name:
        return typed if name == typed.name else replace(typed, name=name)
    if name := _declared(other_layout(typed.name)):
        return replace(typed, name=name, arguments=in_one_layout(typed.arguments))
    return typed


def length_of_name(text: str) -> int:
    """Return the length of the slash and the name of a command in letters that Telegram marks none in; 0 if it is not
    one. Other text may be the answer to a question, and a password."""
    found = FIRST_WORD.match(text)
    return found.end(1) if found and text.startswith("/") and _is_name(found[1]) else 0


def cancels(sent: TextSent) -> CommandTyped | None:
    """Return `/cancel` for a text of only that word: it is no answer, nobody has such a name."""
    typed = without_slash(sent)
    return typed if typed is not None and typed.name == "cancel" and not typed.arguments else None


def without_slash(sent: TextSent) -> CommandTyped | None:
    """Return the command that text without a slash begins with; None for any other text."""
    found = FIRST_WORD.match(sent.text)
    if found is None or not _is_name(found[1]):
        return None
    typed = CommandTyped(
        found[1].lower(), sent.text[found.end() :].strip(), sent.actor, sent.place, sent.message_id, sent.sent_at
    )
    return resolved(typed)


def _is_name(word: str) -> bool:
    return bool(_declared(word) or _declared(other_layout(word)))


def _declared(word: str) -> str:
    name = word.casefold().replace("ё", "е")
    return name if name in NAMES else RUSSIAN.get(name, "")
