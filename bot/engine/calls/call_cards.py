"""Cards of ended incoming calls and of voicemail, from a look at the call records of one PBX."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.calls.call_lists import messages_of
from bot.calls.ended_calls import EndedCall
from bot.calls.outcome import Outcome
from bot.calls.pbx_clock import ReadClock
from bot.engine.calls.look import Look, known_calls, recent_cards, wish_of
from bot.notifications.calls.call_messages import ToldChat, correct, tell
from bot.notifications.calls.told_chats import ToldChats
from bot.pbx.resources.record_models import Direction
from bot.store.access.grants import Grants
from bot.store.database import Session
from bot.store.messages import told_calls
from bot.store.messages.told_calls import ToldMessage
from bot.store.stations import call_subscriptions
from bot.store.tables.calls import CallKind, CallSubscription

# Of its local time, which has one hour twice, and of a clock that was wrong when a call was told.
CLOCK_MARGIN = timedelta(hours=2)

Subscriptions = Mapping[CallKind, CallSubscription]


class Due(NamedTuple):
    """What a chat is to be told: by topic, the calls that no message of it shows yet, and the messages that show the
    others."""

    chat: ToldChat
    new: Mapping[int | None, list[EndedCall]]
    told: list[ToldMessage]


class CallCards:
    """Messages in the chats that are told of calls or voicemail: one of a call, whatever the chat asked for. A missed
    call is on the card of its caller, if the chat has those too."""

    def __init__(self, station: str, clock: ReadClock, grants: Grants, *, mask_numbers: bool) -> None:
        self._station = station
        self._pbx_clock = clock
        self._grants = grants
        self._mask_numbers = mask_numbers

    def has_news(self, session: Session, look: Look, now: datetime) -> bool:
        return any(due.new for due in self._due(session, look, now))

    def apply(self, session: Session, look: Look, now: datetime) -> bool:
        queued = False
        for chat, new, told in self._due(session, look, now):
            for thread, calls in new.items():
                for message in messages_of(calls):
                    tell(session, chat, thread, message, now)
            queued = correct(session, chat, told, look.calls, now) or bool(new) or queued
        return queued

    def _due(self, session: Session, look: Look, now: datetime) -> Iterator[Due]:
        incoming = [call for call in look.calls.values() if call.direction is Direction.INCOMING]
        chats = ToldChats(session, self._grants, self._station, now, mask_numbers=self._mask_numbers)
        for chat, subscriptions in self._by_chat(session, chats).items():
            wanted = [(call, one) for call in incoming if (one := self._asked_for(subscriptions, call))]
            if not wanted:
                continue
            age = self._pbx_clock().shows(now) - min(call.end for call, _ in wanted)
            told = told_calls.told(session, self._station, chat, now - age - CLOCK_MARGIN)
            known = told_calls.linkedids(told) | known_calls(recent_cards(session, self._station, chat, now))
            new: dict[int | None, list[EndedCall]] = {}
            for call, one in wanted:
                if call.linkedid not in known:
                    new.setdefault(one.thread_id, []).append(call)
            yield Due(ToldChat(self._station, chat, chats.is_masked(chat), chats.may_listen(chat)), new, told)

    def _by_chat(self, session: Session, chats: ToldChats) -> Mapping[int, Subscriptions]:
        found: dict[int, dict[CallKind, CallSubscription]] = {}
        for one in call_subscriptions.of_station(session, self._station):
            if chats.may_be_told(one):
                found.setdefault(one.chat_id, {})[CallKind(one.kind)] = one
        return found

    def _asked_for(self, subscriptions: Subscriptions, call: EndedCall) -> CallSubscription | None:
        """Return the subscription that is told of the call; None if the chat is told of it otherwise, or not."""
        asked = {kind: one for kind, one in subscriptions.items() if self._includes(one, call)}
        if CallKind.MISSED in asked and call.outcome is Outcome.MISSED:
            return None
        if call.voicemail is not None and CallKind.VOICEMAIL in asked:
            return asked[CallKind.VOICEMAIL]
        return asked.get(CallKind.CALLS)

    def _includes(self, one: CallSubscription, call: EndedCall) -> bool:
        return call.end >= self._pbx_clock().shows(one.at) and wish_of(one).includes(call)
