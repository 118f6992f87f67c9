"""Cards of a chat after a look at the call records: changed, and told when they are due, in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.calls.missed_calls import MissedCall
from bot.calls.missed_cards import CardChange, Closed, Grown, Opened
from bot.calls.pbx_clock import PbxClock
from bot.calls.telling import is_opening, is_reminded, is_storm, is_told_again, waits_for_opening
from bot.notifications.calls import chat_hours, missed_cards, reminders
from bot.notifications.calls.gatherings import Gatherings
from bot.notifications.calls.missed_card_message import show
from bot.notifications.calls.reminders import is_waiting
from bot.store.database import Session
from bot.store.stations.missed_gatherings import cards_of
from bot.store.tables.calls import CallSubscription, GatheringCause, MissedCard, MissedGathering
from bot.text.phone_numbers import same_number

CLOSED, STORM = GatheringCause.CLOSED, GatheringCause.STORM


class ChatCards:
    """Cards of one chat. `recent`: its open cards, and those closed lately; `taken`: local time at which each number of
    the PBX last took a call; `masked`: the chat may not read numbers; `can_call`: the PBX can be asked to call."""

    def __init__(
        self,
        session: Session,
        subscription: CallSubscription,
        recent: Sequence[MissedCard],
        taken: Mapping[str, datetime],
        *,
        now: datetime,
        pbx_clock: PbxClock,
        masked: bool,
        can_call: bool,
    ) -> None:
        self._session = session
        self._subscription = subscription
        self._cards = list(recent)
        self._taken = taken
        self._now = now
        self._zone, self._moment = pbx_clock.zone, pbx_clock.moment
        self._masked = masked
        self._can_call = can_call
        self._hours = chat_hours.of(session, subscription.station, subscription.chat_id)
        self._opened_at = self._hours.opened_at(now, self._zone)
        self._gatherings = Gatherings(session, subscription, now)
        self._changed: set[int] = set()
        self._to_tell: list[tuple[MissedCard, tuple[MissedCall, ...]]] = []

    def tell(self, changes: Sequence[CardChange]) -> bool:
        """Change the cards, and tell the chat what is due; return True if a message is queued."""
        open_cards = {card.caller: card for card in self._cards if card.closed_at is None}
        for change in changes:
            match change:
                case Opened(caller, misses):
                    card = missed_cards.open_card(self._session, self._subscription, caller, misses, self._now)
                    self._cards.append(card)
                    self._add(card, misses)
                case Grown(caller, misses):
                    missed_cards.add(open_cards[caller], misses)
                    self._add(open_cards[caller], misses)
                case Closed(caller, contact, misses):
                    missed_cards.close(open_cards[caller], contact, misses, self._now)
                    self._changed.add(open_cards[caller].id)
        self._changed |= {card.id for card in missed_cards.apply_time(self._cards, self._now)}
        self._changed |= {card.id for card in missed_cards.offer_calls(self._cards, can_call=self._can_call)}
        queued = self._tell_opening()
        queued = self._tell_callers() or queued
        queued = self._remind() or queued
        for card in self._cards:
            if card.id in self._changed:
                show(self._session, card, self._now)
        self._gatherings.show(self._changed)
        return queued or bool(self._changed)

    def _add(self, card: MissedCard, misses: tuple[MissedCall, ...]) -> None:
        """Decide when the chat is told of further missed calls of a card."""
        self._changed.add(card.id)
        last = misses[-1]
        ended = self._moment(last.end)
        came_closed = self._hours.opened_at(ended, self._zone) is None
        came_closed = came_closed or (self._hours.follows_pbx and last.after_hours)
        told_at = self._gatherings.told_closed_at
        if waits_for_opening(ended, came_closed=came_closed, opened_at=self._opened_at, told_at=told_at):
            self._gatherings.join(CLOSED, card, len(misses), self._moment(misses[0].end))
        elif is_told_again(card.told_at, self._now, claimed=card.claimed_at is not None):
            self._to_tell.append((card, misses))

    def _tell_opening(self) -> bool:
        waiting = self._gatherings.growing(CLOSED)
        if waiting is None:
            return False
        changed_at = self._now if self._is_open_since_changed(waiting) else self._hours.hours_at
        if not (is_opening(self._opened_at, waiting.began_at, changed_at=changed_at) or self._pbx_opened(waiting)):
            return False
        self._gatherings.tell(waiting, masked=self._masked)
        self._gatherings.end(waiting)
        return True

    def _pbx_opened(self, waiting: MissedGathering) -> bool:
        """Return True if a number that greeted a caller as after hours takes calls again, as after a lunch break."""
        if self._opened_at is None or not self._hours.follows_pbx:
            return False
        greeted = [card.calls[-1] for card in cards_of(self._session, waiting) if card.calls[-1]["after_hours"]]
        return any(
            (at := self._taken.get(same_number(call.get("did", "")))) and at > datetime.fromisoformat(call["end"])
            for call in greeted
        )

    def _is_open_since_changed(self, waiting: MissedGathering) -> bool:
        """Return True if the first call waits though it came in the hours: /quiet, which dates no change, was another
        then, and the PBX did not say that it was closed."""
        calls = (call for card in cards_of(self._session, waiting) for call in card.calls)
        first = [call for call in calls if self._moment(datetime.fromisoformat(call["end"])) == waiting.began_at]
        is_open = self._hours.opened_at(waiting.began_at, self._zone) is not None
        return is_open and any(not call["after_hours"] for call in first)

    def _tell_callers(self) -> bool:
        storm, told_closed_at = self._gatherings.growing(STORM), self._gatherings.told_closed_at
        told = [
            card.told_at
            for card in self._cards
            if card.told_at is not None and (told_closed_at is None or card.told_at > told_closed_at)
        ]
        new, is_stormy = len(self._to_tell), False
        if self._opened_at is not None and storm is not None:
            is_stormy = is_storm(told, new, self._now, began_at=storm.told_at)
        if storm is not None and not is_stormy:
            self._gatherings.end(storm)
        is_stormy = is_stormy or is_storm(told, new, self._now, began_at=None)
        for card, misses in self._to_tell:
            if is_stormy:
                self._gatherings.join(STORM, card, len(misses), self._moment(misses[0].end))
            else:
                self._tell_caller(card)
            card.told_at = self._now
        begun = self._gatherings.growing(STORM)
        if begun is not None and begun.told_at is None:
            self._gatherings.tell(begun, masked=self._masked)
        return bool(self._to_tell)

    def _tell_caller(self, card: MissedCard) -> None:
        if card.message is None:
            thread = self._subscription.thread_id
            missed_cards.send(self._session, card, self._now, thread_id=thread, masked=self._masked)
        else:
            reminders.tell_again(self._session, self._subscription, card, self._now, masked=self._masked)

    def _remind(self) -> bool:
        waiting = [card for card in self._cards if is_waiting(card) and card.message is not None]
        due = [card for card in waiting if card.reminded_at is None and self._is_due(card.waits_since)]
        reminders.of_cards(self._session, self._subscription, due, self._now, masked=self._masked)
        reminded = bool(due)
        for row in self._gatherings.open:
            if row.reminded_at is not None or not self._is_due(row.told_at):
                continue
            # The others have cards of their own.
            cards = [card for card in cards_of(self._session, row) if is_waiting(card) and card.message is None]
            if cards:
                reminders.of_gathering(self._session, self._subscription, row, cards, self._now)
                reminded = True
        return reminded

    def _is_due(self, waits_since: datetime | None) -> bool:
        return is_reminded(
            waits_since,
            self._now,
            after=self._hours.remind_after,
            asked_at=self._hours.remind_at,
            opened_at=self._opened_at,
        )
