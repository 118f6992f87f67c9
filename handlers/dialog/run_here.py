"""Commands that a button runs for its PBX, as if its person had typed them."""

from handlers.dispatch.intents import CommandTyped
from handlers.dispatch.request import Reply, Request


def run_here(request: Request, command: str, arguments: str) -> Reply:
    """Return the reply that runs the command for the PBX of the button; the message of the button stays."""
    if request.services.fleet.single_station is None:
        arguments = f"{arguments} {request.station.name}"
    typed = CommandTyped(command, arguments, request.actor, request.place, message_id=0, sent_at=request.now)
    return Reply(instead=typed, outcome=f"asked for /{command}")
