"""Outbox: queue of Telegram messages, written in the session of the change that causes them.

States of a row: pending → sending → sent; back to pending with a later `not_before` if Telegram certainly did not
accept it; uncertain if it may have (timeout, lost answer, crash), then it is retried and marked as a possible repeat;
dead, with the error and the fallback recipient; dropped if obsolete before delivery.
"""

from datetime import datetime
from enum import IntEnum
from typing import Any, Literal

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from bot.store.tables.chats import FloodWait
from bot.store.tables.messages import Keyboard, Outgoing

Action = Literal["send", "edit", "delete"]

QUEUED_STATES = ("pending", "uncertain")
# A message whose rendering crashed the program this many times in a row is not retried.
MAX_CRASHES = 2
# Pseudo-template: the row contains the HTML itself.
RENDERED = "rendered"
# Reply to a person whose updates exceed the limit; not forwarded as a fallback.
NOT_READ = "not_read"
# Core statements, built once: run for every message, where ORM overhead dominates.
_OUTBOX = Outgoing.metadata.tables[Outgoing.__tablename__]
_CLAIM = (
    update(_OUTBOX)
    .where(_OUTBOX.c.id == bindparam("row"), _OUTBOX.c.state.in_(QUEUED_STATES))
    .values(state="sending", attempts=_OUTBOX.c.attempts + 1, tried_at=bindparam("now"))
    .returning(_OUTBOX.c.id)
)
_MARK_SENT = (
    update(_OUTBOX)
    .where(_OUTBOX.c.id == bindparam("row"))
    .values(state="sent", sent_at=bindparam("now"), message_id=bindparam("message"), error=None, html=None)
)


class Urgency(IntEnum):
    """Order of the queue, within a chat and over all chats."""

    PAGE = 0
    RESOLVE = 1
    ANSWER = 2
    EDIT = 3
    DIGEST = 4


