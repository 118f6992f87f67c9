"""Showing an incident to a chat, and asking people about it in private. What the chain and the cards say of that is
written with the row of the outbox that does it."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.policy import Destination
from bot.incidents import timeline
from bot.incidents.model import LOUD, OUTAGES
from bot.notifications import notified_people
from bot.notifications.alert_messages import Cards
from bot.notifications.recipients import Called, People, quiet_until
from bot.runtime.clock import Zone
from bot.store.messages import outbox
from bot.store.tables.incidents import Card, Incident, Outgoing


class Pages:
    """For one station."""

    def __init__(self, cards: Cards, people: People, zone: Zone) -> None:
        self._cards = cards
        self._people = people
        self._zone = zone

    async def show(
        self,
        session: AsyncSession,
        incident: Incident,
        to: Destination,
        now: datetime,
        *,
        person: str = "",
        anew: bool = False,
    ) -> Card:
        """In a chat for alerts, or to who stands in for one. Without a sound where somebody is woken for it by a
        message of their own, or has taken it. `anew`: as what it has become, where it was told as something else."""
        woken = (
            incident.kind in OUTAGES and to.chat not in notified_people.paged(incident.facts) and _is_in_hand(incident)
        )
        loud = incident.kind in LOUD and not woken
        return await self._tell(session, incident, to, person, loud=loud, now=now, anew=anew)

    async def ask(
        self,
        session: AsyncSession,
        incident: Incident,
        called: Called,
        now: datetime,
        shown: Collection[int] = (),
        *,
        anew: bool = False,
    ) -> None:
        """In private, with a sound for an outage; a warning waits until the person's quiet hours are over. Whoever is
        among `shown` was told just now."""
        names = await self._people.names(session, (*called.people, *called.skipped))
        for person in called.skipped:
            timeline.note(session, incident, "unreachable", now, person=names[person])
        outage = incident.kind in OUTAGES
        for person in called.people:
            if person in shown:
                continue
            hours = None if outage else await self._people.quiet_hours(session, person)
            wait = quiet_until(hours, now, self._zone())
            await self._tell(
                session, incident, Destination(person), names[person], loud=outage, now=now, not_before=wait, anew=anew
            )

    async def page_again(self, session: AsyncSession, incident: Incident, now: datetime, every: timedelta) -> None:
        """Whoever was asked last, unless something woke them a moment ago: one of several that are down together."""
        again: dict[int, int] = {}
        for card in await self._cards.of(session, incident):
            if card.chat_id not in notified_people.paged(incident.facts) or await _was_woken(
                session, card, now - every / 2
            ):
                continue
            if await self._cards.repost(session, card, loud=True, now=now):
                again[card.chat_id] = card.message
        await self._note_said(session, incident, "paged_again", again, now)

    async def say_again(
        self, session: AsyncSession, incident: Incident, now: datetime, what: str, **facts: Any
    ) -> None:
        """Put every card under its chat once more, and note that as `what`."""
        said: dict[int, int] = {}
        for card in await self._cards.of(session, incident):
            silent = (
                incident.kind in OUTAGES
                and notified_people.asked(incident.facts)
                and not _is_asked(incident, card.chat_id)
            )
            await self._cards.repost(session, card, loud=incident.kind in LOUD and not silent, now=now)
            said[card.chat_id] = card.message
        await self._note_said(session, incident, what, said, now, **facts)

    async def _note_said(
        self,
        session: AsyncSession,
        incident: Incident,
        what: str,
        said: Mapping[int, int],
        now: datetime,
        **facts: Any,
    ) -> None:
        """`said` is the message to each chat; nothing is noted of what was said to nobody."""
        if not said:
            return
        names = await self._people.names(session, [chat for chat in said if chat > 0])
        chats, messages = list(said), list(said.values())
        timeline.note(
            session, incident, what, now, chats=chats, messages=messages, people=list(names.values()), **facts
        )

    async def _tell(
        self,
        session: AsyncSession,
        incident: Incident,
        to: Destination,
        person: str,
        *,
        loud: bool,
        now: datetime,
        not_before: datetime | None = None,
        anew: bool = False,
    ) -> Card:
        card = await self._cards.tell(session, incident, to, loud=loud, now=now, not_before=not_before, anew=anew)
        message = await session.get_one(Outgoing, card.message)
        # A message that was there already was only changed, which nobody hears.
        was_there = message.created_at < now and message.state not in outbox.WAITING
        added: dict[str, Any] = {"added": True} if was_there else {}
        timeline.note(
            session,
            incident,
            "told",
            now,
            step=incident.step,
            chat=to.chat,
            thread=to.thread,
            person=person,
            loud=loud,
            card=card.id,
            message=card.message,
            **added,
        )
        if not_before is not None:
            timeline.note(
                session, incident, "held", now, rule="quiet", until=not_before.isoformat(), by=person, reason=""
            )
        return card


def _is_asked(incident: Incident, chat: int) -> bool:
    return chat in notified_people.asked(incident.facts) or chat == incident.facts.get("handed_id")


def _is_in_hand(incident: Incident) -> bool:
    return incident.acknowledged_at is not None or bool(notified_people.paged(incident.facts))


async def _was_woken(session: AsyncSession, card: Card, since: datetime) -> bool:
    """Whether a message with a sound is on its way to them, or was put on it since then."""
    newest = select(func.max(Outgoing.created_at)).where(
        Outgoing.chat_id == card.chat_id, Outgoing.template == "alert", Outgoing.silent.is_(False)
    )
    at = (await session.execute(newest)).scalar_one_or_none()
    return at is not None and at > since
