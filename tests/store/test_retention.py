"""Retention: resolved data is deleted after its time; open data, and data that kept rows need, stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import IntegrityError

from bot.app.retention_job import run_retention
from bot.runtime.waiting import Signal
from bot.store import retention
from bot.store.access.audit import Change, entry, record_decision, record_outcome
from bot.store.access.contacts import Contact, record
from bot.store.database import Database
from bot.store.messages import outbox
from bot.store.messages.keyboards import RETENTION, new_keyboard
from bot.store.stations.call_subscriptions import CallSubscriptions
from bot.store.tables.audit import AuditEntry, AuditOutcome
from bot.store.tables.base import Table
from bot.store.tables.calls import CallKind
from bot.store.tables.dialog import Import
from bot.store.tables.incidents import Incident, IncidentEvent
from bot.store.tables.messages import AlertMessage, AlertMessageIncident, Keyboard, Outgoing
from bot.store.tables.people import AccessRequestRow, ContactRow, OverrideRow, Pager, PersonPhone
from tests.fixtures.incident_history import STATION, add_card, add_event, add_incident

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
LATELY = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def numbers(database: Database, table: type[Table]) -> list[Any]:
    key = table.__mapper__.primary_key[0]
    with database.begin() as session:
        return list(session.execute(select(key).order_by(key)).scalars())


async def say(database: Database, at: datetime, state: str = "sent", **more: Any) -> int:
    with database.begin() as session:
        row = outbox.enqueue(session, chat_id=1, thread_id=None, template="t", facts={}, now=at, **more)
        row.state = state
    return row.id


async def test_an_incident_goes_with_everything_that_was_reported_about_it(database: Database) -> None:
    old = await add_incident(database, LONG_AGO, LONG_AGO + HOUR)
    await add_card(database, old, -100, LONG_AGO, answered=LONG_AGO + HOUR)
    kept = await add_incident(database, LATELY, LATELY + HOUR)
    message = await add_card(database, kept, -100, LATELY, answered=LATELY + HOUR)
    await retention.delete_history(database, BEFORE)
    assert await numbers(database, Incident) == [kept]
    assert await numbers(database, Outgoing) == [message, message + 1]
    assert len(await numbers(database, AlertMessage)) == 1
    with database.begin() as session:
        for incident in (IncidentEvent.incident_id, AlertMessageIncident.incident_id):
            assert set(session.execute(select(incident)).scalars()) == {kept}


async def test_an_outage_that_is_open_since_long_ago_keeps_all_that_was_reported_about_it(database: Database) -> None:
    lasting = await add_incident(database, LONG_AGO)
    first = await say(database, LONG_AGO)
    await add_event(database, lasting, "told", LONG_AGO, message=first, chat=1)
    message = await add_card(database, lasting, -100, LONG_AGO)
    answer = await say(database, LONG_AGO, about=message)
    looked = await say(database, LONG_AGO, action="edit", about=message)
    await add_card(database, await add_incident(database, LATELY, LATELY), -100, LATELY)
    await retention.delete_history(database, BEFORE)
    assert lasting in await numbers(database, Incident)
    assert {first, message, answer} <= set(await numbers(database, Outgoing))
    assert looked not in await numbers(database, Outgoing)


async def test_what_is_shown_in_one_message_with_an_open_outage_stays(database: Database) -> None:
    over, lasting = (
        await add_incident(database, LONG_AGO, LONG_AGO + HOUR),
        await add_incident(database, LONG_AGO, subject="2"),
    )
    await add_card(database, lasting, -100, LONG_AGO)
    with database.begin() as session:
        session.add(AlertMessageIncident(card_id=1, incident_id=over))
    await add_incident(database, LATELY, LATELY + HOUR)
    await retention.delete_history(database, BEFORE)
    assert {over, lasting} <= set(await numbers(database, Incident))


async def test_what_is_still_queued_is_never_forgotten(database: Database) -> None:
    owed = [await say(database, LONG_AGO, state) for state in ("pending", "sending")]
    settled = [await say(database, LONG_AGO, state) for state in ("sent", "dead", "dropped")]
    answered = await say(database, LONG_AGO)
    answer = await say(database, LATELY, about=answered)
    await retention.delete_history(database, BEFORE)
    assert await numbers(database, Outgoing) == [*owed, answered, answer]
    assert settled


async def test_a_number_is_never_given_twice(database: Database) -> None:
    """Buttons refer to an incident by number, and messages outlive the database."""
    old = await add_incident(database, LONG_AGO, LONG_AGO + HOUR)
    said = await say(database, LONG_AGO)
    await retention.delete_history(database, BEFORE)
    assert await add_incident(database, LATELY) > old
    assert await say(database, LATELY) > said


async def test_more_than_one_bite_is_forgotten(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH_SIZE", 3)
    for _ in range(10):
        message = await say(database, LONG_AGO)
        await say(database, LONG_AGO, about=message)
    kept = await say(database, LATELY)
    await retention.delete_history(database, BEFORE)
    assert await numbers(database, Outgoing) == [kept]


async def test_buttons_go_after_the_message_that_carried_them(database: Database) -> None:
    for at in (LONG_AGO, LATELY):
        await say(database, at, keyboard=new_keyboard(1, [], now=at, station=STATION))
    await retention.delete_history(database, BEFORE)
    await retention.delete_expired(database, LATELY + RETENTION + HOUR)
    assert len(await numbers(database, Keyboard)) == 1


async def test_messages_about_calls_go_after_days_where_many_come(database: Database) -> None:
    async def tell(at: datetime, template: str = "call_card", chat: int = -100, **more: Any) -> int:
        with database.begin() as session:
            row = outbox.enqueue(session, chat_id=chat, thread_id=None, template=template, facts={}, now=at, **more)
            row.state, row.tried_at = "sent", at
        return row.id

    wish: dict[str, Any] = {"phones": (), "numbers": (), "by_id": 1, "by_name": "Anna", "now": LONG_AGO}
    await CallSubscriptions(database, Signal()).set(STATION, -100, None, CallKind.CALLS, **wish, read_at=None)
    old = await tell(LONG_AGO)
    await tell(LONG_AGO + HOUR, about=old, action="edit")
    other = await tell(LONG_AGO, template="alert")
    elsewhere = await tell(LONG_AGO, chat=-200)
    lately = await tell(LATELY)
    edited = await tell(LONG_AGO)
    edit = await tell(LATELY, about=edited, action="edit")
    await tell(LONG_AGO)
    newest = await tell(LONG_AGO)
    await retention.delete_expired(database, LATELY + HOUR)
    assert await numbers(database, Outgoing) == [other, elsewhere, lately, edited, edit, newest]


async def test_agreements_requests_and_imports_of_long_ago_are_forgotten(database: Database) -> None:
    for at in (LONG_AGO, LATELY):
        with database.begin() as session:
            session.add(AccessRequestRow(station=STATION, person_id=9, asked_at=at, notices=[]))
            session.add(
                OverrideRow(
                    station=STATION,
                    level=1,
                    person_id=1,
                    begins_at=at,
                    ends_at=at + HOUR,
                    state="stands",
                    by_id=1,
                    by_name="Anna",
                    made_at=at,
                )
            )
            session.add(Import(station=STATION, person_id=1, state="done", rows=[], begun_at=at, touched_at=at))
    await retention.delete_history(database, BEFORE)
    for table in (AccessRequestRow, OverrideRow, Import):
        assert await numbers(database, table) == [2]


async def decide(database: Database, at: datetime, person: int = 1) -> int:
    row = entry(
        at=at,
        update_id=1,
        actor_id=person,
        actor_name="Anna",
        chat_id=-100,
        station=STATION,
        what="/status",
        arguments="",
        permission="status.read",
        allowed=True,
        reason="role admin",
    )
    with database.begin() as session:
        number = record_decision(session, row)
        record_outcome(session, number, "shown", Change(), at)
    return number


async def test_the_audit_forgets_only_what_is_older_than_it_is_kept(database: Database) -> None:
    for _ in range(3):
        await decide(database, LONG_AGO)
    kept = await decide(database, LATELY)
    await retention.delete_audit(database, BEFORE)
    assert await numbers(database, AuditEntry) == await numbers(database, AuditOutcome) == [kept]


async def test_of_whom_nothing_else_is_left_the_name_is_forgotten(database: Database) -> None:
    await decide(database, LONG_AGO, person=8)
    await decide(database, LATELY, person=9)
    with database.begin() as session:
        for person in (8, 9, 10):
            record(session, Contact(person, "A", None))
            session.add(PersonPhone(station=STATION, person_id=person, phone="203"))
        session.add(Pager(person_id=10))
    await retention.delete_audit(database, BEFORE)
    assert await numbers(database, ContactRow) == [9, 10]
    with database.begin() as session:
        assert sorted(session.scalars(select(PersonPhone.person_id))) == [9, 10]


async def test_the_audit_is_closed_again_after_it_has_forgotten(database: Database) -> None:
    await decide(database, LONG_AGO)
    await decide(database, LATELY)
    await retention.delete_audit(database, BEFORE)
    await assert_closed(database)


async def test_the_audit_stays_whole_and_closed_when_forgetting_fails(database: Database) -> None:
    await decide(database, LONG_AGO)
    deleting = pytest.raises(IntegrityError, match=r"(?i)foreign key")
    with deleting, database.begin() as session, retention._deletes_allowed(session):
        session.execute(delete(AuditEntry))
    assert len(await numbers(database, AuditEntry)) == 1
    await assert_closed(database)


async def assert_closed(database: Database) -> None:
    for table in (AuditEntry, AuditOutcome):
        for deed in (delete(table), update(table).values(at=LATELY)):
            with pytest.raises(IntegrityError, match="only ever added"), database.begin() as session:
                session.execute(deed)
    with database.begin() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry))


async def test_history_and_audit_are_each_kept_for_their_own_time(database: Database) -> None:
    for at in (LONG_AGO, LATELY):
        await decide(database, at)
        await add_incident(database, at, at + HOUR)
    await run_retention(database, LATELY + HOUR, history_kept=timedelta(days=100), audit_kept=timedelta(days=1000))
    assert await numbers(database, Incident) == [2]
    assert await numbers(database, AuditEntry) == [1, 2]


async def test_what_cannot_be_forgotten_now_does_not_end_the_program(database: Database) -> None:
    await add_incident(database, LONG_AGO, LONG_AGO + HOUR)
    await rename(database, "questions", "unreadable")
    await run_retention(database, LATELY, history_kept=timedelta(days=100), audit_kept=timedelta(days=1000))
    await rename(database, "unreadable", "questions")


async def rename(database: Database, table: str, name: str) -> None:
    with database.begin() as session:
        session.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))
