"""Messages of the notice that a PBX's calls cannot be read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.store.database import Session
from bot.store.messages import outbox
from bot.store.tables.calls import CallSubscription


def enqueue_unread_calls(
    session: Session, wishes: Sequence[CallSubscription], since: datetime, lacks: str, now: datetime
) -> None:
    """Queue the silent notice for the subscriptions of one chat and topic. Calls that ended after `since` are not read.
    `lacks`: row of the API key whose absence is the cause, "" for another cause."""
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
    """Queue the silent end of the notice of `since`. Calls that ended before `told_from` are not delivered any more."""
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
