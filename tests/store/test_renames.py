"""Renamed station: all its data continues under the new name."""

from datetime import UTC, datetime

from sqlalchemy import select

from bot.runtime.waiting import Signal
from bot.store.access.audit import entry, record_decision
from bot.store.database import Database
from bot.store.stations import bindings
from bot.store.stations.renames import rename_station
from bot.store.stations.watched_extensions import WatchedExtensions
from bot.store.tables.audit import AuditEntry
from bot.store.tables.incidents import Incident, WatchState

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def incident(station: str, subject: str, *, is_open: bool = True) -> Incident:
    return Incident(
        station=station,
        subject=subject,
        open_key=f"{station}|{subject}" if is_open else None,
        kind="trunk_down",
        facts={},
        began_at=NOW,
        opened_at=NOW,
    )


async def renamed(database: Database) -> int:
    with database.begin() as session:
        return rename_station(session, formerly="Head office", name="acme")


async def incidents(database: Database) -> list[tuple[str, str, str | None]]:
    with database.begin() as session:
        found = session.execute(select(Incident).order_by(Incident.id)).scalars().all()
        return [(one.station, one.subject, one.open_key) for one in found]


async def test_all_of_it_goes_on_under_the_new_name_once(database: Database) -> None:
    await WatchedExtensions(database, "Head office", Signal()).watch(["202"], 1, "Anna", NOW)
    with database.begin() as session:
        bindings.bind(session, chat_id=-1, station="Head office", alerts=True, by_id=1, by_name="Anna", now=NOW)
        session.add_all([incident("Head office", "A"), incident("Head office", "B", is_open=False)])
        session.add(incident("branch2", "A"))
    assert await renamed(database) == 4
    assert await incidents(database) == [("acme", "A", "acme|A"), ("acme", "B", None), ("branch2", "A", "branch2|A")]
    assert await WatchedExtensions(database, "acme", Signal()).numbers() == {"202"}
    with database.begin() as session:
        assert bindings.alert_chats_of(session, "acme") == [-1]
    assert await renamed(database) == 0


async def test_what_stands_under_the_new_name_already_stays_as_it_is(database: Database) -> None:
    with database.begin() as session:
        session.add_all([incident("acme", "A"), incident("Head office", "A")])
        for station, state in (("acme", "new"), ("Head office", "old")):
            session.add(WatchState(station=station, subject="A", state={"is": state}, updated_at=NOW))
    assert await renamed(database) == 0
    assert await incidents(database) == [("acme", "A", "acme|A"), ("Head office", "A", "Head office|A")]
    with database.begin() as session:
        kept = session.get(WatchState, ("acme", "A"))
        assert kept is not None
        assert kept.state == {"is": "new"}


async def test_the_audit_stays_as_it_was_written(database: Database) -> None:
    row = entry(
        at=NOW,
        update_id=1,
        actor_id=1,
        actor_name="Anna",
        chat_id=1,
        station="Head office",
        what="/status",
        arguments="",
        permission="status.read",
        allowed=True,
        reason="",
    )
    with database.begin() as session:
        record_decision(session, row)
    await renamed(database)
    with database.begin() as session:
        assert session.execute(select(AuditEntry.station)).scalars().all() == ["Head office"]
