"""Start a drill, and summarize its timeline."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.access.policy import Destination
from bot.engine.checks.base import StateSink
from bot.incidents.drill_end import LONGEST_DRILL
from bot.incidents.model import REHEARSAL, Kind, Opened, StateChange
from bot.store.database import Database, Session
from bot.store.stations import incident_updates, timeline
from bot.store.tables.incidents import Incident, IncidentEvent


@dataclass(frozen=True, slots=True)
class RunningDrill:
    began_at: datetime
    by: str

    @property
    def until(self) -> datetime:
        """Return the latest end."""
        return self.began_at + LONGEST_DRILL


@dataclass(frozen=True, slots=True)
class DrillReport:
    """People and chats that were notified, and people on call that are unreachable; people by name."""

    people: tuple[str, ...] = ()
    chats: tuple[Destination, ...] = ()
    unreachable: tuple[str, ...] = ()


class Drills:
    """Drills of one station, one at a time: the incident manager opens one incident for a subject."""

    def __init__(self, database: Database, station: str, sink: StateSink) -> None:
        self._database = database
        self._station = station
        self._sink = sink

    async def running(self) -> RunningDrill | None:
        incident = await self._database.run(self._open)
        return RunningDrill(incident.opened_at, str(incident.facts["by"])) if incident else None

    async def begin(self, by: str, now: datetime) -> None:
        facts = {"station": self._station, "by": by}
        await self._sink.record({}, [StateChange(REHEARSAL, Opened(Kind.REHEARSAL, now), facts)], now)

    async def report(self) -> DrillReport:
        """Summarize the timeline of the running drill."""
        incident = await self._database.run(self._open)
        if incident is None:
            return DrillReport()
        return _report(await self._database.run(timeline.events_of, incident))

    def _open(self, session: Session) -> Incident | None:
        return incident_updates.find_open(session, self._station, REHEARSAL)


def _report(chain: Iterable[IncidentEvent]) -> DrillReport:
    people, chats, unreachable = dict[str, None](), dict[Destination, None](), dict[str, None]()
    for event in chain:
        if event.what == "unreachable":
            unreachable[str(event.facts["person"])] = None
        elif event.what == "told" and event.facts.get("person"):
            people[str(event.facts["person"])] = None
        elif event.what == "told":
            chats[Destination(int(event.facts["chat"]), event.facts.get("thread"))] = None
    return DrillReport(tuple(people), tuple(chats), tuple(unreachable))
