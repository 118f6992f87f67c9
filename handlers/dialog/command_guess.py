"""Commands that may be meant by a word with a typing error, offered as buttons."""

from bot.messages.message import Message
from handlers.authorization.preconditions import May
from handlers.dialog.not_understood import unknown_command
from handlers.dispatch.declare import Catalogue
from handlers.dispatch.intents import TextSent
from handlers.parsing.command_words import nearest_commands


class CommandGuess:
    """Guess in private chats, among the commands that the person may use there."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def nearest(self, word: str, may: May) -> tuple[str, ...]:
        """Return the commands that the word may be meant as, nearest first."""
        return tuple(nearest_commands(word, self._names(may)))

    def answer(self, sent: TextSent, may: May) -> Message:
        """Return the answer to a text that is no command."""
        word, arguments = _parts(sent.text)
        near = self.nearest(word, may)
        # Other text may be a password, and is not repeated.
        return unknown_command(word, arguments, near) if near else Message("not_a_command")

    def _names(self, may: May) -> list[str]:
        return [
            name
            for name, one in self._catalogue.commands.items()
            if " " not in name and one.rule.where.allows(private=True) and may(one.rule.permission).allowed
        ]


def _parts(text: str) -> tuple[str, str]:
    """Return the first word and the rest."""
    word, _, rest = text.strip().partition(" ")
    return word, rest.strip()
