"""/test_alert: a drill that sends a labelled alert to the recipients of a real one."""

from typing import Any

from bot.engine.drills import DrillReport, RunningDrill
from bot.messages.message import Message, mark
from handlers.dispatch.declare import command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic

# The first people are notified at once; retries cover a busy database.
TRIES, PAUSE = 10, 0.5


@command(
    "test_alert",
    topic=Topic.INCIDENTS,
    summary=mark("A rehearsal: a labelled alert to whoever would be woken by a real one"),
)
async def test_alert(request: Request) -> Reply:
    drills = request.station.drills
    if (running := await drills.running()) is not None:
        facts = {"by": running.by, "began_at": running.began_at, "until": running.until}
        return Reply(Message("rehearsal_running", facts), outcome="one runs already")
    await drills.begin(request.actor.name, request.now)
    told = await _told(request)
    facts = await _facts(request, told)
    return Reply(Message("rehearsal_begun", facts), outcome=f"told {len(told.people)} people, {len(told.chats)} chats")


async def _told(request: Request) -> DrillReport:
    for _ in range(TRIES):
        told = await request.station.drills.told()
        if told != DrillReport():
            return told
        await request.station.pause(PAUSE)
    return DrillReport()


async def _facts(request: Request, told: DrillReport) -> dict[str, Any]:
    names = await request.known([to.chat for to in told.chats])
    return {
        "station": request.station.name,
        "people": told.people,
        "chats": [{"name": names[to.chat].name if to.chat in names else "", "id": to.chat} for to in told.chats],
        "unreachable": told.unreachable,
        "until": RunningDrill(request.now, "").until,
    }
