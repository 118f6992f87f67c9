"""Notifications about a change, queued in the session of the change."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.access.policy import Destination
from bot.store.messages import outbox
from bot.store.messages.keyboards import new_keyboard


@dataclass(frozen=True, slots=True)
class Notice:
    """Notification to one person or chat. `rows` are stored buttons that only the recipient may press, once."""

    to: Destination
    template: str
    facts: dict[str, Any]
    rows: list[list[dict[str, Any]]] | None = None
    lifetime: timedelta | None = None


def enqueue_notices(session: Session, now: datetime, notices: Iterable[Notice]) -> None:
    """Add the notifications and their keyboards to the session; wake the delivery worker after the commit."""
    for notice in notices:
        keyboard = notice.rows and new_keyboard(
            notice.to.chat,
            notice.rows,
            now=now,
            station=str(notice.facts.get("station", "")),
            asker_id=notice.to.chat,
            single_use=True,
            lifetime=notice.lifetime,
        )
        outbox.enqueue(
            session,
            chat_id=notice.to.chat,
            thread_id=notice.to.thread,
            template=notice.template,
            facts=notice.facts,
            now=now,
            keyboard=keyboard or None,
        )
