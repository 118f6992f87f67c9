"""Delete expired data by age. Open incidents, and rows that belong to them, are never deleted.

History is deleted in batches, each in a transaction of its own, so that other tasks do not wait long for the writer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import ColumnElement, Executable, delete, exists, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from bot.store.access import grants
from bot.store.database import Database
from bot.store.messages import inbox, keyboards, outbox, questions, temporary_payloads, told_calls
from bot.store.stations import imports
from bot.store.tables.audit import AuditEntry, AuditOutcome
from bot.store.tables.base import Table
from bot.store.tables.calls import CallSubscription, MissedCard, MissedGathering
from bot.store.tables.dialog import Import
from bot.store.tables.incidents import Incident, IncidentEvent
from bot.store.tables.messages import AlertMessage, AlertMessageIncident, Keyboard, Outgoing
from bot.store.tables.people import (
    AccessRequestRow,
    ContactRow,
    ContactStationRow,
    FormerUsername,
    GrantRow,
    OverrideRow,
    Pager,
    PersonPhone,
)

BATCH_SIZE = 500
DELETE_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%no_delete'"


async def delete_expired(database: Database, now: datetime) -> None:
    """Delete data kept for hours or days."""
    await database.run(_delete_short_lived, now)
    await _delete_in_batches(database, Outgoing, *_told_calls(now - told_calls.KEPT))
    in_outbox = select(Outgoing.keyboard_id).where(Outgoing.keyboard_id.is_not(None))
    old = Keyboard.created_at < now - keyboards.RETENTION
    await _delete_in_batches(database, Keyboard, old, Keyboard.id.not_in(in_outbox))


def _delete_short_lived(session: Session, now: datetime) -> None:
    inbox.delete_expired(session, now)
    questions.delete_expired(session, now)
    temporary_payloads.delete_expired(session, now)
    grants.delete_expired(session, now)
    imports.mark_lapsed(session, now)


async def delete_history(database: Database, before: datetime) -> None:
    """Delete incidents that ended before that time, with their timelines and messages, and older messages, closed cards
    of missed callers, access requests, overrides and imports."""
    expired = select(Incident.id).where(*_expired_incidents(before))
    await _delete_in_batches(database, IncidentEvent, IncidentEvent.incident_id.in_(expired))
    await _delete_in_batches(database, AlertMessageIncident, AlertMessageIncident.incident_id.in_(expired))
    await _delete_in_batches(database, Incident, Incident.id.in_(expired))
    has_incident = exists().where(AlertMessageIncident.card_id == AlertMessage.id)
    await _delete_in_batches(
        database, AlertMessage, _older_than(AlertMessage.id, AlertMessage.opened_at, before), ~has_incident
    )
    await _delete_in_batches(
        database, MissedCard, _older_than(MissedCard.id, MissedCard.opened_at, before), MissedCard.closed_at < before
    )
    await _delete_in_batches(
        database,
        MissedGathering,
        _older_than(MissedGathering.id, MissedGathering.began_at, before),
        MissedGathering.closed_at < before,
    )
    await _delete_in_batches(database, Outgoing, *_expired_outbox_rows(before))
    await _delete_in_batches(
        database, AccessRequestRow, _older_than(AccessRequestRow.id, AccessRequestRow.asked_at, before)
    )
    expired_override = (_older_than(OverrideRow.id, OverrideRow.made_at, before), OverrideRow.ends_at < before)
    await _delete_in_batches(database, OverrideRow, *expired_override)
    is_final = Import.state.in_((imports.STOPPED, imports.DONE, imports.LAPSED))
    await _delete_in_batches(
        database, Import, _older_than(Import.id, Import.begun_at, before), Import.touched_at < before, is_final
    )


async def delete_audit(database: Database, before: datetime) -> None:
    """Delete older audit entries, then the names of people and chats without other references, and the phones of
    those people."""
    deleted = False
    while await database.run(_delete_audit_batch, before):
        deleted = True
    if deleted:
        references = [
            AuditEntry.actor_id,
            AuditEntry.chat_id,
            GrantRow.subject_id,
            Pager.person_id,
            AlertMessage.chat_id,
        ]
        await _delete_in_batches(database, ContactRow, *(ContactRow.id.not_in(select(column)) for column in references))
        await _delete_in_batches(database, ContactStationRow, ContactStationRow.id.not_in(select(ContactRow.id)))
        await _delete_in_batches(database, FormerUsername, FormerUsername.person_id.not_in(select(ContactRow.id)))
        await _delete_in_batches(database, PersonPhone, PersonPhone.person_id.not_in(select(ContactRow.id)))


def _expired_incidents(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the condition for incidents to delete. An incident that shares an alert message with an open one is
    kept."""
    with_open = (
        select(AlertMessageIncident.card_id)
        .join(Incident, Incident.id == AlertMessageIncident.incident_id)
        .where(Incident.open_key.is_not(None))
    )
    grouped_with_open = select(AlertMessageIncident.incident_id).where(AlertMessageIncident.card_id.in_(with_open))
    return (
        _older_than(Incident.id, Incident.opened_at, before),
        Incident.open_key.is_(None),
        Incident.ended_at < before,
        Incident.id.not_in(grouped_with_open),
        # Keep the newest of each station: its number would be reused.
        Incident.id.not_in(select(func.max(Incident.id)).group_by(Incident.station)),
    )


