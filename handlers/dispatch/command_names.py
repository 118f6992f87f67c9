"""Commands as people type them, with a slash: in Russian, in capitals, in the other keyboard layout. Pure."""

import re
from dataclasses import replace

from handlers.dispatch.intents import CommandTyped
from handlers.dispatch.rules import RULES
from handlers.parsing.command_words import is_in_other_layout, named_command
from handlers.parsing.nearest import other_layout

NAMES = frozenset(name[1:] for name in RULES if name.startswith("/") and " " not in name)
FIRST_WORD = re.compile(r"\A/([^\W\d_]\w*),?(?=\s|\Z)")


def resolved(typed: CommandTyped) -> CommandTyped:
    """Return the command that is meant, with the name under which it is declared; unchanged if none is."""
    name = named_command(typed.name, NAMES)
    if name is None or name == typed.name:
        return typed
    # The arguments were typed in the layout of the name.
    is_other = is_in_other_layout(typed.name, NAMES)
    return replace(typed, name=name, arguments=other_layout(typed.arguments) if is_other else typed.arguments)


def length_of_name(text: str) -> int:
    """Return the length of the slash and the name of a command in letters that Telegram marks none in; 0 if it is not
    one. Other text may be the answer to a question, and a password."""
    found = FIRST_WORD.match(text)
    return found.end(1) if found and named_command(found[1], NAMES) else 0