def enqueue(
    session: Session,
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
    """Add a message and its keyboard to the session; the id is set at its next flush. Wake the delivery worker after
    the commit.

    `about` is the outbox row that an edit changes or a send replies to; `message_id` is the same for a message sent
    outside the outbox. The default `urgency` is ANSWER for a send, EDIT otherwise.
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


def id_of(session: Session, row: Outgoing) -> int:
    """Insert a row added in this transaction, if it is not yet; return its id."""
    session.flush()
    return row.id


def show(
    session: Session,
    row: Outgoing,
    *,
    template: str,
    facts: dict[str, Any],
    keyboard: Keyboard | None,
    now: datetime,
    not_before: datetime | None = None,
    urgency: Urgency = Urgency.EDIT,
) -> bool:
    """Set the current content of the message of `row`; the newest content wins. Return True if the message is not yet
    sent.

    A queued send or edit is changed in place, so edits do not accumulate in the queue. Flushes the session.
    """
    if row.state in QUEUED_STATES:
        # Queued for a retry after an edit was queued: that edit is older than the new content.
        session.execute(
            update(Outgoing)
            .where(*_is_queued_edit(row.id))
            .values(state="dropped", error="shown by the message itself")
        )
    queued = row if row.state in QUEUED_STATES else _queued_edit(session, row.id)
    if queued is None:
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
            masked=row.masked,
            not_before=not_before,
            urgency=urgency,
        )
        return False
    queued.urgency = min(queued.urgency, urgency)
    replaced = queued.keyboard_id
    if keyboard is not None:
        session.add(keyboard)
        session.flush()
    queued.template, queued.facts, queued.keyboard_id = template, facts, keyboard.id if keyboard else None
    session.flush()
    if replaced is not None and queued.attempts == 0:
        session.execute(delete(Keyboard).where(Keyboard.id == replaced))
    return queued is row


def content_above(session: Session, keyboard_id: str) -> dict[str, Any] | None:
    """Return the template and facts of the message with a keyboard; None if it was sent outside the outbox."""
    found = session.execute(
        select(Outgoing.template, Outgoing.facts)
        .where(Outgoing.keyboard_id == keyboard_id, Outgoing.template != RENDERED)
        .order_by(Outgoing.id.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return {"template": row.template, "facts": row.facts} if row is not None else None


def _queued_edit(session: Session, about: int) -> Outgoing | None:
    found = session.execute(select(Outgoing).where(*_is_queued_edit(about)).order_by(Outgoing.id.desc()).limit(1))
    return found.scalar_one_or_none()


def _is_queued_edit(about: int) -> tuple[ColumnElement[bool], ...]:
    return Outgoing.about == about, Outgoing.action == "edit", Outgoing.state.in_(QUEUED_STATES)


def is_queued(session: Session, chat_id: int, template: str) -> bool:
    """Return True if a message of this template is already queued for the chat."""
    found = session.execute(
        select(Outgoing.id)
        .where(Outgoing.chat_id == chat_id, Outgoing.state.in_(QUEUED_STATES), Outgoing.template == template)
        .limit(1)
    )
    return found.scalar_one_or_none() is not None


def drop(row: Outgoing, reason: str) -> None:
    """Mark a row of an open session as obsolete: it leaves the queue."""
    row.state, row.error = "dropped", reason


def queued_count(session: Session) -> int:
    """Return the length of the queue, with the messages that are being sent."""
    found = session.execute(
        select(func.count()).select_from(Outgoing).where(Outgoing.state.in_((*QUEUED_STATES, "sending")))
    )
    return found.scalar_one()


def oldest_due(session: Session, now: datetime) -> datetime | None:
    """Return the time since when a due row of any chat was neither attempted nor finished sending; None if there is
    none.

    Chats that Telegram asked to wait and chats whose deliveries fail and are retried do not count.
    """
    failed = aliased(Outgoing)
    retries = exists().where(
        failed.chat_id == Outgoing.chat_id,
        failed.state.in_(QUEUED_STATES),
        failed.attempts > 0,
        failed.not_before > now,
    )
    in_flood_wait = exists().where(FloodWait.chat_id == Outgoing.chat_id, FloodWait.until > now)
    due = session.execute(
        select(Outgoing.chat_id, func.min(Outgoing.not_before))
        .where(Outgoing.state.in_(QUEUED_STATES), Outgoing.not_before <= now, ~retries, ~in_flood_wait)
        .group_by(Outgoing.chat_id)
    )
    since: dict[int, datetime] = {row[0]: row[1] for row in due.all()}
    in_chats = Outgoing.chat_id.in_(since)
    attempts = select(Outgoing.chat_id, func.max(Outgoing.tried_at)).where(in_chats)
    rescheduled = select(Outgoing.chat_id, func.max(Outgoing.not_before)).where(
        in_chats, Outgoing.state.in_(QUEUED_STATES), Outgoing.attempts > 0, Outgoing.not_before <= now
    )
    for query in (attempts, rescheduled):
        found = session.execute(query.group_by(Outgoing.chat_id))
        for chat, time in found.all():
            if time is not None and time > since[chat]:
                since[chat] = time
    sending = session.execute(select(func.min(Outgoing.tried_at)).where(Outgoing.state == "sending"))
    return min((time for time in (*since.values(), sending.scalar_one()) if time is not None), default=None)


def claim(session: Session, row_id: int, now: datetime) -> bool:
    """Mark a row as sending; False if it is no longer queued. Commit the session before the request to Telegram."""
    claimed = session.execute(_CLAIM, {"row": row_id, "now": now})
    return claimed.scalar_one_or_none() is not None


def mark_rendered(session: Session, row_id: int) -> None:
    """Reset the crash count: the message was rendered, so later crashes have another cause."""
    session.execute(update(Outgoing).where(Outgoing.id == row_id).values(crashes=0))


def mark_sent(session: Session, row_id: int, message_id: int | None, now: datetime) -> None:
    """Take a delivered message out of the queue."""
    session.execute(_MARK_SENT, {"row": row_id, "now": now, "message": message_id})


def reschedule(
    session: Session,
    row_id: int,
    not_before: datetime,
    error: str,
    *,
    possible_repeat: bool = False,
    refused: bool = False,
) -> None:
    """Queue a row for a retry. `possible_repeat`: Telegram may have accepted it, so the retry is marked as such."""
    row = session.get_one(Outgoing, row_id)
    row.refusals += refused
    row.possible_repeat = row.possible_repeat or possible_repeat
    row.state = "uncertain" if row.possible_repeat else "pending"
    row.not_before, row.error = not_before, error


def dead_letter(session: Session, row_id: int, error: str, fallback: str | None) -> None:
    """Mark a row as undeliverable; `fallback` names the recipient that is notified instead."""
    session.execute(
        update(Outgoing).where(Outgoing.id == row_id).values(state="dead", error=error, fallback=fallback, html=None)
    )


def recover_interrupted(session: Session) -> int:
    """Queue rows that were being sent when the program crashed, and return their number.

    They may have arrived, so they are marked as possible repeats; rendering one may have caused the crash, so each
    counts one more crash until it is rendered.
    """
    found = session.execute(
        update(Outgoing)
        .where(Outgoing.state == "sending")
        .values(state="uncertain", possible_repeat=True, crashes=Outgoing.crashes + 1)
        .returning(Outgoing.id)
    )
    return len(found.scalars().all())
