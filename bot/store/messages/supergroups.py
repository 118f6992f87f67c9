"""Groups that became supergroups: rows with the old chat id get the new one."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from bot.store.tables.base import Table
from bot.store.tables.calls import MissedCard
from bot.store.tables.chats import ChatMigration, ClosedChat, FloodWait
from bot.store.tables.dialog import QuestionRow
from bot.store.tables.messages import Keyboard, Outgoing
from bot.store.tables.people import ContactRow, ContactStationRow, GrantRow

# The audit is immutable: entries keep the chat of their time.
IMMUTABLE_PREFIX = "audit"
_GRANTS = Table.metadata.tables[GrantRow.__tablename__]
_CONTACT_STATIONS = Table.metadata.tables[ContactStationRow.__tablename__]

# Core statement, built once: run for every authorization, where ORM overhead dominates.
_MIGRATIONS = ChatMigration.metadata.tables[ChatMigration.__tablename__]
_SELECT_MIGRATIONS = select(_MIGRATIONS.c.old_id, _MIGRATIONS.c.new_id)


def migrate(session: Session, old_id: int, new_id: int, now: datetime) -> None:
    """Move all rows of a chat, queued messages included, to its new id, in the caller's session. Message ids are
    cleared: they restart in the supergroup."""
    session.merge(ChatMigration(old_id=old_id, new_id=new_id, at=now))
    session.execute(update(ChatMigration).where(ChatMigration.new_id == old_id).values(new_id=new_id))
    # A question belongs to a message of the old chat; holds and blocks do not apply to the new chat.
    for left in (QuestionRow, FloodWait, ClosedChat):
        session.execute(delete(left).where(left.chat_id == old_id))
    # Buttons of old messages are void too: their message ids belong to other messages in the new chat.
    session.execute(update(Keyboard).where(Keyboard.chat_id == old_id).values(message_id=None))
    sent = (Outgoing.chat_id == old_id, Outgoing.state == "sent")
    session.execute(update(Outgoing).where(*sent).values(message_id=None))
    # Nobody can press the open cards of missed callers any more: the next call of each brings a new one.
    session.execute(
        update(MissedCard)
        .where(
            MissedCard.chat_id == old_id,
            MissedCard.closed_at.is_(None),
            or_(MissedCard.message.is_(None), MissedCard.message.in_(select(Outgoing.id).where(*sent))),
        )
        .values(message=None, told_at=None, waits_since=None, reminded_at=None)
        .execution_options(synchronize_session=False)
    )
    for table in Table.metadata.sorted_tables:
        if "chat_id" in table.columns and not table.name.startswith(IMMUTABLE_PREFIX):
            _move(session, table.c.chat_id, old_id, new_id)
    _move(session, _GRANTS.c.subject_id, old_id, new_id)
    if (known := session.get(ContactRow, old_id)) is not None:
        session.merge(ContactRow(id=new_id, name=known.name))
    _move(session, _CONTACT_STATIONS.c.id, old_id, new_id)


def _move(session: Session, column: Column[Any], old_id: int, new_id: int) -> None:
    """Give rows the new id of the chat; one that the new chat has already wins."""
    table, there = column.table, column.table.alias("there")
    others = [key for key in table.primary_key if key is not column]
    if column.primary_key:
        taken = exists().where(there.c[column.name] == new_id, *(there.c[key.name] == key for key in others))
        session.execute(delete(table).where(column == old_id, taken))
    # A basic group has no topics, so its thread ids are void.
    threads = {"thread_id": None} if "thread_id" in table.columns else {}
    session.execute(update(table).where(column == old_id).values({column.name: new_id, **threads}))


def migrations(session: Session) -> dict[int, int]:
    return {row.old_id: row.new_id for row in session.connection().execute(_SELECT_MIGRATIONS)}
