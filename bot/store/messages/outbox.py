"""Messages that are owed: written in the transaction that makes them owed, taken off when Telegram has them.

A row's life: pending → sending → sent; or back to pending with a later `not_before`, when Telegram surely did not take
it; or uncertain, when it may have: then it goes again and says so; or dead, with the reason and who is told instead; or
dropped, when what it says is over before it could be said.
"""

from datetime import datetime
from enum import IntEnum
from typing import Any, Literal

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.store.tables.chats import ChatHold
from bot.store.tables.incidents import Keyboard, Outgoing

Action = Literal["send", "edit", "delete"]

WAITING = ("pending", "uncertain")
# The program died so often in a row before the message was made: it is not made again.
MAX_CRASHES = 2
# Instead of a template: the row holds the HTML itself.
RENDERED = "rendered"
# The answer to whoever sends more than is read: it concerns nobody else.
NOT_READ = "not_read"
# Core statements, built once: run for every message, where the ORM's overhead is most of the cost.
_OUTBOX = Outgoing.metadata.tables[Outgoing.__tablename__]
_CLAIM = (
    update(_OUTBOX)
    .where(_OUTBOX.c.id == bindparam("row"), _OUTBOX.c.state.in_(WAITING))
    .values(state="sending", attempts=_OUTBOX.c.attempts + 1, tried_at=bindparam("now"))
    .returning(_OUTBOX.c.id)
)
_MARK_SENT = (
    update(_OUTBOX)
    .where(_OUTBOX.c.id == bindparam("row"))
    .values(state="sent", sent_at=bindparam("now"), message_id=bindparam("message"), error=None, html=None)
)


class Urgency(IntEnum):
    """What goes first, within a chat and over all of them."""

    PAGE = 0
    RESOLVE = 1
    ANSWER = 2
    EDIT = 3
    DIGEST = 4


def enqueue(
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
    masked: bool = False,
    urgency: Urgency | None = None,
    not_before: datetime | None = None,
    message_id: int | None = None,
    html: str | None = None,
) -> Outgoing:
    """Put one message into the outbox; it exists once the session's transaction commits.

    `about` is the outbox row of the message that an edit changes, or that a send replies to; `message_id` the same for
    a message that did not go through the outbox. Without an `urgency` a message counts as an answer, the rest as edits.
    """
    if urgency is None:
        urgency = Urgency.ANSWER if action == "send" else Urgency.EDIT
    if keyboard is not None:
        session.add(keyboard)
    row = Outgoing(
        action=action,
        chat_id=chat_id,
        thread_id=thread_id,
        about=about,
        template=template,
        facts=facts,
        html=html,
        keyboard_id=keyboard.id if keyboard else None,
        silent=silent,
        masked=masked,
        urgency=urgency,
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
    urgency: Urgency = Urgency.EDIT,
) -> bool:
    """Make the message of `row` look like this: the newest state wins. What has not left yet is changed where it
    stands, so that a message is never edited more often than it can be. True when it has not left yet."""
    if row.state in WAITING:
        # It failed after a change of it was owed, which is older than what it will show now.
        await session.execute(
            update(Outgoing)
            .where(*_edits_that_wait(row.id))
            .values(state="dropped", error="shown by the message itself")
        )
    waiting = row if row.state in WAITING else await _edit_that_waits(session, row.id)
    if waiting is None:
        enqueue(
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
            urgency=urgency,
        )
        return False
    waiting.urgency = min(waiting.urgency, urgency)
    unseen = waiting.keyboard_id
    if keyboard is not None:
        session.add(keyboard)
        await session.flush()
    waiting.template, waiting.facts, waiting.keyboard_id = template, facts, keyboard.id if keyboard else None
    await session.flush()
    if unseen is not None and waiting.attempts == 0:
        await session.execute(delete(Keyboard).where(Keyboard.id == unseen))
    return waiting is row


