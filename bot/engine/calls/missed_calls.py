"""Cards of missed callers, from a look at the call records of one PBX."""

from collections.abc import Sequence
from datetime import datetime

from bot.calls.missed_cards import CardChange, decide
from bot.calls.pbx_clock import ReadClock
from bot.calls.telling import taking_calls
from bot.engine.calls.look import Look, known_calls, recent_cards, wish_of, with_misses
from bot.notifications.calls import missed_recordings
from bot.notifications.calls.chat_cards import ChatCards
from bot.notifications.calls.missed_cards import newest_call
from bot.notifications.calls.told_chats import ToldChats
from bot.store.access.grants import Grants
from bot.store.database import Session
from bot.store.stations import call_subscriptions
from bot.store.tables.calls import CallKind, CallSubscription, MissedCard


class MissedCallCards:
    """Cards in the chats that are told of missed calls. `mask_numbers`: numbers are masked in those without the right
    to read them. `can_call`: the PBX can be asked to call."""

    def __init__(
        self, station: str, clock: ReadClock, grants: Grants, *, mask_numbers: bool, can_call: bool = False
    ) -> None:
        self._station = station
        self._pbx_clock = clock
        self._grants = grants
        self._mask_numbers = mask_numbers
        self._can_call = can_call

    def has_news(self, session: Session, look: Look, now: datetime) -> bool:
        return any(
            change.misses
            for one in self._subscriptions(session)
            for change in self._changes(one, recent_cards(session, self._station, one.chat_id, now), look)
        )

    def apply(self, session: Session, look: Look, now: datetime) -> bool:
        """Change the cards in each chat that may be told of calls and takes messages."""
        chats, queued = ToldChats(session, self._grants, self._station, now, mask_numbers=self._mask_numbers), False
        taken = taking_calls(look.calls.values())
        for one in filter(chats.may_be_told, self._subscriptions(session)):
            recent = recent_cards(session, self._station, one.chat_id, now)
            changes = self._changes(one, recent, look)
            masked = chats.is_masked(one.chat_id)
            chat = ChatCards(
                session,
                one,
                recent,
                taken,
                now=now,
                pbx_clock=self._pbx_clock(),
                masked=masked,
                can_call=self._can_call,
            )
            queued = chat.tell(changes) or queued
            may_listen, cards = chats.may_listen(one.chat_id), recent_cards(session, self._station, one.chat_id, now)
            queued = missed_recordings.note(session, cards, look.calls, now, may_listen=may_listen) or queued
        return queued

    def _subscriptions(self, session: Session) -> Sequence[CallSubscription]:
        return call_subscriptions.of_station(session, self._station, CallKind.MISSED)

    def _changes(self, one: CallSubscription, recent: Sequence[MissedCard], look: Look) -> list[CardChange]:
        wish, since = wish_of(one), self._pbx_clock().shows(one.at)
        return decide(
            with_misses(look.callers, lambda miss: miss.end >= since and wish.includes(miss)),
            {caller: newest_call(card) for caller, card in _open_by_caller(recent).items()},
            known_calls(recent),
        )


def _open_by_caller(recent: Sequence[MissedCard]) -> dict[str, MissedCard]:
    return {card.caller: card for card in recent if card.closed_at is None}
