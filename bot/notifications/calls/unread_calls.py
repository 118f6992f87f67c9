"""Notice that a PBX's call records are not read, so that a chat is told of no calls, and its end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.store.database import Session
from bot.store.messages import outbox
from bot.store.tables.calls import CallSubscription


def enqueue_unread_calls(
    session: Session, wishes: Sequence[CallSubscription], since: datetime, lacks: str, now: datetime
) -> None:
    """Tell one place, without a sound, that what it wishes is not told `since` then. `lacks`: row of the API key
    without which the records are not read, "" if that is not why."""
    outbox.enqueue(
        session,
        chat_id=wishes[0].chat_id,
        thread_id=wishes[0].thread_id,
        template="calls_unread",
        facts=_facts(wishes) | {"since": since.isoformat(), "lacks": lacks},
        silent=True,
        now=now,
    )


def enqueue_read_again(
    session: Session, wishes: Sequence[CallSubscription], since: datetime, told_from: datetime, now: datetime
) -> None:
    """Tell one place, without a sound, that the records are read again: of the calls that ended `since` then, it is
    told of those from `told_from` on."""
    outbox.enqueue(
        session,
        chat_id=wishes[0].chat_id,
        thread_id=wishes[0].thread_id,
        template="calls_read_again",
        facts=_facts(wishes) | {"since": since.isoformat(), "told_from": told_from.isoformat()},
        silent=True,
        now=now,
    )


def _facts(wishes: Sequence[CallSubscription]) -> dict[str, Any]:
    first = wishes[0]
    return {"station": first.station, "private": first.chat_id > 0, "kinds": [one.kind for one in wishes]}
