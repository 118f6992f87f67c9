"""Incidents of the past for a test, written straight into the store as the ledger leaves them there."""

from datetime import datetime, timedelta
from typing import Any

from bot.store.database import Store
from bot.store.tables import Card, CardIncident, Incident, IncidentEvent, Outgoing

STATION = "Head office"


async def add_incident(
    store: Store,
    began: datetime,
    ended: datetime | None = None,
    *,
    kind: str = "trunk_down",
    subject: str = "SIP-1",
    name: str = "Zadarma",
    reason: str = "recovered",
    station: str = STATION,
    taken: tuple[int, str] | None = None,
    due: datetime | None = None,
    held: str = "",
    **facts: Any,
) -> int:
    """With the links of its chain that every incident has; noticed and told half a minute late. Returns its number."""
    noted = began + timedelta(seconds=30)
    about: dict[str, Any] = {"station": station} | ({"trunk": name} if subject else {}) | facts
    incident = Incident(
        station=station,
        subject=subject,
        open_key=None if ended else f"{station}|{subject}",
        kind=kind,
        facts=about,
        began_at=began,
        opened_at=noted,
        ended_at=ended,
        end_reason=reason if ended else None,
        step=1,
        acknowledged_at=noted if taken else None,
        acknowledged_by_id=taken[0] if taken else None,
        acknowledged_by=taken[1] if taken else None,
        due_at=due,
        held_by=held,
    )
    async with store.begin() as session:
        session.add(incident)
        await session.flush()
        session.add(_event(incident.id, "opened", began, noted, about | {"kind": kind}))
        if ended:
            session.add(_event(incident.id, "ended", ended, ended, {"reason": reason}))
    return incident.id


async def add_event(
    store: Store, number: int, what: str, at: datetime, noted: datetime | None = None, /, **facts: Any
) -> None:
    async with store.begin() as session:
        session.add(_event(number, what, at, noted or at, facts))


async def add_card(
    store: Store,
    number: int,
    chat: int,
    at: datetime,
    *,
    state: str = "sent",
    error: str | None = None,
    answered: datetime | None = None,
) -> int:
    """The message about an incident in a chat, owed `at` and delivered two seconds later; `answered` when its end was
    told. Returns the outbox row of the message."""
    message = _outgoing(chat, at, state=state, error=error)
    async with store.begin() as session:
        session.add(message)
        await session.flush()
        card = Card(
            station=STATION, chat_id=chat, thread_id=None, loud=True, opened_at=at, joined_at=at, message=message.id
        )
        session.add(card)
        await session.flush()
        session.add(CardIncident(card_id=card.id, incident_id=number))
        if answered:
            session.add(_outgoing(chat, answered, about=message.id))
    return message.id


def _event(number: int, what: str, at: datetime, noted: datetime, facts: dict[str, Any]) -> IncidentEvent:
    return IncidentEvent(incident_id=number, what=what, at=at, noted_at=noted, facts=facts)


def _outgoing(
    chat: int, at: datetime, *, state: str = "sent", error: str | None = None, about: int | None = None
) -> Outgoing:
    return Outgoing(
        action="send",
        chat_id=chat,
        thread_id=None,
        about=about,
        template="alert",
        facts={},
        keyboard_id=None,
        silent=False,
        state=state,
        created_at=at,
        not_before=at,
        sent_at=at + timedelta(seconds=2) if state == "sent" else None,
        message_id=77 if state == "sent" else None,
        error=error,
    )
