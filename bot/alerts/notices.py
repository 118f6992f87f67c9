"""Telling people of incidents: who is told next, what holds it back, and what the cards then show."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access import Destination
from bot.alerts import chain, escalation, rehearsal, silences
from bot.alerts.cards import Cards
from bot.alerts.common_cause import CommonCause, covering, hiding, holding
from bot.alerts.destinations import Destinations
from bot.alerts.escalation import Deed, Hold, Plan, Standing
from bot.alerts.incident import LOUD, OUTAGES, STATION, Kind, is_of_trunk
from bot.alerts.people import Called, People, quiet_until
from bot.alerts.silence import ends
from bot.alerts.silence import holding as silencing
from bot.store import outbox
from bot.store.outbox import Urgency
from bot.store.tables import Card, CardIncident, Incident


class Notices:
    """For one station. `causes` are what hits many stations of the fleet now: the fleet is told of each once, and its
    chats and people not once more of every station."""

    def __init__(
        self,
        *,
        station: str,
        cards: Cards,
        people: People,
        destinations: Destinations,
        zone: Callable[[], tzinfo],
        plan: Plan,
        causes: Callable[[], Sequence[CommonCause]] = tuple,
    ) -> None:
        self._station = station
        self._cards = cards
        self._people = people
        self._destinations = destinations
        self._zone = zone
        self._plan = plan
        self._causes = causes

    async def advance(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        """The incident is due: tell whoever is to be told next, unless something holds it back."""
        hold = await self._hold(session, incident, now)
        standing = Standing(
            outage=incident.kind in OUTAGES and not await self._is_left_to_fleet(session, incident),
            step=incident.step,
            acknowledged=incident.acknowledged_at is not None,
            held=bool(incident.held_by),
        )
        move = escalation.move(standing, hold, now, self._plan)
        if hold is not None:
            await self._hold_back(session, incident, hold, now)
            return
        if incident.held_by:
            incident.held_by = ""
            chain.note(session, incident, "released", now)
        incident.step, incident.due_at = move.step, rehearsal.due(incident, move.due)
        match move.deed:
            case Deed.TELL:
                await self._tell(session, incident, now)
            case Deed.ESCALATE:
                await self._escalate(session, incident, now)
            case Deed.REMIND:
                await self._remind(session, incident, now)
            case Deed.REST:
                await self._cards.refresh(session, incident, now)

    async def reconsider(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        """What has just begun, or changed, holds the incident at once; what it was left to may be over."""
        if (hold := await self._hold(session, incident, now)) is not None:
            await self._hold_back(session, incident, hold, now)
        elif incident.facts.get("left_to") and self._common(incident) is None:
            await self._tell_fleet(session, incident, now)

    async def taken(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        incident.due_at = now if incident.kind == Kind.REHEARSAL else None
        await self._cards.refresh(session, incident, now)

    async def untaken_on(self, session: AsyncSession, card_id: int, station: str) -> Sequence[int]:
        found = await session.execute(
            select(Incident.id)
            .join(CardIncident, CardIncident.incident_id == Incident.id)
            .where(
                CardIncident.card_id == card_id,
                Incident.station == station,
                Incident.open_key.is_not(None),
                Incident.acknowledged_at.is_(None),
            )
        )
        return found.scalars().all()

    async def handed_over(self, session: AsyncSession, incident: Incident, to: int, by: str, now: datetime) -> None:
        names = await self._people.names(session, [to])
        incident.facts = incident.facts | {"handed_to": names[to], "handed_by": by}
        incident.due_at = now + self._plan.escalate_after
        chain.note(session, incident, "handed_over", now, by=by, to=names[to])
        await self._cards.refresh(session, incident, now)
        await self._page(session, incident, Called((to,)), now)

    async def changed(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        await self._cards.refresh(session, incident, now)

    async def supersede(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        """It is told anew, from the first step."""
        incident.step = 0
        await self._cards.supersede(session, incident, now)

    async def ended(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        """Owed to whoever was told, whatever happened in between."""
        await silences.end_until_recovery(session, self._station, incident.subject, now)
        await self._cards.end(session, incident, now)

    async def warn_of_cliff(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        """The last chance to do something before the trunk stays down for good."""
        if incident.held_by:
            return
        chain.note(session, incident, "cliff", now, gives_up_at=incident.facts.get("gives_up_at"))
        await self._repost(session, incident, now)

    async def note(self, session: AsyncSession, template: str, facts: dict[str, Any], now: datetime) -> None:
        """Something worth knowing that is no incident: quietly, to the alert chats."""
        for to in await self._destinations.taking(session, now):
            outbox.owe(
                session,
                chat_id=to.chat,
                thread_id=to.thread,
                template=template,
                facts=facts,
                now=now,
                silent=True,
                urgency=Urgency.DIGEST,
            )

    async def was_blind(self, session: AsyncSession, facts: dict[str, Any], now: datetime) -> None:
        """Not where only our own internet hid the station, and nothing happened meanwhile."""
        if facts["outages"] or not hiding(self._causes(), self._station):
            await self.note(session, "note_blind", facts, now)

    async def _hold(self, session: AsyncSession, incident: Incident, now: datetime) -> Hold | None:
        """What keeps it from being told of now: the trouble of its whole station, or what somebody silenced."""
        if incident.kind == Kind.REHEARSAL:
            return None
        if is_of_trunk(incident.subject):
            open_key = f"{self._station}|{STATION}"
            found = await session.execute(select(Incident.id).where(Incident.open_key == open_key))
            if found.scalar_one_or_none() is not None:
                return Hold("station")
        if holding(self._causes(), self._station, incident.kind, incident.facts):
            return Hold("internet")
        silence = silencing(await silences.current_in(session, self._station), incident.subject, now)
        if silence is None:
            return None
        return Hold(silence.kind, ends(silence, now), silence.by_name, silence.reason)

    async def _hold_back(self, session: AsyncSession, incident: Incident, hold: Hold, now: datetime) -> None:
        incident.due_at = hold.until
        until = hold.until.isoformat() if hold.until else None
        shown: dict[str, Any] = {"rule": hold.rule, "until": until, "by": hold.by, "reason": hold.reason}
        if incident.held_by == hold.rule and incident.facts.get("hold") == shown:
            return
        incident.held_by = hold.rule
        incident.facts = incident.facts | {"hold": shown}
        chain.note(session, incident, "held", now, **shown)
        await self._cards.refresh(session, incident, now)

    async def _tell(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        common = self._common(incident)
        if common is not None:
            chain.note(session, incident, "left_to_fleet", now, to=common.host)
        if common is not None or "left_to" in incident.facts:
            incident.facts = incident.facts | {"left_to": common.subject if common else None}
        left = await self._is_left_to_fleet(session, incident)
        called = Called(()) if left else await self._people.next(session, now, ())
        await self._say_who_is_on_call(session, incident, called)
        for to in await self._destinations.taking(session, now, own=common is not None):
            await self.tell_one(session, incident, to, "", loud=incident.kind in LOUD, now=now)
        await self._page(session, incident, called, now)

    async def _tell_fleet(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        """What hit many is over, and this is not: now the fleet's chats and people are told of it by itself."""
        incident.facts = incident.facts | {"left_to": None}
        told = {(card.chat_id, card.thread_id) for card in await self._cards.of(session, incident)}
        called = Called(())
        if incident.kind in OUTAGES and incident.acknowledged_at is None and not await self._people.has_own(session):
            incident.step, incident.due_at = escalation.FIRST, now + self._plan.escalate_after
            called = await self._people.next(session, now, await self._told_people(session, incident))
            await self._say_who_is_on_call(session, incident, called)
        await self._cards.refresh(session, incident, now)
        for to in await self._destinations.taking(session, now):
            if to not in told:
                await self.tell_one(session, incident, to, "", loud=incident.kind in LOUD, now=now)
        await self._page(session, incident, called, now)

    def _common(self, incident: Incident) -> CommonCause | None:
        return covering(self._causes(), self._station, incident.kind, incident.facts)

    async def _is_left_to_fleet(self, session: AsyncSession, incident: Incident) -> bool:
        """Whoever is on call only because they are for the whole fleet is called by the fleet's own incident."""
        return self._common(incident) is not None and not await self._people.has_own(session)

    async def _escalate(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        told = await self._told_people(session, incident)
        called = await self._people.next(session, now, told)
        if incident.step >= escalation.EVERYBODY or not called.people:
            incident.step = escalation.EVERYBODY
            incident.due_at = rehearsal.due(incident, now + self._plan.remind_every)
            everybody = await self._people.everybody(session, now)
            called = Called(tuple(one for one in everybody.people if one not in told), called.skipped)
        names = await self._people.names(session, called.people)
        chain.note(session, incident, "escalated", now, step=incident.step, people=list(names.values()))
        await self._say_who_is_on_call(session, incident, called)
        await self._cards.refresh(session, incident, now)
        await self._page(session, incident, called, now)

    async def _remind(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        chain.note(session, incident, "reminded", now, step=incident.step)
        await self._repost(session, incident, now)

    async def _repost(self, session: AsyncSession, incident: Incident, now: datetime) -> None:
        incident.facts = incident.facts | {"reminded_at": now.isoformat()}
        for card in await self._cards.of(session, incident):
            await self._cards.repost(session, card, loud=incident.kind in LOUD, now=now)

    async def _page(self, session: AsyncSession, incident: Incident, called: Called, now: datetime) -> None:
        """In private, with a sound for an outage; a warning waits until the person's quiet hours are over."""
        names = await self._people.names(session, (*called.people, *called.skipped))
        for person in called.skipped:
            chain.note(session, incident, "unreachable", now, person=names[person])
        chats = {to.chat for to in await self._destinations.taking(session, now)}
        outage = incident.kind in OUTAGES
        for person in called.people:
            if person in chats:
                continue
            hours = None if outage else await self._people.quiet_hours(session, person)
            wait = quiet_until(hours, now, self._zone())
            await self.tell_one(
                session, incident, Destination(person), names[person], loud=outage, now=now, not_before=wait
            )

    async def tell_one(
        self,
        session: AsyncSession,
        incident: Incident,
        to: Destination,
        person: str,
        *,
        loud: bool,
        now: datetime,
        not_before: datetime | None = None,
    ) -> None:
        card = await self._cards.tell(session, incident, to, loud=loud, now=now, not_before=not_before)
        chain.note(
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
        )
        if not_before is not None:
            chain.note(session, incident, "held", now, rule="quiet", until=not_before.isoformat(), by=person, reason="")

    async def _say_who_is_on_call(self, session: AsyncSession, incident: Incident, called: Called) -> None:
        """Shown on the cards: who is asked now, and when somebody else will be."""
        names = await self._people.names(session, (*called.people, *called.skipped))
        asked: list[str] = incident.facts.get("asked") or [] if incident.step > escalation.FIRST else []
        incident.facts = incident.facts | {
            "asked": [*asked, *(names[one] for one in called.people)],
            "unreachable": [names[one] for one in called.skipped],
            "next_at": incident.due_at.isoformat()
            if incident.due_at and incident.step < escalation.EVERYBODY
            else None,
            # Whoever it was handed to has not taken it.
            "handed_to": None,
            "handed_by": None,
        }

    async def _told_people(self, session: AsyncSession, incident: Incident) -> set[int]:
        """Whoever has, or had, a card of it in private."""
        found = await session.execute(
            select(Card.chat_id)
            .join(CardIncident, CardIncident.card_id == Card.id)
            .where(CardIncident.incident_id == incident.id, Card.chat_id > 0)
        )
        return set(found.scalars())
