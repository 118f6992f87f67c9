"""Refusals of what was not understood, with the nearest words as buttons that run the corrected command."""

from collections.abc import Collection, Sequence

from bot.messages.message import Button, Message
from bot.store.typed_secrets import contains_address, contains_secret
from handlers.dispatch.declare import StationScope, button
from handlers.dispatch.intents import CommandTyped
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.parsing.nearest import nearest
from handlers.parsing.periods import NotAPeriod, StillToCome
from handlers.parsing.times import examples as time_examples
from handlers.parsing.times.words import SINGLE

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
    buttons = tuple(run_button(one, command, arguments.replace(word, one, 1)) for one in near)
    facts = {
        "written": word,
        "command": command,
        "near": bool(buttons),
        "still_to_come": still_to_come,
        "examples": time_examples.PERIOD_IN_SHORT,
        "separator": time_examples.SEPARATOR,
    }
    return Message("not_understood", facts, (buttons,) if buttons else ())


def unknown_command(written: str, arguments: str, near: Sequence[str]) -> Message:
    """Message that names the commands that one may be meant as. Arguments that may hold a secret are not stored: the
    commands are named only."""
    runs = len(arguments) <= MAX_ARGUMENTS and not contains_secret(arguments) and not contains_address(arguments)
    commands = [f"/{name}" for name in near]
    buttons = tuple((run_button(f"/{name} {arguments}".strip(), name, arguments),) for name in near) if runs else ()
    return Message("unknown_command", {"written": written, "near": commands, "runs": runs}, buttons)


def run_button(label: str, command: str, arguments: str = "") -> Button:
    """Return the button that runs a command as if it had been typed."""
    return Button(label, "suggestion.take", {"name": command, "arguments": arguments})


@button("suggestion.take", scope=StationScope.ALL)
async def take(request: Request) -> Reply:
    """Run the command as if it had been typed so."""
    name, _, subcommand = str(request.data["name"]).partition(" ")
    arguments = f"{subcommand} {request.data['arguments']}".strip()
    typed = CommandTyped(name, arguments, request.actor, request.place, message_id=0, sent_at=request.now)
    return Reply(instead=typed, outcome="took a suggestion")