def _expired_outbox_rows(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the condition for outbox rows to delete: final state, and not referenced by rows that are kept. For an
    incident that stays open long, its alert message and the replies to it are kept, outdated edits are not."""
    referring = aliased(Outgoing)
    alert_messages = select(AlertMessage.message)
    notification = IncidentEvent.facts["message"].as_integer()
    # Only incidents older than that can have an older message.
    in_timelines = (
        select(notification)
        .join(Incident, Incident.id == IncidentEvent.incident_id)
        .where(Incident.opened_at < before, IncidentEvent.what == "told", notification.is_not(None))
    )
    return (
        _older_than(Outgoing.id, Outgoing.created_at, before),
        Outgoing.state.in_(("sent", "dead", "dropped")),
        Outgoing.id.not_in(alert_messages),
        *(
            Outgoing.id.not_in(select(table.message).where(table.message.is_not(None)))
            for table in (MissedCard, MissedGathering)
        ),
        Outgoing.id.not_in(in_timelines),
        or_(Outgoing.about.is_(None), Outgoing.about.not_in(alert_messages), Outgoing.action == "edit"),
        ~exists().where(referring.about == Outgoing.id),
    )


def _told_calls(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the condition for messages about ended calls to delete, in the chats that are told of them: found by the
    index of a chat's messages. Those of other chats are deleted with the history."""
    referring = aliased(Outgoing)
    return (
        Outgoing.chat_id.in_(select(CallSubscription.chat_id)),
        Outgoing.tried_at < before,
        told_calls.shows_calls(),
        # Not the final ones: most rows are, so their index is no help.
        Outgoing.state.not_in((*outbox.QUEUED_STATES, "sending")),
        Outgoing.id != select(func.max(Outgoing.id)).scalar_subquery(),
        ~exists().where(referring.about == Outgoing.id),
    )


def _older_than(
    id_column: InstrumentedAttribute[int], at: InstrumentedAttribute[datetime], before: datetime
) -> ColumnElement[bool]:
    """Return the condition for old rows. Ids rise with time, so that only old rows are read. The newest row is always
    kept: its id would be reused, and an old button could then refer to another row."""
    oldest_recent = select(id_column).where(at >= before).order_by(id_column).limit(1)
    newest = select(func.max(id_column))
    return id_column < func.coalesce(oldest_recent.scalar_subquery(), newest.scalar_subquery())


async def _delete_in_batches(database: Database, table: type[Table], *clauses: ColumnElement[bool]) -> None:
    key = tuple_(*table.__mapper__.primary_key)
    batch = select(*table.__mapper__.primary_key).where(*clauses).limit(BATCH_SIZE)
    statement = delete(table).where(key.in_(batch)).returning(*table.__mapper__.primary_key)
    while await database.run(_delete_batch, statement):
        pass


def _delete_batch(session: Session, statement: Executable) -> bool:
    """Delete one batch; return False if there was none."""
    return bool(session.execute(statement, execution_options={"synchronize_session": False}).all())


def _delete_audit_batch(session: Session, before: datetime) -> bool:
    """Delete one batch; return False if there was none."""
    old = select(AuditEntry.id).where(_older_than(AuditEntry.id, AuditEntry.at, before)).limit(BATCH_SIZE)
    ids = session.execute(old).scalars().all()
    if ids:
        with _deletes_allowed(session):
            session.execute(delete(AuditOutcome).where(AuditOutcome.decision_id.in_(ids)))
            session.execute(delete(AuditEntry).where(AuditEntry.id.in_(ids)))
    return bool(ids)


@contextmanager
def _deletes_allowed(session: Session) -> Iterator[None]:
    """Drop the triggers that forbid deletes in the audit, and restore them in the same transaction: other sessions
    never see the tables without them, and an error rolls back."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        tables = (AuditOutcome.__tablename__, AuditEntry.__tablename__)
        for table in tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_delete")
        yield
        for table in tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_delete")
        return
    triggers = connection.exec_driver_sql(DELETE_TRIGGERS).mappings().all()
    for trigger in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {trigger['name']}")
    yield
    for trigger in triggers:
        connection.exec_driver_sql(trigger["sql"])
