"""Repeated denials become one audit row and a count; an import that ended the program waits for its author."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.access.policy import STRANGER, Decision
from bot.store.access import audit
from bot.store.access.audit_queries import AuditFilter, AuditReader
from bot.store.access.denials import COUNTED_FOR, Denials
from bot.store.database import Database, OperationalError, Session
from bot.store.stations import imports
from bot.store.stations.imports import Imports
from bot.store.tables.audit import AuditOutcome
from bot.store.tables.dialog import Import
from bot.store.tables.messages import Outgoing
from handlers.authorization import decision_log
from handlers.dispatch.intents import Actor, CommandTyped, Place
from handlers.employee_import import recovery

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [{"state": "waiting"}, {"state": "waiting"}]


class Time:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def later(self, passed: timedelta) -> None:
        self.now += passed


async def denied(database: Database, now: datetime) -> int:
    with database.begin() as session:
        row = audit.entry(
            at=now,
            update_id=1,
            actor_id=1009,
            actor_name="Sam",
            chat_id=1009,
            station="",
            what="/status",
            arguments="",
            permission="status.read",
            allowed=False,
            reason=STRANGER,
        )
        return audit.record_decision(session, row)


async def outcomes(database: Database) -> list[tuple[int, str]]:
    with database.begin() as session:
        found = session.execute(select(AuditOutcome).order_by(AuditOutcome.id))
        return [(row.decision_id, row.outcome) for row in found.scalars()]


async def test_the_first_is_a_row_and_who_reads_sees_how_many_came_after_it(database: Database) -> None:
    time = Time()
    denials = Denials(time)
    assert denials.count_repeat("sam") is None
    first = await denied(database, time())
    denials.register("sam", first)
    assert [denials.count_repeat("sam") for _ in range(7)] == [first] * 7
    assert denials.count_repeat("tom") is None
    (row,) = await AuditReader(database, denials).newest(AuditFilter(), 10)
    assert row.outcome is not None
    assert row.outcome.outcome == "and 7 more times"
    # Reading again adds no row.
    await AuditReader(database, denials).newest(AuditFilter(), 10)
    assert await outcomes(database) == [(first, "and 7 more times")]


async def test_after_an_hour_it_is_a_row_again_and_the_count_is_written(database: Database) -> None:
    time = Time()
    denials = Denials(time)
    first = await denied(database, time())
    denials.register("sam", first)
    denials.count_repeat("sam")
    time.later(COUNTED_FOR)
    assert denials.count_repeat("sam") is None
    with database.begin() as session:
        denials.write_expired(session)
    assert await outcomes(database) == [(first, "and 1 more time")]
    denials.register("sam", first + 1)
    assert denials.count_repeat("sam") == first + 1


def test_what_a_stranger_wants_does_not_matter_and_what_anybody_else_wants_does() -> None:
    def typed(name: str, chat: int = 1009) -> CommandTyped:
        return CommandTyped(name, "", Actor(1009, "Sam"), Place(chat, None, private=chat > 0), 1, NOW)

    stranger, beyond = Decision(False, STRANGER), Decision(False, "beyond role viewer")
    assert decision_log.repeat_key(typed("a"), "/a", stranger) == decision_log.repeat_key(
        typed("b", -100), "/b", stranger
    )
    assert decision_log.repeat_key(typed("a"), "/a", beyond) != decision_log.repeat_key(typed("b"), "/b", beyond)
    assert decision_log.repeat_key(typed("a"), "/a", beyond) == decision_log.repeat_key(typed("a"), "/a", beyond)
    assert decision_log.repeat_key(typed("a"), "/a", Decision(True, "role viewer")) is None


async def test_an_import_that_ends_the_program_each_time_waits_for_its_person(database: Database) -> None:
    book = Imports(database, Time())
    number = await book.begin("Head office", 1001, ROWS)
    for _ in range(imports.MAX_STARTS):
        assert [one.id for one in await recovery.take_resumable(database, NOW)] == [number]
    assert await recovery.take_resumable(database, NOW) == []
    with database.begin() as session:
        assert session.get_one(Import, number).state == imports.STOPPED
        told = session.execute(select(Outgoing.chat_id, Outgoing.template)).all()
    assert [tuple(one) for one in told] == [(1001, "import_interrupted")]


async def test_an_import_that_gets_on_survives_any_number_of_kills(database: Database) -> None:
    book = Imports(database, Time())
    number = await book.begin("Head office", 1001, ROWS)
    for _ in range(5):
        assert len(await recovery.take_resumable(database, NOW)) == 1
        await book.save(number, ROWS)
        await book.save(number, ROWS, progress=True)
    # An import is not blamed for a normal shutdown.
    for _ in range(5):
        assert len(await recovery.take_resumable(database, NOW)) == 1
        with database.begin() as session:
            imports.mark_clean_shutdown(session)


async def test_what_is_rolled_back_neither_counts_nor_forgets(database: Database) -> None:
    time = Time()
    denials = Denials(time)
    denials.register("key", await denied(database, NOW))

    def rolled_back(session: Session) -> None:
        denials.count_repeat("key")
        denials.write_expired(session)
        raise OperationalError("COMMIT", None, Exception("database or disk is full"))

    for passed in (timedelta(), COUNTED_FOR):
        await database.run(lambda _session: denials.count_repeat("key"))
        time.later(passed)
        with pytest.raises(OperationalError):
            await database.run(rolled_back)
    await database.run(denials.write_expired)
    assert await outcomes(database) == [(1, "and 2 more times")]


async def test_a_count_is_written_once_in_a_transaction_of_several_decisions(database: Database) -> None:
    time = Time()
    denials = Denials(time)
    denials.register("key", await denied(database, NOW))
    await database.run(lambda _session: denials.count_repeat("key"))
    time.later(COUNTED_FOR)

    def decide_twice(session: Session) -> None:
        denials.write_expired(session)
        denials.write_expired(session)

    await database.run(decide_twice)
    assert await outcomes(database) == [(1, "and 1 more time")]
