"""End of what a chat asked to be told, when the person who asked loses the right: the chat is told so, once."""

from collections.abc import Collection, Sequence
from datetime import datetime

from bot.calls.digest_schedule import DigestKind
from bot.config.working_hours import DAYS
from bot.messages.message import Button, Rows, mark, stored
from bot.notifications.calls.missed_card_presses import end_cards
from bot.notifications.calls.told_chats import ToldChats
from bot.store.database import Session
from bot.store.messages import outbox
from bot.store.messages.keyboards import new_keyboard
from bot.store.stations import call_subscriptions, digests
from bot.store.tables.calls import CallKind, CallSubscription, Digest

LABELS = {
    CallKind.MISSED: mark("🔔 Missed calls"),
    CallKind.CALLS: mark("🔔 All calls"),
    CallKind.VOICEMAIL: mark("🔔 Voicemail"),
    DigestKind.DAILY: mark("🗞 Daily digest"),
    DigestKind.WEEKLY: mark("🗞 Weekly digest"),
}


def end(session: Session, chats: ToldChats, wishes: Collection[CallSubscription | Digest], now: datetime) -> bool:
    """End the wishes of chats that take messages but may not be told of them any more; return True if there are any."""
    by_place: dict[tuple[int, int | None], list[CallSubscription | Digest]] = {}
    for one in wishes:
        if chats.takes_messages(one.chat_id) and not chats.has_right(one):
            # A button asks again for the topic that it is in.
            by_place.setdefault((one.chat_id, one.thread_id), []).append(one)
    for ended in by_place.values():
        _tell(session, ended, now)
        for one in ended:
            _remove(session, one, now)
    return bool(by_place)


def _remove(session: Session, one: CallSubscription | Digest, now: datetime) -> None:
    if isinstance(one, Digest):
        digests.remove(session, one.station, one.chat_id, [one.kind])
        return
    if one.kind == CallKind.MISSED:
        end_cards(session, one.station, one.chat_id, now)
    call_subscriptions.remove(session, one.station, one.chat_id, CallKind(one.kind))


def _tell(session: Session, ended: Sequence[CallSubscription | Digest], now: datetime) -> None:
    """Queue the message, without a sound. In a group, whoever has the right can ask again with a button."""
    first = ended[0]
    rows: Rows = () if first.chat_id > 0 else tuple((_again(one),) for one in ended)
    outbox.enqueue(
        session,
        chat_id=first.chat_id,
        thread_id=first.thread_id,
        template="right_lost",
        facts={
            "station": first.station,
            "ended": [one.kind for one in ended],
            "by": list(dict.fromkeys(one.by_name for one in ended)),
            "private": first.chat_id > 0,
        },
        keyboard=new_keyboard(first.chat_id, stored(rows), now=now, station=first.station) if rows else None,
        silent=True,
        now=now,
    )


def _again(one: CallSubscription | Digest) -> Button:
    if isinstance(one, Digest):
        kind, command = DigestKind(one.kind), "digest"
        arguments = f"{one.kind} {','.join(DAYS[day] for day in one.days)} {one.at}"
        return Button(LABELS[kind], "notify.again", {"command": command, "arguments": arguments})
    of = [name for word, named in (("of", one.phones), ("number", one.numbers)) if named for name in (word, *named)]
    arguments = " ".join([one.kind, "here", *of])
    return Button(LABELS[CallKind(one.kind)], "notify.again", {"command": "notify", "arguments": arguments})
