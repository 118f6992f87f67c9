"""Notifications about a change, queued in the session of the change."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

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


def enqueue_notices(session: AsyncSession, now: datetime, news: Iterable[Notice]) -> None:
    """Add the notifications and their keyboards to the session; wake the delivery worker after the commit."""
    for one in news:
        keyboard = one.rows and new_keyboard(
            one.to.chat,
            one.rows,
            now=now,
            station=str(one.facts.get("station", "")),
            asker_id=one.to.chat,
            single_use=True,
            lifetime=one.lifetime,
        )
        outbox.enqueue(
            session,
            chat_id=one.to.chat,
            thread_id=one.to.thread,
            template=one.template,
            facts=one.facts,
            now=now,
            keyboard=keyboard or None,
        )
