"""Taking an incident."""

from bot.alerts.ledger import Taken
from bot.chat.message import mark
from handlers.command import Reply, Request, button

TOASTS = {
    Taken.TAKEN: mark("It is yours. Everybody can see it."),
    Taken.ALREADY: mark("Somebody took it before you: see the message."),
    Taken.ENDED: mark("It is already over."),
    Taken.UNKNOWN: mark("I do not know this incident any more."),
}


@button("incident.take")
async def take(request: Request) -> Reply:
    """The ledger edits the alert in every chat, so there is nothing to show here but the note."""
    number = int(request.data["incident"])
    result = await request.station.ledger.acknowledge(number, request.actor.id, request.actor.name, request.now)
    return Reply(toast=TOASTS[result], outcome=f"incident {number}: {result}")
