"""Delete expired data by age. Open incidents, and rows that belong to them, are never deleted.

History is deleted in batches, each in a transaction of its own, so that other tasks do not wait long for the writer.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from bot.store.access import grants
from bot.store.database import Store
from bot.store.messages import inbox, keyboards, questions, temporary_payloads
from bot.store.stations import imports
from bot.store.tables.audit import AuditEntry, AuditOutcome
from bot.store.tables.base import Table
from bot.store.tables.dialog import Import
from bot.store.tables.incidents import Incident, IncidentEvent
from bot.store.tables.messages import AlertMessage, AlertMessageIncident, Keyboard, Outgoing
from bot.store.tables.people import AccessRequestRow, Acquaintance, FormerUsername, GrantRow, MetAt, OverrideRow, Pager

BATCH_SIZE = 500
CLOSED_BY = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%no_delete'"


async def forget_expired(store: Store, now: datetime) -> None:
    """Delete data kept for hours or days."""
    async with store.begin() as session:
        await inbox.forget_old_updates(session, now)
        await questions.forget_expired(session, now)
        await temporary_payloads.empty_expired(session, now)
        await grants.forget_ended(session, now)
        await imports.let_lapse(session, now)
    on_a_message = select(Outgoing.keyboard_id).where(Outgoing.keyboard_id.is_not(None))
    old = Keyboard.created_at < now - keyboards.KEPT
    await _forget(store, Keyboard, old, Keyboard.id.not_in(on_a_message))


async def forget_history(store: Store, before: datetime) -> None:
    """Delete incidents that ended before that time, with their timelines and messages, and older messages, access
    requests, overrides and imports."""
    over = select(Incident.id).where(*_over(before))
    await _forget(store, IncidentEvent, IncidentEvent.incident_id.in_(over))
    await _forget(store, AlertMessageIncident, AlertMessageIncident.incident_id.in_(over))
    await _forget(store, Incident, Incident.id.in_(over))
    of_card = exists().where(AlertMessageIncident.card_id == AlertMessage.id)
    await _forget(store, AlertMessage, _old(AlertMessage.id, AlertMessage.opened_at, before), ~of_card)
    await _forget(store, Outgoing, *_said(before))
    await _forget(store, AccessRequestRow, _old(AccessRequestRow.id, AccessRequestRow.asked_at, before))
    past = (_old(OverrideRow.id, OverrideRow.made_at, before), OverrideRow.ends_at < before)
    await _forget(store, OverrideRow, *past)
    ended = Import.state.in_((imports.STOPPED, imports.DONE, imports.LAPSED))
    await _forget(store, Import, _old(Import.id, Import.begun_at, before), Import.touched_at < before, ended)


async def forget_audit(store: Store, before: datetime) -> None:
    """Delete older audit entries, then the names of people and chats without other references."""
    forgotten = False
    while await _forget_decisions(store, before):
        forgotten = True
    if forgotten:
        known = [AuditEntry.actor_id, AuditEntry.chat_id, GrantRow.subject_id, Pager.person_id, AlertMessage.chat_id]
        await _forget(store, Acquaintance, *(Acquaintance.id.not_in(select(number)) for number in known))
        await _forget(store, MetAt, MetAt.id.not_in(select(Acquaintance.id)))
        await _forget(store, FormerUsername, FormerUsername.person_id.not_in(select(Acquaintance.id)))


def _over(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the condition for incidents to delete. An incident that shares an alert message with an open one is
    kept."""
    live = (
        select(AlertMessageIncident.card_id)
        .join(Incident, Incident.id == AlertMessageIncident.incident_id)
        .where(Incident.open_key.is_not(None))
    )
    beside = select(AlertMessageIncident.incident_id).where(AlertMessageIncident.card_id.in_(live))
    return (
        _old(Incident.id, Incident.opened_at, before),
        Incident.open_key.is_(None),
        Incident.ended_at < before,
        Incident.id.not_in(beside),
        # Keep the newest of each station: its number would be reused.
        Incident.id.not_in(select(func.max(Incident.id)).group_by(Incident.station)),
    )


def _said(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the condition for outbox rows to delete: final state, and not referenced by rows that are kept. For an
    incident that stays open long, its alert message and the replies to it are kept, outdated edits are not."""
    later = aliased(Outgoing)
    cards = select(AlertMessage.message)
    told = func.json_extract(IncidentEvent.facts, "$.message")
    # Only incidents older than that can have an older message.
    in_chains = (
        select(told)
        .join(Incident, Incident.id == IncidentEvent.incident_id)
        .where(Incident.opened_at < before, IncidentEvent.what == "told", told.is_not(None))
    )
    return (
        _old(Outgoing.id, Outgoing.created_at, before),
        Outgoing.state.in_(("sent", "dead", "dropped")),
        Outgoing.id.not_in(cards),
        Outgoing.id.not_in(in_chains),
        or_(Outgoing.about.is_(None), Outgoing.about.not_in(cards), Outgoing.action == "edit"),
        ~exists().where(later.about == Outgoing.id),
    )


def _old(
    number: InstrumentedAttribute[int], at: InstrumentedAttribute[datetime], before: datetime
) -> ColumnElement[bool]:
    """Return the condition for old rows. Ids rise with time, so that only old rows are read. The newest row is always
    kept: its id would be reused, and an old button could then refer to another row."""
    young = select(number).where(at >= before).order_by(number).limit(1)
    newest = select(func.max(number))
    return number < func.coalesce(young.scalar_subquery(), newest.scalar_subquery())


async def _forget(store: Store, table: type[Table], *clauses: ColumnElement[bool]) -> None:
    key = tuple_(*table.__mapper__.primary_key)
    bite = select(*table.__mapper__.primary_key).where(*clauses).limit(BATCH_SIZE)
    forget = delete(table).where(key.in_(bite)).returning(*table.__mapper__.primary_key)
    gone = True
    while gone:
        async with store.begin() as session:
            gone = bool((await session.execute(forget, execution_options={"synchronize_session": False})).all())


async def _forget_decisions(store: Store, before: datetime) -> bool:
    """Delete one batch in a new session; return False if there was none."""
    old = select(AuditEntry.id).where(_old(AuditEntry.id, AuditEntry.at, before)).limit(BATCH_SIZE)
    async with store.begin() as session:
        numbers = (await session.execute(old)).scalars().all()
        if numbers:
            async with _opened_audit(session):
                await session.execute(delete(AuditOutcome).where(AuditOutcome.decision_id.in_(numbers)))
                await session.execute(delete(AuditEntry).where(AuditEntry.id.in_(numbers)))
    return bool(numbers)


@asynccontextmanager
async def _opened_audit(session: AsyncSession) -> AsyncIterator[None]:
    """Drop the triggers that forbid deletes in the audit, and restore them in the same transaction: other sessions
    never see the tables without them, and an error rolls back."""
    connection = await session.connection()
    triggers = (await connection.exec_driver_sql(CLOSED_BY)).mappings().all()
    for trigger in triggers:
        await connection.exec_driver_sql(f"DROP TRIGGER {trigger['name']}")
    yield
    for trigger in triggers:
        await connection.exec_driver_sql(trigger["sql"])
