"""Commands that are meant by other words: without a slash, in Russian, in the other keyboard layout, or with a typing
error."""

from bot.messages.message import Message
from handlers.authorization.preconditions import May
from handlers.dialog.not_understood import unknown_command
from handlers.dispatch.command_names import resolved
from handlers.dispatch.declare import Catalogue
from handlers.dispatch.intents import CommandTyped, TextSent
from handlers.parsing.command_words import SLASHES, named_command, nearest_commands


class CommandGuess:
    """Guess in private chats, among the commands that the person may use there."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def command(self, sent: TextSent, may: May) -> CommandTyped | None:
        """Return the command that the text names without an error, if it only looks: others are offered first."""
        word, arguments = _parts(sent.text)
        name = named_command(word, self._names(may))
        if name is None or sent.document is not None or not self._catalogue.commands[name].rule.is_read_only:
            return None
        typed = CommandTyped(word.lstrip(SLASHES), arguments, sent.actor, sent.place, sent.message_id, sent.sent_at)
        return resolved(typed)

    def nearest(self, word: str, may: May) -> tuple[str, ...]:
        """Return the commands that the word may be meant as, nearest first."""
        return tuple(nearest_commands(word, self._names(may)))

    def answer(self, sent: TextSent, may: May) -> Message:
        """Return the answer to a text that is no command."""
        word, arguments = _parts(sent.text)
        near = self.nearest(word, may)
        is_meant = near or word.startswith(tuple(SLASHES))
        return unknown_command(word, arguments, near) if is_meant else Message("not_a_command")

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
