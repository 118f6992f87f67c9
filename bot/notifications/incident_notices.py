"""Show an incident in a chat, and notify people in private. Timeline and alert messages are written in the session that
queues the notification."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.access.policy import Destination
from bot.incidents.model import kind_info
from bot.notifications import notified_people
from bot.notifications.alert_messages import AlertMessages
from bot.notifications.recipients import OnCallResolver, OnCallTargets, quiet_until
from bot.runtime.clock import Zone
from bot.store.database import Session
from bot.store.messages import alert_messages, outbox
from bot.store.stations import timeline
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import AlertMessage


class IncidentNotices:
    """Notifications of one station."""

    def __init__(self, cards: AlertMessages, people: OnCallResolver, zone: Zone) -> None:
        self._alert_messages = cards
        self._people = people
        self._zone = zone

    async def show(
        self,
        session: Session,
        incident: Incident,
        to: Destination,
        now: datetime,
        *,
        person: str = "",
        anew: bool = False,
    ) -> AlertMessage:
        """Show the incident in an alert chat, or to the person that replaces it. Silent when people are notified of it
        in private, or it is acknowledged. `anew`: as another kind than it was shown before."""
        woken = (
            kind_info(incident.kind).outage
            and to.chat not in notified_people.paged(incident.facts)
            and _is_in_hand(incident)
        )
        loud = kind_info(incident.kind).loud and not woken
        return await self._tell(session, incident, to, person, loud=loud, now=now, anew=anew)

    async def ask(
        self,
        session: Session,
        incident: Incident,
        called: OnCallTargets,
        now: datetime,
        shown: Collection[int] = (),
        *,
        anew: bool = False,
    ) -> None:
        """Notify people in private, with a sound for an outage; a warning waits until the quiet hours of the person are
        over. `shown` were notified just now."""
        names = await self._people.names(session, (*called.people, *called.skipped))
        for person in called.skipped:
            timeline.record(session, incident, "unreachable", now, person=names[person])
        outage = kind_info(incident.kind).outage
        for person in called.people:
            if person in shown:
                continue
            hours = None if outage else await self._people.quiet_hours(session, person)
            wait = quiet_until(hours, now, self._zone())
            await self._tell(
                session, incident, Destination(person), names[person], loud=outage, now=now, not_before=wait, anew=anew
            )

    async def page_again(self, session: Session, incident: Incident, now: datetime, every: timedelta) -> None:
        """Notify the people of the newest step again, unless a notification with a sound reached them just before."""
        again: dict[int, int] = {}
        for card in await self._alert_messages.of(session, incident):
            if card.chat_id not in notified_people.paged(incident.facts) or await _was_woken(
                session, card, now - every / 2
            ):
                continue
            if await self._alert_messages.resend(session, card, loud=True, now=now):
                again[card.chat_id] = card.message
        await self._note_said(session, incident, "paged_again", again, now)

    async def say_again(self, session: Session, incident: Incident, now: datetime, what: str, **facts: Any) -> None:
        """Resend every alert message at the end of its chat; `what` is the timeline event that records it."""
        said: dict[int, int] = {}
        for card in await self._alert_messages.of(session, incident):
            silent = (
                kind_info(incident.kind).outage
                and notified_people.asked(incident.facts)
                and not _is_asked(incident, card.chat_id)
            )
            await self._alert_messages.resend(session, card, loud=kind_info(incident.kind).loud and not silent, now=now)
            said[card.chat_id] = card.message
        await self._note_said(session, incident, what, said, now, **facts)

    async def _note_said(
        self,
        session: Session,
        incident: Incident,
        what: str,
        said: Mapping[int, int],
        now: datetime,
        **facts: Any,
    ) -> None:
        """`said` is the message sent to each chat; without any no event is recorded."""
        if not said:
            return
        names = await self._people.names(session, [chat for chat in said if chat > 0])
        chats, messages = list(said), list(said.values())
        timeline.record(
            session, incident, what, now, chats=chats, messages=messages, people=list(names.values()), **facts
        )

    async def _tell(
        self,
        session: Session,
        incident: Incident,
        to: Destination,
        person: str,
        *,
        loud: bool,
        now: datetime,
        not_before: datetime | None = None,
        anew: bool = False,
    ) -> AlertMessage:
        card = await self._alert_messages.show_incident(
            session, incident, to, loud=loud, now=now, not_before=not_before, anew=anew
        )
        message = await alert_messages.outbox_row(session, card)
        # An edit of a message that was sent already makes no sound.
        was_there = message.created_at < now and message.state not in outbox.WAITING
        added: dict[str, Any] = {"added": True} if was_there else {}
        timeline.record(
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
            timeline.record(
                session, incident, "held", now, rule="quiet", until=not_before.isoformat(), by=person, reason=""
            )
        return card


def _is_asked(incident: Incident, chat: int) -> bool:
    return chat in notified_people.asked(incident.facts) or chat == incident.facts.get("handed_id")


def _is_in_hand(incident: Incident) -> bool:
    return incident.acknowledged_at is not None or bool(notified_people.paged(incident.facts))


async def _was_woken(session: Session, card: AlertMessage, since: datetime) -> bool:
    """Return True when a notification with a sound was queued for the chat since then."""
    at = await alert_messages.newest_loud_at(session, card.chat_id)
    return at is not None and at > since
