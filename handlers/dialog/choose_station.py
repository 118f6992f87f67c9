"""Choice of the station that a command is about: a row of buttons, and the answer remembered for the next command."""

from bot.messages.message import Button, Message, grid
from handlers.dispatch.declare import button
from handlers.dispatch.intents import CommandTyped
from handlers.dispatch.request import Reply, Request

BUTTONS_PER_ROW = 2
# Of more stations the name has to be typed.
MAX_OFFERED = 20


async def ask_station(request: Request) -> Reply:
    """Answer a command that may be about several stations; `data` holds its name, the words that name them, the
    stations at which it is allowed, and if it only reads."""
    command, candidates = str(request.data["command"]), list(request.data["among"])
    # A command that writes stays its author's: only they may choose its station, once.
    writes = not request.data["only_looks"]
    offered = [
        station_button(command, request.arguments, name, station.title, once=writes)
        for name in candidates[: MAX_OFFERED if len(candidates) <= MAX_OFFERED else 0]
        if (station := request.services.fleet.station(name)) is not None
    ]
    rows = grid(offered, BUTTONS_PER_ROW)
    facts = {
        "command": command,
        "arguments": request.arguments,
        "written": request.data["written"],
        "count": len(candidates),
        "example": candidates[0],
    }
    return Reply(Message("which_station", facts, rows), confirm=writes, outcome="asked which PBX is meant")


def station_button(command: str, arguments: str, name: str, title: str, *, once: bool = False) -> Button:
    """Button that runs the command for that station. `once`: its message is a question, which has no buttons then."""
    data = {"command": command, "arguments": arguments, "station": name, "once": once}
    return Button(title, "station.choose", data)


@button("station.choose")
async def choose(request: Request) -> Reply:
    """Run the command as if the station's name had been typed behind it, and remember that choice."""
    name, _, subcommand = str(request.data["command"]).partition(" ")
    arguments = f"{subcommand} {request.data['arguments']} {request.data['station']}".strip()
    typed = CommandTyped(name, arguments, request.actor, request.place, message_id=0, sent_at=request.now)
    asked = Message("station_chosen", {"station": request.data["station"]}) if request.data.get("once") else None
    return Reply(asked, instead=typed, outcome=f"chose {request.data['station']}")
