"""Cards, gatherings and hours of missed calls: kept, moved with their chat, and shifted with the clock."""

from datetime import UTC, datetime, timedelta

from bot.runtime.waiting import Signal
from bot.store import retention
from bot.store.database import Database, Session
from bot.store.messages import outbox, supergroups
from bot.store.stations import call_chats, missed_gatherings
from bot.store.stations.call_subscriptions import CallSubscriptions
from bot.store.tables.calls import CallChat, GatheringCause, MissedCard, MissedGathering
from bot.store.tables.messages import Outgoing
from bot.store.time_shift import ClockStep, shift_times

STATION, OLD, NEW = "Head office", -100, -1001
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def add(session: Session, at: datetime, *, closed_at: datetime | None = None, told: bool = True) -> None:
    """Add a card and a gathering with it."""
    row = outbox.enqueue(session, chat_id=OLD, thread_id=None, template="missed_gathering", facts={}, now=at)
    row.state = "sent"
    message = outbox.id_of(session, row)
    of_chat = {"station": STATION, "chat_id": OLD}
    card = MissedCard(**of_chat, caller="9161234501", calls=[], opened_at=at, told_at=at, closed_at=closed_at)
    session.add(card)
    session.flush()
    session.add(
        MissedGathering(
            **of_chat,
            cause=GatheringCause.CLOSED,
            callers=[{"card": card.id, "calls": 1}],
            message=message if told else None,
            began_at=at,
            told_at=at if told else None,
            closed_at=closed_at,
        )
    )


async def gatherings(database: Database) -> list[MissedGathering]:
    return await database.run(lambda session: session.query(MissedGathering).order_by(MissedGathering.id).all())


async def test_gatherings_that_are_over_are_deleted_with_their_messages(database: Database) -> None:
    with database.begin() as session:
        add(session, NOW - 90 * DAY, closed_at=NOW - 89 * DAY)
        add(session, NOW - 90 * DAY)
        add(session, NOW, closed_at=NOW)
    await retention.delete_history(database, NOW - 30 * DAY)
    kept = await gatherings(database)
    assert [row.closed_at for row in kept] == [None, NOW]
    messages = await database.run(lambda session: [row.id for row in session.query(Outgoing)])
    assert {row.message for row in kept} <= set(messages)
    assert len(messages) == 2


async def test_a_group_that_becomes_a_supergroup_keeps_its_hours_and_its_callers(database: Database) -> None:
    with database.begin() as session:
        add(session, NOW)
        call_chats.set_hours(session, STATION, OLD, "mon-fri 09:00-18:00", NOW)
        call_chats.set_reminder(session, STATION, OLD, HOUR, NOW)
        call_chats.set_hours(session, "Branch", OLD, "mon 09:00-18:00", NOW)
        call_chats.set_hours(session, "Branch", NEW, "tue 09:00-18:00", NOW)
    with database.begin() as session:
        supergroups.migrate(session, OLD, NEW, NOW)
    with database.begin() as session:
        assert [row.chat_id for row in session.query(MissedGathering)] == [NEW]
        chats = {row.station: (row.chat_id, row.hours, row.remind_after) for row in session.query(CallChat)}
    assert chats == {"Branch": (NEW, "tue 09:00-18:00", None), STATION: (NEW, "mon-fri 09:00-18:00", 3600)}


async def test_a_step_of_the_clock_moves_what_is_open(database: Database) -> None:
    with database.begin() as session:
        add(session, NOW - HOUR)
        add(session, NOW - HOUR, closed_at=NOW)
        call_chats.set_reminder(session, STATION, OLD, HOUR, NOW - HOUR)
    with database.begin() as session:
        shift_times(session, ClockStep(NOW - 2 * HOUR, NOW, 3 * HOUR))
    assert [row.told_at for row in await gatherings(database)] == [NOW + 2 * HOUR, NOW - HOUR]
    with database.begin() as session:
        assert {row.told_at for row in session.query(MissedCard)} == {NOW + 2 * HOUR, NOW - HOUR}
        assert call_chats.of(session, STATION, OLD).remind_at == NOW + 2 * HOUR


async def test_a_chat_that_is_told_no_more_forgets_what_waits_for_its_opening(database: Database) -> None:
    with database.begin() as session:
        add(session, NOW)
        add(session, NOW, told=False)
    await CallSubscriptions(database, Signal()).remove(STATION, OLD)
    assert [row.told_at for row in await gatherings(database)] == [NOW]
    current = await database.run(missed_gatherings.current, STATION, OLD, NOW + DAY)
    assert len(current) == 1


async def test_a_reminder_that_is_set_anew_counts_since_the_first_time(database: Database) -> None:
    with database.begin() as session:
        call_chats.set_reminder(session, STATION, OLD, HOUR, NOW)
        call_chats.set_reminder(session, STATION, OLD, 2 * HOUR, NOW + DAY)
        assert call_chats.of(session, STATION, OLD).remind_at == NOW
        call_chats.set_reminder(session, STATION, OLD, None, NOW + DAY)
        assert call_chats.of(session, STATION, OLD).remind_at is None