async def said_above(session: AsyncSession, keyboard_id: str) -> dict[str, Any] | None:
    """The template and facts of the message with these buttons; None when it did not go through the outbox."""
    found = await session.execute(
        select(Outgoing.template, Outgoing.facts)
        .where(Outgoing.keyboard_id == keyboard_id, Outgoing.template != RENDERED)
        .order_by(Outgoing.id.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return {"template": row.template, "facts": row.facts} if row is not None else None


async def _edit_that_waits(session: AsyncSession, about: int) -> Outgoing | None:
    found = await session.execute(
        select(Outgoing).where(*_edits_that_wait(about)).order_by(Outgoing.id.desc()).limit(1)
    )
    return found.scalar_one_or_none()


def _edits_that_wait(about: int) -> tuple[ColumnElement[bool], ...]:
    return Outgoing.about == about, Outgoing.action == "edit", Outgoing.state.in_(WAITING)


async def waits_to_say(session: AsyncSession, chat_id: int, template: str) -> bool:
    """Whether the chat is owed such a message already."""
    found = await session.execute(
        select(Outgoing.id)
        .where(Outgoing.chat_id == chat_id, Outgoing.state.in_(WAITING), Outgoing.template == template)
        .limit(1)
    )
    return found.scalar_one_or_none() is not None


def drop(row: Outgoing, why: str) -> None:
    """It need not be said any more."""
    row.state, row.error = "dropped", why


async def waiting(session: AsyncSession) -> int:
    found = await session.execute(
        select(func.count()).select_from(Outgoing).where(Outgoing.state.in_((*WAITING, "sending")))
    )
    return found.scalar_one()


async def oldest_due(session: AsyncSession, now: datetime) -> datetime | None:
    """Since when something could go and nothing of its chat was tried, or has been on its way; None when there is no
    such thing. A chat that Telegram told to wait is not late, nor one whose messages fail and are tried again."""
    failed = aliased(Outgoing)
    fails = exists().where(
        failed.chat_id == Outgoing.chat_id, failed.state.in_(WAITING), failed.attempts > 0, failed.not_before > now
    )
    held = exists().where(ChatHold.chat_id == Outgoing.chat_id, ChatHold.until > now)
    waiting = await session.execute(
        select(Outgoing.chat_id, func.min(Outgoing.not_before))
        .where(Outgoing.state.in_(WAITING), Outgoing.not_before <= now, ~fails, ~held)
        .group_by(Outgoing.chat_id)
    )
    since: dict[int, datetime] = {row[0]: row[1] for row in waiting.all()}
    in_those = Outgoing.chat_id.in_(since)
    tried = select(Outgoing.chat_id, func.max(Outgoing.tried_at)).where(in_those)
    put_back = select(Outgoing.chat_id, func.max(Outgoing.not_before)).where(
        in_those, Outgoing.state.in_(WAITING), Outgoing.attempts > 0, Outgoing.not_before <= now
    )
    for query in (tried, put_back):
        found = await session.execute(query.group_by(Outgoing.chat_id))
        for chat, moment in found.all():
            if moment is not None and moment > since[chat]:
                since[chat] = moment
    under_way = await session.execute(select(func.min(Outgoing.tried_at)).where(Outgoing.state == "sending"))
    return min((one for one in (*since.values(), under_way.scalar_one()) if one is not None), default=None)


async def claim(session: AsyncSession, row_id: int, now: datetime) -> bool:
    """Mark a row as being sent; False when somebody else took it."""
    claimed = await session.execute(_CLAIM, {"row": row_id, "now": now})
    return claimed.scalar_one_or_none() is not None


async def can_be_made(session: AsyncSession, row_id: int) -> None:
    """Whatever ends the program from now on is not the making of it."""
    await session.execute(update(Outgoing).where(Outgoing.id == row_id).values(crashes=0))


async def mark_sent(session: AsyncSession, row_id: int, message_id: int | None, now: datetime) -> None:
    await session.execute(_MARK_SENT, {"row": row_id, "now": now, "message": message_id})


async def reschedule(
    session: AsyncSession,
    row_id: int,
    not_before: datetime,
    error: str,
    *,
    possible_repeat: bool = False,
    refused: bool = False,
) -> None:
    """Try again later. `possible_repeat`: Telegram may have it already, so the next attempt says so."""
    row = await session.get_one(Outgoing, row_id)
    row.refusals += refused
    row.possible_repeat = row.possible_repeat or possible_repeat
    row.state = "uncertain" if row.possible_repeat else "pending"
    row.not_before, row.error = not_before, error


async def dead_letter(session: AsyncSession, row_id: int, error: str, fallback: str | None) -> None:
    """It can never be delivered; `fallback` says who is told instead."""
    await session.execute(
        update(Outgoing).where(Outgoing.id == row_id).values(state="dead", error=error, fallback=fallback, html=None)
    )


async def recover_interrupted(session: AsyncSession) -> int:
    """After a crash: rows that were being sent may have arrived. They go again, marked as a possible repeat; perhaps
    it was making one of them that ended the program, so each has one death more until it is made."""
    found = await session.execute(
        update(Outgoing)
        .where(Outgoing.state == "sending")
        .values(state="uncertain", possible_repeat=True, crashes=Outgoing.crashes + 1)
        .returning(Outgoing.id)
    )
    return len(found.scalars().all())
