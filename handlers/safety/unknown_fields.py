"""Update fields newer than the library that contradict a person's own, live input. Pure.

Most new fields concern display; rejecting all of them would stop the bot on the day Telegram adds one. So only names of
another time, author or audience count, with non-empty values.
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
    """Return the names of such fields."""
    return [name for name, value in unknown.items() if value and SOMETHING_ELSE.search(name)]


def found_in(update: Update) -> list[str]:
    """Return the names of such fields in the message or press of the update."""
    query = update.callback_query
    one = query if query is not None else update.effective_message
    return saying_otherwise(one.api_kwargs) if one is not None else []
