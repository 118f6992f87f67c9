"""Access tables: valid grants, one answer for each request, an immutable audit."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from bot.access.grant_checks import BEYOND_OWN_RIGHTS, FROM_SETTINGS, GrantRefused
from bot.access.policy import BUILT_IN, EVERY_STATION, AccessContext, Grant, Permission
from bot.runtime.waiting import Signal
from bot.store.access import audit, grants
from bot.store.access.access_requests import AGAIN_AFTER, MAX_SINGLE_NOTICES, AccessRequests
from bot.store.access.audit import Change
from bot.store.access.audit_queries import AuditFilter, AuditReader
from bot.store.access.contacts import Contact, Contacts, record
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.messages import supergroups
from bot.store.tables.messages import Outgoing

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ANNA, BORIS, SAM, GROUP = 1, 2, 9, -100
OFFICE = "Office"


@pytest.fixture
def book(database: Database) -> Grants:
    return Grants(database, lambda: NOW, [Grant(ANNA, "admin"), Grant(GROUP, "viewer")], BUILT_IN, Signal())


def asking(person: int, chat: int | None = None) -> AccessContext:
    return AccessContext(person, chat or person, chat is None, OFFICE, NOW, member=True)


def given(subject: int, role: str, until: datetime | None = None) -> Grant:
    return Grant(subject, role, OFFICE, ANNA, "Anna", until=until)


async def may(book: Grants, person: int, permission: str, chat: int | None = None) -> bool:
    return (await book.current()).may(asking(person, chat), permission).allowed


async def test_a_role_is_given_and_taken(book: Grants) -> None:
    await book.grant(given(BORIS, "operator"), asking(ANNA))
    assert await may(book, BORIS, Permission.INCIDENTS_ACKNOWLEDGE)
    await book.revoke([given(BORIS, "operator")], asking(ANNA))
    assert not await may(book, BORIS, Permission.STATUS_READ)


async def test_a_role_given_again_has_the_new_end(book: Grants) -> None:
    await book.grant(given(BORIS, "viewer"), asking(ANNA))
    await book.grant(given(BORIS, "viewer", NOW + timedelta(hours=1)), asking(ANNA))
    (one,) = [grant for grant in (await book.current()).grants if grant.subject == BORIS]
    assert one.until == NOW + timedelta(hours=1)


async def test_what_ended_does_not_count_and_is_forgotten(database: Database, book: Grants) -> None:
    await book.grant(given(BORIS, "viewer", NOW), asking(ANNA))
    assert not await may(book, BORIS, Permission.STATUS_READ)
    with database.begin() as session:
        grants.delete_expired(session, NOW)
    assert BORIS not in {grant.subject for grant in (await book.current()).grants}


async def test_of_several_taken_at_once_all_go_or_none(book: Grants) -> None:
    await book.grant(given(BORIS, "viewer"), asking(ANNA))
    with pytest.raises(GrantRefused) as refused:
        await book.revoke([given(BORIS, "viewer"), Grant(ANNA, "admin")], asking(ANNA))
    assert refused.value.reason == FROM_SETTINGS
    assert await may(book, BORIS, Permission.STATUS_READ)


async def test_two_who_take_each_others_role_at_once_are_not_both_gone(database: Database) -> None:
    book = Grants(database, lambda: NOW, [Grant(3, "admin")], BUILT_IN, Signal())
    for person in (ANNA, BORIS):
        await book.grant(Grant(person, "admin", OFFICE, 3, "Olga"), asking(3))
    taking = [book.revoke([given(BORIS, "admin")], asking(ANNA)), book.revoke([given(ANNA, "admin")], asking(BORIS))]
    results = await asyncio.gather(*taking, return_exceptions=True)
    (refused,) = [result for result in results if isinstance(result, GrantRefused)]
    assert refused.reason == BEYOND_OWN_RIGHTS
    assert [await may(book, person, Permission.ACCESS_GRANT) for person in (ANNA, BORIS)].count(True) == 1


async def test_a_group_keeps_its_role_when_it_becomes_a_supergroup(database: Database, book: Grants) -> None:
    await book.grant(given(GROUP, "operator"), asking(ANNA))
    with database.begin() as session:
        supergroups.migrate(session, GROUP, -1007, NOW)
    assert await may(book, SAM, Permission.INCIDENTS_ACKNOWLEDGE, -1007)
    assert await may(book, SAM, Permission.STATUS_READ, -1007)
    assert not await may(book, SAM, Permission.STATUS_READ, GROUP)


async def test_it_keeps_its_role_at_each_station(database: Database, book: Grants) -> None:
    for station, group in (("acme", GROUP), ("baker", GROUP), ("acme", -1007)):
        await book.grant(replace(given(group, "operator"), station=station), asking(ANNA))
    with database.begin() as session:
        supergroups.migrate(session, GROUP, -1007, NOW)
    found = [(grant.subject, grant.station) for grant in (await book.current()).grants if not grant.is_from_settings]
    assert sorted(found) == [(-1007, "acme"), (-1007, "baker")]


async def test_a_username_is_known_by_whoever_has_it_now(database: Database) -> None:
    people = Contacts(database)
    with database.begin() as session:
        record(session, Contact(BORIS, "Boris", "TheBoris"))
    assert await people.by_username("@theboris", EVERY_STATION) == Contact(BORIS, "Boris", "theboris")
    with database.begin() as session:
        record(session, Contact(SAM, "Sam", "theboris"))
    assert (await people.by_username("@TheBoris", EVERY_STATION) or Contact(0, "")).id == SAM
    assert (await people.named([BORIS, SAM, 5], EVERY_STATION)) == {
        BORIS: Contact(BORIS, "Boris"),
        SAM: Contact(SAM, "Sam", "theboris"),
    }
    assert await people.by_username("@nobody", EVERY_STATION) is None


class Desk:
    def __init__(self, database: Database, book: Grants) -> None:
        self.now = NOW
        self.database = database
        self.requests = AccessRequests(database, lambda: self.now, book, Signal())

    async def ask(self, person: int = SAM) -> bool:
        facts = {"person": person, "name": "Sam", "username": ""}
        return await self.requests.ask(OFFICE, person, facts, [ANNA, BORIS], lambda _number: [], [])

    async def owed(self) -> list[tuple[str, int, str]]:
        with self.database.begin() as session:
            rows = session.execute(select(Outgoing).order_by(Outgoing.id)).scalars()
            return [(row.action, row.chat_id, row.template) for row in rows]


@pytest.fixture
def services(database: Database, book: Grants) -> Desk:
    return Desk(database, book)


async def test_every_administrator_is_notified_of_a_request_and_of_its_answer(services: Desk, book: Grants) -> None:
    assert await services.ask()
    assert await services.owed() == [("send", ANNA, "access_request"), ("send", BORIS, "access_request")]
    assert await services.requests.answer(1, given(SAM, "viewer"), asking(ANNA), "Anna")
    assert (await services.owed())[2:] == [
        ("edit", ANNA, "access_request"),
        ("edit", BORIS, "access_request"),
        ("send", SAM, "access_answer"),
    ]
    assert await may(book, SAM, Permission.STATUS_READ)


async def test_of_two_answers_at_once_the_first_counts(services: Desk, book: Grants) -> None:
    await services.ask()
    answers = (given(SAM, "viewer"), None, given(SAM, "operator"))
    counted = await asyncio.gather(*(services.requests.answer(1, one, asking(ANNA), "Anna") for one in answers))
    assert counted.count(True) == 1
    assert await may(book, SAM, Permission.STATUS_READ) is (counted[1] is False)


async def test_an_answer_that_may_not_be_given_answers_nothing(services: Desk, book: Grants) -> None:
    await services.ask()
    with pytest.raises(GrantRefused):
        await services.requests.answer(1, given(SAM, "admin"), asking(BORIS), "Boris")
    assert len(await services.owed()) == 2
    assert await services.requests.answer(1, None, asking(ANNA), "Anna")


async def test_who_asked_waits_a_day_and_nobody_waits_because_of_a_burst(services: Desk) -> None:
    assert await services.ask()
    assert not await services.ask()
    services.now += AGAIN_AFTER
    assert await services.ask()
    before = len(await services.owed())
    assert all([await services.ask(1000 + number) for number in range(200)])
    told = [template for _, admin, template in (await services.owed())[before:] if admin == ANNA]
    assert told == ["access_request"] * (MAX_SINGLE_NOTICES - 1) + ["access_requests"]
    assert [one.person_id for one in await services.requests.unnotified(OFFICE, 3)] == [1199, 1198, 1197]
    services.now += timedelta(hours=1)
    assert await services.ask(9000)
    assert (await services.owed())[-1] == ("send", BORIS, "access_request")


def entry(**more: Any) -> Any:
    fields: dict[str, Any] = {
        "at": NOW,
        "update_id": 7,
        "actor_id": ANNA,
        "actor_name": "Anna",
        "chat_id": GROUP,
        "station": OFFICE,
        "what": "/status",
        "arguments": "",
        "permission": Permission.STATUS_READ,
        "allowed": True,
        "reason": "role admin",
    }
    return audit.entry(**(fields | more))


@pytest.mark.parametrize("table", ["audit", "audit_outcomes"])
@pytest.mark.parametrize("deed", ["UPDATE {table} SET id = 99", "DELETE FROM {table}"])
async def test_the_database_itself_refuses_to_change_the_audit(database: Database, table: str, deed: str) -> None:
    with database.begin() as session:
        number = audit.record_decision(session, entry())
        audit.record_outcome(session, number, "answered", Change(), NOW)
    with pytest.raises(IntegrityError, match="only ever added to"), database.begin() as session:
        session.execute(text(deed.format(table=table)))
    assert await AuditReader(database).count(AuditFilter()) == 1


async def test_a_decision_is_read_with_the_last_that_came_of_it(database: Database) -> None:
    with database.begin() as session:
        number = audit.record_decision(session, entry())
        audit.record_outcome(session, number, "created", Change(after={"name": "John"}), NOW)
        audit.record_outcome(session, number, "registered", Change(), NOW)
    reader = AuditReader(database)
    (row,) = await reader.newest(AuditFilter(), 10)
    assert row.outcome is not None
    assert row.outcome.outcome == "registered"
    found = await reader.find(number)
    assert found is not None
    assert [(one.outcome, one.before, one.after) for one in found[1]] == [
        ("created", None, {"name": "John"}),
        ("registered", None, None),
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AuditFilter(), ["thing.do", "/add_x", "/add", "/status"]),
        (AuditFilter(allowed=False), ["/add"]),
        (AuditFilter(actor_id=BORIS), ["/add"]),
        (AuditFilter(what="add"), ["/add"]),
        (AuditFilter(what="thing"), ["thing.do"]),
        (AuditFilter(since=NOW + timedelta(hours=1)), ["thing.do"]),
        (AuditFilter(until=NOW + timedelta(hours=1)), ["/add_x", "/add", "/status"]),
    ],
)
async def test_what_is_looked_for_is_found(database: Database, wanted: AuditFilter, found: list[str]) -> None:
    with database.begin() as session:
        for row in (
            entry(),
            entry(what="/add", actor_id=BORIS, allowed=False),
            entry(what="/add_x"),
            entry(what="thing.do", at=NOW + timedelta(hours=1)),
        ):
            audit.record_decision(session, row)
    reader = AuditReader(database)
    assert [row.entry.what for row in await reader.newest(wanted, 10)] == found
    assert await reader.count(wanted) == len(found)


def test_what_is_kept_of_a_change_holds_no_secret() -> None:
    kept = audit.plain(
        {
            "name": "John",
            "password": "s3cret",
            "sip_secret": "s3cret",
            "extra": "auth pass=s3cret",
            "routes": [{"Пароль": "s3cret", "name": "1234567890:AAtestTestTestTestTestTestTestTestTest0"}],
        }
    )
    assert "s3cret" not in str(kept)
    assert "AAtest" not in str(kept)
    assert kept is not None
    assert kept["name"] == "John"
