"""Messages about ended calls: the card of one, and the list of many; enqueued and edited in the caller's session."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from bot.calls.call_lists import CallMessage
from bot.calls.ended_calls import EndedCall
from bot.calls.outcome import Outcome
from bot.messages.message import Button, Rows, grid, mark, stored
from bot.notifications.calls.recording_buttons import APART, recording_buttons
from bot.store.database import Session
from bot.store.messages import outbox
from bot.store.messages.keyboards import new_keyboard
from bot.store.messages.told_calls import ToldMessage
from bot.store.tables.messages import Keyboard, Outgoing
from bot.text.phone_numbers import same_number

MAX_PHONES = 2
MAX_NAME = 40
BUTTONS_IN_A_ROW = 5
# Of one message; a PBX that tells something else each time is not followed for ever.
MAX_EDITS = 10


class ToldChat(NamedTuple):
    """Chat that is told of calls of a station. `masked` hides numbers in part, `may_listen` shows the buttons of
    recordings."""

    station: str
    id: int
    masked: bool
    may_listen: bool


def tell(session: Session, chat: ToldChat, thread: int | None, message: CallMessage, now: datetime) -> None:
    """Enqueue a message, without a sound."""
    is_card = len(message.calls) == 1 and not message.left
    calls = [_shown(call, with_recordings=is_card) for call in message.calls]
    left = [call.linkedid for call in message.left]
    outbox.enqueue(
        session,
        chat_id=chat.id,
        thread_id=thread,
        template="call_card" if is_card else "call_list",
        facts={"station": chat.station, "calls": calls, "left": left},
        keyboard=_keyboard(chat, calls, is_card=is_card, now=now),
        silent=True,
        masked=chat.masked,
        now=now,
    )


def correct(
    session: Session, chat: ToldChat, told: Sequence[ToldMessage], calls: Mapping[str, EndedCall], now: datetime
) -> bool:
    """Edit the messages that show a call otherwise than it is; return True if there are any."""
    edited = False
    for message in told:
        is_card = message.template == "call_card"
        before = message.facts["calls"]
        after = [
            _shown(calls[shown["linkedid"]], with_recordings=is_card) if shown["linkedid"] in calls else shown
            for shown in before
        ]
        if after == before or message.edits >= MAX_EDITS:
            continue
        outbox.show(
            session,
            session.get_one(Outgoing, message.id),
            template="call_card" if is_card else "call_list",
            facts=message.facts | {"station": chat.station, "calls": after},
            keyboard=_keyboard(chat, after, is_card=is_card, now=now),
            now=now,
        )
        edited = True
    return edited


def _shown(call: EndedCall, *, with_recordings: bool) -> dict[str, Any]:
    """Return the facts of a call; they are compared with those that a message shows."""
    by = call.by or (("", "") if not call.rang else call.rang[-1])
    return {
        "linkedid": call.linkedid,
        "start": call.start.isoformat(),
        "incoming": True,
        "internal": False,
        "answered": call.outcome is Outcome.ANSWERED,
        "after_hours": call.after_hours,
        "source": call.number if same_number(call.number) else "",
        "source_name": call.name[:MAX_NAME],
        "target": by[0],
        "target_name": by[1][:MAX_NAME],
        "rang": [_phone(phone) for phone in call.rang[:MAX_PHONES]],
        "more": max(0, len(call.rang) - MAX_PHONES),
        "did": call.did,
        "passed_to": [_phone(phone) for phone in call.passed_to[:MAX_PHONES]],
        "waited": call.waited,
        "talk": call.talk,
        "voicemail": call.voicemail,
        "message": call.message,
        "recorded": list(call.recorded) if with_recordings else [],
    }


def _phone(phone: tuple[str, str]) -> dict[str, str]:
    return {"number": phone[0], "name": phone[1][:MAX_NAME]}


def _keyboard(chat: ToldChat, calls: Sequence[dict[str, Any]], *, is_card: bool, now: datetime) -> Keyboard:
    rows = _card_buttons(chat, calls[0]) if is_card else _list_buttons(calls)
    return new_keyboard(chat.id, stored(rows), now=now, station=chat.station)


def _card_buttons(chat: ToldChat, call: Mapping[str, Any]) -> Rows:
    recordings = recording_buttons(call["linkedid"], call["recorded"], {APART: True}) if chat.may_listen else []
    details = Button(mark("🔍 Details"), "cdr.record", {"linkedid": call["linkedid"], APART: True})
    return grid((*recordings, details), BUTTONS_IN_A_ROW)


def _list_buttons(calls: Sequence[Mapping[str, Any]]) -> Rows:
    buttons = [
        Button(f"{number}", "cdr.record", {"linkedid": call["linkedid"], APART: True})
        for number, call in enumerate(calls, 1)
    ]
    return grid(buttons, BUTTONS_IN_A_ROW)
