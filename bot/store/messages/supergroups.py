"""Groups that became supergroups: rows with the old chat id get the new one."""

from datetime import datetime

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.orm import Session

from bot.store.tables.calls import CallSubscription, Digest, MissedCard
from bot.store.tables.chats import Binding, ChatMigration, ClosedChat, FloodWait, StationChoiceRow
from bot.store.tables.dialog import QuestionRow
from bot.store.tables.messages import AlertMessage, Keyboard, Outgoing
from bot.store.tables.people import ContactRow, ContactStationRow, GrantRow

# Core statement, built once: run for every authorization, where ORM overhead dominates.
_MIGRATIONS = ChatMigration.metadata.tables[ChatMigration.__tablename__]
_SELECT_MIGRATIONS = select(_MIGRATIONS.c.old_id, _MIGRATIONS.c.new_id)


def migrate(session: Session, old_id: int, new_id: int, now: datetime) -> None:
    """Move all rows of a chat, queued messages included, to its new id, in the caller's session. Message ids are
    cleared: they restart in the supergroup."""
    session.merge(ChatMigration(old_id=old_id, new_id=new_id, at=now))
    session.execute(update(ChatMigration).where(ChatMigration.new_id == old_id).values(new_id=new_id))
    # Buttons of old messages are void too: their message ids belong to other messages in the new chat.
    session.execute(update(Keyboard).where(Keyboard.chat_id == old_id).values(chat_id=new_id, message_id=None))
    session.execute(
        update(Outgoing).where(Outgoing.chat_id == old_id, Outgoing.state == "sent").values(message_id=None)
    )
    # A basic group has no topics, so its thread ids are void.
    session.execute(update(Outgoing).where(Outgoing.chat_id == old_id).values(chat_id=new_id, thread_id=None))
    session.execute(update(AlertMessage).where(AlertMessage.chat_id == old_id).values(chat_id=new_id, thread_id=None))
    session.execute(update(MissedCard).where(MissedCard.chat_id == old_id).values(chat_id=new_id))
    told_there = select(CallSubscription.station).where(CallSubscription.chat_id == new_id)
    session.execute(
        delete(CallSubscription).where(CallSubscription.chat_id == old_id, CallSubscription.station.in_(told_there))
    )
    session.execute(
        update(CallSubscription).where(CallSubscription.chat_id == old_id).values(chat_id=new_id, thread_id=None)
    )
    digests_there = select(Digest.station, Digest.kind).where(Digest.chat_id == new_id)
    same_digest = tuple_(Digest.station, Digest.kind)
    session.execute(delete(Digest).where(Digest.chat_id == old_id, same_digest.in_(digests_there)))
    session.execute(update(Digest).where(Digest.chat_id == old_id).values(chat_id=new_id, thread_id=None))
    # A question belongs to a message of the old chat; holds and blocks do not apply to the new chat.
    for table in (QuestionRow, FloodWait, ClosedChat):
        session.execute(delete(table).where(table.chat_id == old_id))
    if (known := session.get(ContactRow, old_id)) is not None:
        session.merge(ContactRow(id=new_id, name=known.name))
    seen_there = select(ContactStationRow.station).where(ContactStationRow.id == new_id)
    session.execute(
        delete(ContactStationRow).where(ContactStationRow.id == old_id, ContactStationRow.station.in_(seen_there))
    )
    session.execute(update(ContactStationRow).where(ContactStationRow.id == old_id).values(id=new_id))
    bound_there = select(Binding.station).where(Binding.chat_id == new_id)
    session.execute(delete(Binding).where(Binding.chat_id == old_id, Binding.station.in_(bound_there)))
    session.execute(update(Binding).where(Binding.chat_id == old_id).values(chat_id=new_id))
    chosen_there = select(StationChoiceRow.person_id).where(StationChoiceRow.chat_id == new_id)
    session.execute(
        delete(StationChoiceRow).where(StationChoiceRow.chat_id == old_id, StationChoiceRow.person_id.in_(chosen_there))
    )
    session.execute(update(StationChoiceRow).where(StationChoiceRow.chat_id == old_id).values(chat_id=new_id))
    given_there = select(GrantRow.station, GrantRow.role).where(GrantRow.subject_id == new_id)
    given = tuple_(GrantRow.station, GrantRow.role)
    session.execute(delete(GrantRow).where(GrantRow.subject_id == old_id, given.in_(given_there)))
    session.execute(update(GrantRow).where(GrantRow.subject_id == old_id).values(subject_id=new_id))


def migrations(session: Session) -> dict[int, int]:
    return {row.old_id: row.new_id for row in session.connection().execute(_SELECT_MIGRATIONS)}
