"""Refusal of a word that was not understood, with the nearest words as buttons that run the corrected command."""

from collections.abc import Collection

from bot.messages.message import Button, Message
from handlers.dispatch.declare import button
from handlers.dispatch.intents import CommandTyped
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.parsing.nearest import nearest
from handlers.parsing.periods import NotAPeriod, StillToCome
from handlers.parsing.time_words import SINGLE

# A button's data is stored; longer text was not typed.
MAX_ARGUMENTS = 500


def not_a_period(command: str, arguments: str, wrong: NotAPeriod) -> WrongArguments:
    """Refusal of a command whose arguments are a period."""
    return WrongArguments(
        message=not_understood(command, arguments, str(wrong), still_to_come=isinstance(wrong, StillToCome))
    )


def not_understood(
    command: str, arguments: str, word: str, known: Collection[str] = SINGLE, *, still_to_come: bool = False
) -> Message:
    """Message that names the word of a command whose arguments have a period among them."""
    near = nearest(word, known) if word in arguments and len(arguments) <= MAX_ARGUMENTS else []
    buttons = tuple(
        Button(one, "suggestion.take", {"command": command, "arguments": arguments.replace(word, one, 1)})
        for one in near
    )
    facts = {"written": word, "command": command, "near": bool(buttons), "still_to_come": still_to_come}
    return Message("not_understood", facts, (buttons,) if buttons else ())


@button("suggestion.take")
async def take(request: Request) -> Reply:
    """Run the command as if it had been typed so."""
    name, _, subcommand = str(request.data["command"]).partition(" ")
    arguments = f"{subcommand} {request.data['arguments']}".strip()
    typed = CommandTyped(name, arguments, request.actor, request.place, message_id=0, sent_at=request.now)
    return Reply(instead=typed, outcome="took a suggestion")
