"""Fields of an update that are newer than the library: which of them say that nobody typed this here and now. Pure.

Most new fields say how a message looks, and a bot that refused for these would fall silent the day they come. So only
names count that tell of another time, another author or other readers, and values that are not empty.
"""

import re
from collections.abc import Mapping

from telegram import Update

SOMETHING_ELSE = re.compile(
    r"""(?:\A|_)(?:
      guest|ephemeral|offline|schedule[dr]?|delay(?:ed)?|automation   # another time
    | behalf|business|sponsor(?:ed)?|anonymous(?:ly)?|via
    | (?:written|typed|sent|posted|generated)_(?:by|via|from|as|for)|sender_(?:bot|user|chat|account|app|business)
    | auto(?:matic|matically|mated)?_(?:reply|replied|sent|send|message|response|post|forward)
    | forwarded|forward_(?:origin|from|date|sender|signature)|inline_(?:bot|message|query|result)
    | receivers?|recipients?|visible_(?:to|for|only)|secret           # other readers
    )(?:\Z|_) | \Ais_from_""",
    re.VERBOSE,
)


def saying_otherwise(unknown: Mapping[str, object]) -> list[str]:
    """The names of those that do."""
    return [name for name, value in unknown.items() if value and SOMETHING_ELSE.search(name)]


def found_in(update: Update) -> list[str]:
    """The same of what a person did in this update."""
    query = update.callback_query
    one = query if query is not None else update.effective_message
    return saying_otherwise(one.api_kwargs) if one is not None else []
