"""/test_alert: a drill that sends a labelled alert to the recipients of a real one."""

from typing import Any

from bot.engine.drills import DrillReport, RunningDrill
from bot.messages.message import Message, mark
from handlers.dispatch.declare import command
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Topic

# The first people are notified at once; retries cover a busy database.
MAX_TRIES, PAUSE = 10, 0.5


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
    report = await _report(request)
    facts = await _facts(request, report)
    return Reply(
        Message("rehearsal_begun", facts), outcome=f"told {len(report.people)} people, {len(report.chats)} chats"
    )


async def _report(request: Request) -> DrillReport:
    for _ in range(MAX_TRIES):
        report = await request.station.drills.report()
        if report != DrillReport():
            return report
        await request.station.pause(PAUSE)
    return DrillReport()


async def _facts(request: Request, report: DrillReport) -> dict[str, Any]:
    names = await request.known([to.chat for to in report.chats])
    return {
        "station": request.station.name,
        "people": report.people,
        "chats": [{"name": names[to.chat].name if to.chat in names else "", "id": to.chat} for to in report.chats],
        "unreachable": report.unreachable,
        "until": RunningDrill(request.now, "").until,
    }
