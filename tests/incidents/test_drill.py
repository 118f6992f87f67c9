"""A drill runs as every incident does, and its timeline lists the recipients."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.access.policy import Destination
from bot.engine.drills import DrillReport, Drills, RunningDrill
from bot.incidents.model import REHEARSAL, Kind, Opened
from bot.store.database import Database
from bot.store.tables.incidents import Incident, IncidentEvent
from tests.incident_harness.recording_sink import RecordingStateSink

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


async def test_it_goes_the_way_of_every_incident(database: Database) -> None:
    book = RecordingStateSink()
    await Drills(database, "Head office", book).begin("Anna", NOW)
    assert [one.subject for one in book.happened] == [REHEARSAL]
    assert book.told == [Opened(Kind.REHEARSAL, NOW)]
    assert book.last_facts() == {"station": "Head office", "by": "Anna"}
    assert book.states == {}


async def opened(database: Database, *chain: tuple[str, dict[str, Any]], station: str = "Head office") -> None:
    with database.begin() as session:
        incident = Incident(
            station=station,
            subject=REHEARSAL,
            open_key=f"{station}|{REHEARSAL}",
            kind=Kind.REHEARSAL,
            facts={"station": station, "by": "Anna"},
            began_at=NOW,
            opened_at=NOW,
        )
        session.add(incident)
        session.flush()
        for what, facts in chain:
            session.add(IncidentEvent(incident_id=incident.id, at=NOW, noted_at=NOW, what=what, facts=facts))


def told(chat: int, person: str | None = None, thread: int | None = None) -> tuple[str, dict[str, Any]]:
    return "told", {"step": 1, "chat": chat, "thread": thread, "person": person, "loud": True, "card": 1}


async def test_the_chain_says_whom_it_was_reported_to(database: Database) -> None:
    await opened(
        database,
        ("opened", {"kind": "rehearsal"}),
        told(-100),
        told(-100, thread=42),
        told(7, "Boris"),
        told(7, "Boris"),
        ("unreachable", {"person": "Vera"}),
    )
    drills = Drills(database, "Head office", RecordingStateSink())
    assert await drills.report() == DrillReport(("Boris",), (Destination(-100), Destination(-100, 42)), ("Vera",))
    assert await drills.running() == RunningDrill(NOW, "Anna")
    assert RunningDrill(NOW, "Anna").until == NOW + timedelta(minutes=30)


async def test_another_stations_rehearsal_is_not_ours(database: Database) -> None:
    await opened(database, told(-100), station="Branch")
    drills = Drills(database, "Head office", RecordingStateSink())
    assert await drills.running() is None
    assert await drills.report() == DrillReport()
