"""Messages that are owed: written in the transaction that makes them owed, taken off when Telegram has them.

A row's life: pending → sending → sent, or back to pending with a later `not_before`, or dead with its reason; or
dropped, when what it says is over before it could be said.
"""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.store.tables import Keyboard, Outgoing

Action = Literal["send", "edit", "delete"]


def owe(
    session: AsyncSession,
    *,
    chat_id: int,
    thread_id: int | None,
    template: str,
    facts: dict[str, Any],
    now: datetime,
    action: Action = "send",
    about: int | None = None,
    keyboard: Keyboard | None = None,
    silent: bool = False,
    not_before: datetime | None = None,
    message_id: int | None = None,
) -> Outgoing:
    """Put one message into the outbox; it exists once the session's transaction commits.

    `about` is the outbox row of the message that an edit changes, or that a send replies to.
    """
    if keyboard is not None:
        session.add(keyboard)
    row = Outgoing(
        action=action,
        chat_id=chat_id,
        thread_id=thread_id,
        about=about,
        template=template,
        facts=facts,
        keyboard_id=keyboard.id if keyboard else None,
        silent=silent,
        state="pending",
        created_at=now,
        not_before=not_before or now,
        message_id=message_id,
    )
    session.add(row)
    return row


async def show(
    session: AsyncSession,
    row: Outgoing,
    *,
    template: str,
    facts: dict[str, Any],
    keyboard: Keyboard | None,
    now: datetime,
    not_before: datetime | None = None,
) -> bool:
    """Make the message of `row` look like this: the newest state wins. What has not left yet is changed where it
    stands, so that a message is never edited more often than it can be. True when it has not left yet."""
    waiting = row if row.state == "pending" else await _edit_that_waits(session, row.id)
    if waiting is None:
        owe(
            session,
            action="edit",
            chat_id=row.chat_id,
            thread_id=row.thread_id,
            about=row.id,
            template=template,
            facts=facts,
            now=now,
            keyboard=keyboard,
            silent=True,
            not_before=not_before,
        )
        return False
    unseen = waiting.keyboard_id
    if keyboard is not None:
        session.add(keyboard)
        await session.flush()
    waiting.template, waiting.facts, waiting.keyboard_id = template, facts, keyboard.id if keyboard else None
    await session.flush()
    if unseen is not None and waiting.attempts == 0:
        await session.execute(delete(Keyboard).where(Keyboard.id == unseen))
    return waiting is row


async def _edit_that_waits(session: AsyncSession, about: int) -> Outgoing | None:
    found = await session.execute(
        select(Outgoing)
        .where(Outgoing.about == about, Outgoing.action == "edit", Outgoing.state == "pending")
        .order_by(Outgoing.id.desc())
        .limit(1)
    )
    return found.scalar_one_or_none()


def drop(row: Outgoing, why: str) -> None:
    """It need not be said any more."""
    row.state, row.error = "dropped", why


async def waiting(session: AsyncSession) -> int:
    found = await session.execute(
        select(func.count()).select_from(Outgoing).where(Outgoing.state.in_(("pending", "sending")))
    )
    return found.scalar_one()


async def oldest_due(session: AsyncSession, now: datetime) -> datetime | None:
    """Since when something could go and none of its chat went; None when nothing may go. What Telegram told a chat to
    wait for holds all of it, and a chat that works off many is not late."""
    held = aliased(Outgoing)
    is_held = exists().where(
        held.chat_id == Outgoing.chat_id, held.state == "pending", held.attempts > 0, held.not_before > now
    )
    found = await session.execute(
        select(Outgoing.chat_id, func.min(Outgoing.not_before))
        .where(Outgoing.state == "pending", Outgoing.not_before <= now, ~is_held)
        .group_by(Outgoing.chat_id)
    )
    since: dict[int, datetime] = {row[0]: row[1] for row in found.all()}
    tried = await session.execute(
        select(Outgoing.chat_id, func.max(Outgoing.sent_at), func.max(Outgoing.not_before))
        .where(Outgoing.chat_id.in_(since), Outgoing.attempts > 0, Outgoing.not_before <= now)
        .group_by(Outgoing.chat_id)
    )
    for chat, sent_at, not_before in tried.all():
        since[chat] = max(since[chat], sent_at or not_before, not_before)
    return min(since.values(), default=None)


async def claim(session: AsyncSession, row_id: int) -> bool:
    """Mark a row as being sent; False when somebody else took it."""
    claimed = await session.execute(
        update(Outgoing)
        .where(Outgoing.id == row_id, Outgoing.state == "pending")
        .values(state="sending", attempts=Outgoing.attempts + 1)
        .returning(Outgoing.id)
    )
    return claimed.scalar_one_or_none() is not None


async def mark_sent(session: AsyncSession, row_id: int, message_id: int | None, now: datetime) -> None:
    await session.execute(
        update(Outgoing)
        .where(Outgoing.id == row_id)
        .values(state="sent", sent_at=now, message_id=message_id, error=None)
    )


async def put_back(
    session: AsyncSession, row_id: int, not_before: datetime, error: str, *, possible_repeat: bool = False
) -> None:
    """Try again later. `possible_repeat`: Telegram may have it already, so the next attempt says so."""
    values: dict[str, Any] = {"state": "pending", "not_before": not_before, "error": error}
    if possible_repeat:
        values["possible_repeat"] = True
    await session.execute(update(Outgoing).where(Outgoing.id == row_id).values(**values))


async def bury(session: AsyncSession, row_id: int, error: str) -> None:
    await session.execute(update(Outgoing).where(Outgoing.id == row_id).values(state="dead", error=error))


async def recover_interrupted(session: AsyncSession) -> int:
    """After a crash: rows that were being sent may have arrived. They go again, marked as a possible repeat."""
    found = await session.execute(
        update(Outgoing)
        .where(Outgoing.state == "sending")
        .values(state="pending", possible_repeat=True)
        .returning(Outgoing.id)
    )
    return len(found.scalars().all())
