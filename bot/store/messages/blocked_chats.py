"""Chats that accept no messages: the bot is blocked, removed or muted there, or Telegram asked it to wait (HTTP 429),
possibly for longer than the process runs."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from bot.store.tables.chats import ClosedChat, FloodWait
from bot.store.tables.messages import Outgoing
from bot.store.upsert import Upsert

TOPIC_CLOSED = "topic_closed"
_CLOSED = ClosedChat.metadata.tables[ClosedChat.__tablename__]
# Core statements, built once: run for every private update.
_SELECT_CLOSED = select(_CLOSED.c.chat_id, _CLOSED.c.at).where(
    _CLOSED.c.chat_id.in_(bindparam("chats", expanding=True))
)
_SELECT_REOPENED_BY_TOPIC = _SELECT_CLOSED.where(func.lower(_CLOSED.c.reason) != TOPIC_CLOSED)
_INSERT_CLOSED = Upsert(lambda insert: insert(ClosedChat).on_conflict_do_nothing().returning(ClosedChat.chat_id))


def close(session: Session, chat_id: int, reason: str, at: datetime) -> bool:
    """Store a chat as closed since `at`; return False if it was already closed.

    The earlier time is kept: `reopen` queues the edits attempted since then for a retry.
    """
    closed = session.execute(_INSERT_CLOSED.of(session), {"chat_id": chat_id, "reason": reason, "at": at})
    newly = closed.scalar_one_or_none() is not None
    if not newly:
        session.execute(update(ClosedChat).where(ClosedChat.chat_id == chat_id, ClosedChat.at > at).values(at=at))
    return newly


def reopen(session: Session, chats: Iterable[int], now: datetime, *, in_topic: bool = False) -> Mapping[int, datetime]:
    """Delete the closed chats among `chats` and return the time since when each was closed.

    The newest failed edit of each message there is queued for a retry. With `in_topic`, chats whose General topic is
    closed stay closed: an update from a topic does not prove that General is open.
    """
    # Runs for every private update, and rarely finds a closed chat: select before any write.
    query = _SELECT_REOPENED_BY_TOPIC if in_topic else _SELECT_CLOSED
    opened = session.connection().execute(query, {"chats": tuple(chats)}).all()
    if not opened:
        return {}
    newer = aliased(Outgoing)
    outdated = exists().where(
        newer.about == Outgoing.about, newer.action == "edit", newer.id > Outgoing.id, newer.state != "dropped"
    )
    session.execute(delete(ClosedChat).where(ClosedChat.chat_id.in_([chat_id for chat_id, _ in opened])))
    for chat_id, closed_at in opened:
        failed_edits = (Outgoing.chat_id == chat_id, Outgoing.state == "dead", Outgoing.action == "edit", ~outdated)
        session.execute(
            update(Outgoing)
            .where(*failed_edits, Outgoing.tried_at >= closed_at)
            .values(state="pending", not_before=now)
            .execution_options(synchronize_session=False)
        )
    return {row[0]: row[1] for row in opened}


def closed(session: Session) -> frozenset[int]:
    return frozenset(session.execute(select(ClosedChat.chat_id)).scalars())


def reasons(session: Session, chats: Iterable[int]) -> Mapping[int, str]:
    """Return the reason for each closed chat among `chats`."""
    query = select(ClosedChat.chat_id, ClosedChat.reason).where(ClosedChat.chat_id.in_(tuple(chats)))
    return {row.chat_id: row.reason for row in session.execute(query)}


def store_flood_wait(session: Session, chat_id: int, until: datetime) -> None:
    """Store the time until which Telegram asked not to send to the chat."""
    session.merge(FloodWait(chat_id=chat_id, until=until))


def flood_waits(session: Session, now: datetime) -> dict[int, datetime]:
    """Return the time until which each chat is held; delete holds that have ended by `now`."""
    session.execute(delete(FloodWait).where(FloodWait.until <= now))
    found = session.execute(select(FloodWait))
    return {row.chat_id: row.until for row in found.scalars()}
