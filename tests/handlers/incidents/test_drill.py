"""/test_alert starts a drill and reports the recipients reached."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.access.policy import Grant
from bot.incidents.model import REHEARSAL, Kind, StateChange
from bot.store.access import contacts
from bot.store.access.contacts import Contact
from bot.store.database import Database
from bot.store.tables.incidents import Incident, IncidentEvent
from handlers import CATALOGUE
from tests.handlers.dispatcher_harness import GRANTS, GROUP, STATION, VERA, DispatcherHarness
from tests.handlers.update_factory import NOW
from tests.incident_harness.recording_sink import RecordingStateSink
from tests.messages.renderers import renderer

BORIS = 4
Event = tuple[str, dict[str, Any]]


def told(chat: int, person: str | None = None) -> Event:
    return "told", {"step": 1, "chat": chat, "thread": None, "person": person, "loud": True, "card": 1}


class StoringBook(RecordingStateSink):
    """Stores the incident and its timeline as the incident manager does."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.chain: list[Event] = []

    async def record(
        self, changed: Mapping[str, dict[str, Any] | None], happened: Sequence[StateChange], now: datetime
    ) -> None:
        await super().record(changed, happened, now)
        with self.database.begin() as session:
            incident = Incident(
                station=STATION,
                subject=REHEARSAL,
                open_key=f"{STATION}|{REHEARSAL}",
                kind=Kind.REHEARSAL,
                facts=happened[0].facts,
                began_at=now,
                opened_at=now,
            )
            session.add(incident)
            session.flush()
            for what, facts in self.chain:
                session.add(IncidentEvent(incident_id=incident.id, at=now, noted_at=now, what=what, facts=facts))


class Office(DispatcherHarness):
    def __init__(self, database: Database) -> None:
        super().__init__(database, grants=(*GRANTS, Grant(BORIS, "operator")))
        self.incident_manager = StoringBook(database)
        self.incidents = self.incident_manager
        self.paused = 0
        self.start()
        self.catalogue.commands["test_alert"] = CATALOGUE.commands["test_alert"]

    def station(self) -> Any:
        async def pause(_seconds: float) -> None:
            self.paused += 1

        station = super().station()
        station.pause = pause
        return station

    async def asks(self, person: int = BORIS) -> str:
        await self.types("/test_alert", person, chat=person)
        _, template, facts = self.chat.said[-1]
        return renderer().text(template, facts, zone=UTC, now=NOW)


@pytest.fixture
def harness(database: Database) -> Office:
    return Office(database)


async def test_it_answers_with_whom_it_notified(harness: Office) -> None:
    with harness.database.begin() as session:
        contacts.record(session, Contact(GROUP, "Duty room"))
    harness.incident_manager.chain = [told(GROUP), told(-200), told(7, "Boris P")]
    seen = await harness.asks()
    assert "The rehearsal runs</b> · Head office" in seen
    assert "👤 Boris P, in private\n👥 Duty room\n👥 a chat not met yet (id -200)" in seen
    assert "or at 14:30" in seen
    assert "⚠️" not in seen
    assert [one.outcome for one in await harness.outcomes()] == ["told 1 people, 2 chats"]
    assert harness.incident_manager.last_facts() == {"station": STATION, "by": "A"}


async def test_a_second_one_waits_for_the_first(harness: Office) -> None:
    harness.incident_manager.chain = [told(GROUP)]
    await harness.asks()
    seen = await harness.asks()
    assert "A rehearsal runs already: A began it at 14:00" in seen
    assert "or at 14:30" in seen
    assert len(harness.incident_manager.happened) == 1


async def test_that_nobody_is_woken_in_private_is_said(harness: Office) -> None:
    harness.incident_manager.chain = [told(GROUP)]
    assert "Nobody was woken in private" in await harness.asks()


async def test_that_nobody_was_notified_at_all_is_said_after_a_patient_look(harness: Office) -> None:
    assert "Nobody was told: nobody is on call, and no chat gets alerts." in await harness.asks()
    assert harness.paused > 5


async def test_that_who_is_on_call_cannot_be_reached_is_said(harness: Office) -> None:
    harness.incident_manager.chain = [("unreachable", {"person": "Vera"}), told(GROUP)]
    seen = await harness.asks()
    assert "Cannot be reached: Vera. They must open the bot and press Start." in seen
    assert "nobody is on call" not in seen


async def test_a_viewer_rehearses_nothing(harness: Office) -> None:
    await harness.types("/test_alert", VERA, VERA)
    assert harness.chat.said[-1][1] == "no_right"
    assert harness.incident_manager.happened == []
