"""Who is told instead, when a message can never be delivered; and that a chat takes nothing any more, said once."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access import Destination
from bot.alerts import chain, escalation, shown
from bot.alerts.cards import Cards
from bot.alerts.destinations import Destinations
from bot.alerts.incident import LOUD
from bot.alerts.notices import Notices
from bot.alerts.people import People
from bot.chat.doors import why_closed
from bot.store import outbox
from bot.store.acquaintances import named_in
from bot.store.outbox import Urgency
from bot.store.tables import Card, CardIncident, Incident, Outgoing

log = structlog.get_logger(__name__)

NEXT_ON_CALL = "whoever is on call next"


class Fallback:
    """For one station."""

    def __init__(
        self, station: str, *, notices: Notices, cards: Cards, people: People, destinations: Destinations
    ) -> None:
        self._station = station
        self._notices = notices
        self._cards = cards
        self._people = people
        self._destinations = destinations

    async def closed(self, session: AsyncSession, chat_id: int, reason: str, now: datetime) -> bool:
        """A chat has just been found to take no messages. It is worth telling of those that alerts go to: True when it
        is one of them."""
        if chat_id not in await self._called(session, now):
            return False
        known = (await named_in(session, [chat_id])).get(chat_id)
        facts = {
            "station": self._station,
            "chat": chat_id,
            "name": known.name if known else "",
            "why": why_closed(reason),
        }
        admins = [person for person in await self._destinations.admins(session, now) if person != chat_id]
        if not admins:
            log.error("nobody is left who could be told that a chat takes no messages", chat=chat_id, reason=reason)
        for admin in admins:
            outbox.owe(
                session,
                chat_id=admin,
                thread_id=None,
                template="chat_closed",
                facts=facts,
                now=now,
                urgency=Urgency.RESOLVE,
            )
        return True

    async def undelivered(self, session: AsyncSession, message: Outgoing, now: datetime) -> str | None:
        """Of an incident that is open whoever comes next is told, of anything else that went to a group for alerts the
        administrators. Returns who that is, None when it is nobody."""
        found = await session.execute(
            select(Incident, Card)
            .join(CardIncident, CardIncident.incident_id == Incident.id)
            .join(Card, Card.id == CardIncident.card_id)
            .where(Card.message == message.id, Incident.station == self._station)
        )
        told = list[str]()
        of_card = found.all()
        still_open = [(incident, card) for incident, card in of_card if incident.open_key is not None]
        # What was a card, and is none any more, has a newer one below it.
        says_something = message.template != "alert" or (of_card and not still_open)
        if says_something and await self._concerns_all(session, message):
            told = await self._pass_on(session, message, [incident for incident, _ in of_card], now)
        for incident, card in still_open:
            card.closed_at = now
            chain.note(session, incident, "undelivered", now, chat=card.chat_id)
            if card.chat_id < 0:
                told += await self._tell_admins(session, incident, now)
            # Once everybody was asked nobody comes next, and the others need not be reminded any sooner.
            elif incident.due_at is not None and incident.step < escalation.EVERYBODY:
                incident.due_at = now
                told.append(NEXT_ON_CALL)
        return ", ".join(dict.fromkeys(told)) or None

    async def _concerns_all(self, session: AsyncSession, message: Outgoing) -> bool:
        """Unlike an answer to somebody, or the change of a message that nobody there can see."""
        if message.action != "send" or message.urgency == Urgency.ANSWER:
            return False
        return message.chat_id < 0 and message.chat_id in {to.chat for to in await self._destinations.named(session)}

    async def _called(self, session: AsyncSession, now: datetime) -> set[int]:
        """The chats for alerts, and everybody who can be on call."""
        chats = {to.chat for to in await self._destinations.named(session)}
        return chats | set(await self._people.able(session, now))

    async def _tell_admins(self, session: AsyncSession, incident: Incident, now: datetime) -> list[str]:
        have_it = {card.chat_id for card in await self._cards.of(session, incident)}
        admins = [person for person in await self._destinations.admins(session, now) if person not in have_it]
        names = await self._people.names(session, admins)
        for person in admins:
            to = Destination(person)
            await self._notices.tell_one(session, incident, to, names[person], loud=incident.kind in LOUD, now=now)
        return list(names.values())

    async def _pass_on(
        self, session: AsyncSession, message: Outgoing, over: Sequence[Incident], now: datetime
    ) -> list[str]:
        """As it is now: the incidents of a card may have ended since it was written."""
        newest = {"incidents": [shown.facts_of(incident) for incident in over]} if over else {}
        admins = await self._destinations.admins(session, now)
        for person in admins:
            outbox.owe(
                session,
                chat_id=person,
                thread_id=None,
                template=message.template,
                facts=message.facts | newest,
                now=now,
                silent=message.silent,
                urgency=Urgency(message.urgency),
            )
        return list((await self._people.names(session, admins)).values())
