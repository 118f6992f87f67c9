"""Messages that show ended calls. The outbox itself is the record of what a chat was told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from bot.store.tables.messages import Keyboard, Outgoing

TEMPLATES = ("call_card", "call_list")
# Longer than calls are read again; a busy PBX has thousands a day.
KEPT = timedelta(days=3)


@dataclass(slots=True)
class ToldMessage:
    """Row of the outbox that sends the message, and what the message shows now, or will when it is sent; `edits` were
    made of it."""

    id: int
    template: str
    facts: dict[str, Any]
    edits: int = 0


def told(session: Session, station: str, chat_id: int, since: datetime) -> list[ToldMessage]:
    """Return the messages of a chat about calls of a station, queued since that time."""
    found = session.execute(
        select(Outgoing.id, Outgoing.about, Outgoing.template, Outgoing.facts, Outgoing.state)
        # The buttons are of the station by whatever name it has now.
        .join(Keyboard, Keyboard.id == Outgoing.keyboard_id)
        .where(
            Keyboard.station == station,
            # An attempt is never before the creation; it has the index, which is used for each half.
            or_(
                and_(Outgoing.chat_id == chat_id, Outgoing.tried_at.is_(None)),
                and_(Outgoing.chat_id == chat_id, Outgoing.tried_at >= since),
            ),
            Outgoing.created_at >= since,
            is_about_calls(),
        )
        .order_by(Outgoing.id)
    )
    messages: dict[int, ToldMessage] = {}
    for row in found:
        if row.about is None:
            messages[row.id] = ToldMessage(row.id, row.template, row.facts)
        elif row.about in messages:
            message = messages[row.about]
            message.edits += 1
            # A dropped edit is older than what the message shows.
            message.facts = row.facts if row.state != "dropped" else message.facts
    return list(messages.values())


def is_about_calls() -> ColumnElement[bool]:
    return Outgoing.template.in_(TEMPLATES)


def linkedids(messages: Iterable[ToldMessage]) -> set[str]:
    """Return the calls that the messages show, or count."""
    return {call["linkedid"] for one in messages for call in one.facts["calls"]} | {
        linkedid for one in messages for linkedid in one.facts["left"]
    }
