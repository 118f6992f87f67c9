"""Queries for queued outbox rows that are due, most urgent first.

A failed row that waits for its retry holds back later rows of its chat, except more urgent ones; a row scheduled for
later holds back none.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, exists, func, select
from sqlalchemy.orm import Session, aliased

from bot.store.messages import supergroups
from bot.store.messages.outbox import QUEUED_STATES, Urgency
from bot.store.tables.chats import ChatMigration
from bot.store.tables.messages import Outgoing

MOST_URGENT_FIRST = (Outgoing.urgency, Outgoing.id)

# Built once: when 1,000 PBXs go down, building these for each call took a tenth of the CPU time.
_NOW = bindparam("now", type_=Outgoing.not_before.type)
_CHAT = Outgoing.chat_id == bindparam("chat")


def _is_due() -> list[ColumnElement[bool]]:
    retry, original = aliased(Outgoing), aliased(Outgoing)
    behind_retry = exists().where(
        retry.chat_id == Outgoing.chat_id,
        retry.id < Outgoing.id,
        retry.urgency <= Outgoing.urgency,
        retry.state.in_(QUEUED_STATES),
        retry.attempts > 0,
        retry.not_before > _NOW,
    )
    before_original = exists().where(
        Outgoing.message_id.is_(None),
        original.id == Outgoing.about,
        original.state.in_((*QUEUED_STATES, "sending")),
    )
    return [Outgoing.state.in_(QUEUED_STATES), Outgoing.not_before <= _NOW, ~behind_retry, ~before_original]


_IS_DUE = _is_due()
_CHATS_WITH_DUE = select(Outgoing.chat_id).where(*_IS_DUE).distinct()
_URGENCY = select(Outgoing.urgency).where(_CHAT, *_IS_DUE).order_by(*MOST_URGENT_FIRST).limit(1)
_FIRST_OF_CHAT = select(Outgoing).where(_CHAT, *_IS_DUE).order_by(*MOST_URGENT_FIRST).limit(1)
_NEXT_AFTER = select(func.min(Outgoing.not_before)).where(Outgoing.state.in_(QUEUED_STATES), Outgoing.not_before > _NOW)


def chats_with_due(session: Session, now: datetime) -> list[int]:
    """Return the chats whose queue has a due row."""
    found = session.execute(_CHATS_WITH_DUE, {"now": now})
    return list(found.scalars())


def urgency_of_chat(session: Session, chat_id: int, now: datetime) -> Urgency | None:
    """Return the urgency of the chat's next due row; None if there is none."""
    found = session.execute(_URGENCY, {"now": now, "chat": chat_id})
    urgency = found.scalar_one_or_none()
    return None if urgency is None else Urgency(urgency)


def first_of_chat(session: Session, chat_id: int, now: datetime) -> Outgoing | None:
    """Return the chat's next queued row that is due, attached to the session; None if there is none."""
    found = session.execute(_FIRST_OF_CHAT, {"now": now, "chat": chat_id})
    return found.scalar_one_or_none()


def next_after(session: Session, now: datetime) -> datetime | None:
    """Return the earliest time at which a row that is not yet due becomes due."""
    found = session.execute(_NEXT_AFTER, {"now": now})
    return found.scalar_one_or_none()


def follow_chat_migrations(session: Session, now: datetime) -> None:
    """Move queued rows of groups that became supergroups to the new chat id."""
    found = session.execute(
        select(ChatMigration.old_id, ChatMigration.new_id)
        .join(Outgoing, Outgoing.chat_id == ChatMigration.old_id)
        .where(Outgoing.state.in_(QUEUED_STATES))
        .distinct()
    )
    for old_id, new_id in found.all():
        supergroups.migrate(session, old_id, new_id, now)


def untried(session: Session, chat_id: int, thread_id: int | None, template: str, station: str) -> list[Outgoing]:
    """Return the queued rows of a chat, template and station with no delivery attempt, oldest first."""
    found = session.execute(
        select(Outgoing)
        .where(
            Outgoing.chat_id == chat_id,
            Outgoing.tried_at.is_(None),
            Outgoing.state == "pending",
            Outgoing.thread_id.is_(None) if thread_id is None else Outgoing.thread_id == thread_id,
            Outgoing.template == template,
            # Not compared here: each PBX of a new fleet may have a row in one chat.
            Outgoing.facts["station"].as_string() == station,
        )
        .order_by(Outgoing.id)
    )
    return list(found.scalars())


def find(session: Session, row_id: int) -> Outgoing | None:
    return session.get(Outgoing, row_id)


def detach(session: Session, row: Outgoing) -> None:
    """Remove a row from the session: later changes of its attributes are not written."""
    session.expunge(row)
