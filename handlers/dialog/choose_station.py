"""Which PBX is meant, where it can be several: asked with a row of buttons, and remembered for the next time."""

from bot.messages.message import Button, Message
from handlers.dialog.paging import grid
from handlers.dispatch.declare import Reply, Request, button
from handlers.dispatch.update_parser import Typed

IN_A_ROW = 2
# More is no choice any more; then the name is to be written.
MOST_OFFERED = 20


async def ask_which(request: Request) -> Reply:
    """Stands in for the command that was typed; `data` holds its name, the stations at which it is allowed, and whether
    it only looks."""
    command, among = str(request.data["command"]), list(request.data["among"])
    offered = [
        choosing(command, request.arguments, name, station.title)
        for name in among[: MOST_OFFERED if len(among) <= MOST_OFFERED else 0]
        if (station := request.desk.fleet.station(name)) is not None
    ]
    rows = grid(offered, IN_A_ROW)
    facts = {"command": command, "arguments": request.arguments, "count": len(among), "example": among[0]}
    # What does more than look is not made somebody else's by their press: only who wrote it chooses.
    does = not request.data["only_looks"]
    return Reply(Message("which_station", facts, rows), confirm=does, outcome="asked which PBX is meant")


def choosing(command: str, arguments: str, name: str, title: str) -> Button:
    """The command, about that PBX."""
    return Button(title, "station.choose", {"command": command, "arguments": arguments, "station": name})


@button("station.choose")
async def choose(request: Request) -> Reply:
    """As if the name had been written behind the command; that is what is remembered, too."""
    name, _, word = str(request.data["command"]).partition(" ")
    written = f"{word} {request.data['arguments']} {request.data['station']}".strip()
    typed = Typed(name, written, request.actor, request.place, message_id=0, sent_at=request.now)
    return Reply(instead=typed, outcome=f"chose {request.data['station']}")
