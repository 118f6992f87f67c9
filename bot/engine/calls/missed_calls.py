"""Cards of missed callers, from a look at the call records of one PBX."""

from collections.abc import Sequence
from datetime import datetime

from bot.access.policy import AccessContext, Permission
from bot.calls.missed_cards import CardChange, Wish, decide
from bot.engine.calls.follower import MAX_ABSENCE
from bot.engine.calls.look import Look, with_misses
from bot.notifications.calls.chat_cards import ChatCards
from bot.notifications.calls.missed_cards import newest_call
from bot.runtime.clock import Zone
from bot.store.access.grants import Grants
from bot.store.database import Session
from bot.store.messages import blocked_chats
from bot.store.stations import call_subscriptions, missed_cards
from bot.store.tables.calls import CallKind, CallSubscription, MissedCard


class MissedCallCards:
    """Cards in the chats that are told of missed calls. `mask_numbers`: numbers are masked in those without the right
    to read them."""

    def __init__(self, station: str, zone: Zone, grants: Grants, *, mask_numbers: bool) -> None:
        self._station = station
        self._zone = zone
        self._grants = grants
        self._mask_numbers = mask_numbers

    def has_news(self, session: Session, look: Look, now: datetime) -> bool:
        return any(
            change.misses
            for one in self._subscriptions(session)
            for change in self._changes(one, _recent_cards(session, one, now), look)
        )

    def apply(self, session: Session, look: Look, now: datetime) -> bool:
        """Change the cards in each chat that may be told of calls and takes messages."""
        access, closed, queued = self._grants.read(session), blocked_chats.closed(session), False
        for one in self._subscriptions(session):
            may_be_told = access.may(self._context(one.by_id, one.chat_id, now), Permission.MISSED_FOLLOW).allowed
            if not may_be_told or one.chat_id in closed:
                continue
            may_read = access.may(self._context(one.chat_id, one.chat_id, now), Permission.NUMBERS_READ).allowed
            recent = _recent_cards(session, one, now)
            changes = self._changes(one, recent, look)
            masked = self._mask_numbers and not may_read
            chat = ChatCards(session, one, recent, now=now, zone=self._zone(), masked=masked)
            queued = chat.tell(changes) or queued
        return queued

    def _subscriptions(self, session: Session) -> Sequence[CallSubscription]:
        return call_subscriptions.of_station(session, self._station, CallKind.MISSED)

    def _changes(self, one: CallSubscription, recent: Sequence[MissedCard], look: Look) -> list[CardChange]:
        wish, since = Wish(tuple(one.phones), tuple(one.numbers)), self._local(one.at)
        return decide(
            with_misses(look.callers, lambda miss: miss.end >= since and wish.includes(miss)),
            {caller: newest_call(card) for caller, card in _open_by_caller(recent).items()},
            {call["linkedid"] for card in recent for call in card.calls},
        )

    def _context(self, person: int, chat: int, now: datetime) -> AccessContext:
        return AccessContext(person=person, chat=chat, private=chat > 0, station=self._station, now=now, member=True)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone()).replace(tzinfo=None)


def _recent_cards(session: Session, one: CallSubscription, now: datetime) -> Sequence[MissedCard]:
    """Return the cards that may have a call that is read now."""
    return missed_cards.recent(session, one.station, one.chat_id, now - 2 * MAX_ABSENCE)


def _open_by_caller(recent: Sequence[MissedCard]) -> dict[str, MissedCard]:
    return {card.caller: card for card in recent if card.closed_at is None}
