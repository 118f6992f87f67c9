"""Change of the machine's clock: open rows are shifted; resolved rows, and those older than the boot, stay."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.store.database import Database
from bot.store.messages import blocked_chats, outbox
from bot.store.tables.incidents import Incident, SilenceRow, WatchState
from bot.store.tables.messages import AlertMessage, Outgoing
from bot.store.time_shift import ClockStep, newest_time, shift_times

NOW = datetime(2026, 11, 23, 9, 10, tzinfo=UTC)
BOOT = NOW - timedelta(minutes=10)
BY = timedelta(hours=3)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# Looks like a time, but is a name.
NAME = "2026-11-23T09:05 Ltd"


def incident(began: datetime, *, is_open: bool = True, due: datetime | None = None) -> Incident:
    return Incident(
        station="",
        subject=f"t{began:%H%M}",
        open_key=f"{began:%H%M}" if is_open else None,
        kind="trunk_down",
        facts={
            "bad_since": began.isoformat(),
            "gives_up_at": (began + BY).isoformat(),
            "trunk": NAME,
        },
        began_at=began,
        opened_at=began + MINUTE,
        due_at=due,
        warn_at=due and due + 2 * HOUR,
    )


def silence(begins: datetime) -> SilenceRow:
    who: dict[str, Any] = {"by_id": 1, "by_name": "Anna", "name": "", "reason": "", "station": "", "subject": "*"}
    return SilenceRow(kind="mute", begins_at=begins, until=NOW + timedelta(minutes=30), **who)


async def moved(database: Database, *rows: Any) -> list[Any]:
    with database.begin() as session:
        session.add_all(rows)
    with database.begin() as session:
        shift_times(session, ClockStep(BOOT, NOW, BY))
    with database.begin() as session:
        return [session.get_one(type(row), row.id) for row in rows]


async def test_what_is_open_keeps_its_age_and_what_is_planned_its_distance(database: Database) -> None:
    began, due = NOW - 5 * MINUTE, NOW + 2 * MINUTE
    (one,) = await moved(database, incident(began, due=due))
    assert (one.began_at, one.opened_at) == (began + BY, began + MINUTE + BY)
    assert (one.due_at, one.warn_at) == (due + BY, due + 2 * HOUR + BY)
    assert one.facts == {
        "bad_since": (began + BY).isoformat(),
        "gives_up_at": (began + 2 * BY).isoformat(),
        "trunk": NAME,
    }


async def test_what_is_over_or_older_than_the_machines_start_stays(database: Database) -> None:
    over = incident(NOW - 6 * MINUTE, is_open=False)
    # Written by a correct clock, before the machine booted with a wrong one.
    later, earlier = NOW + timedelta(hours=2, minutes=50), BOOT - MINUTE
    rows = await moved(database, over, incident(later, due=later + MINUTE), incident(earlier))
    assert [row.began_at for row in rows] == [NOW - 6 * MINUTE, later, earlier]
    assert rows[1].due_at == later + MINUTE
    assert rows[1].facts["gives_up_at"] == (later + BY).isoformat()


async def test_a_mute_for_half_an_hour_stays_one_unless_it_was_there_before_the_machine_began(
    database: Database,
) -> None:
    here, before = await moved(database, silence(NOW - MINUTE), silence(BOOT - MINUTE))
    assert here.until == NOW + timedelta(minutes=30) + BY
    assert before.until == NOW + timedelta(minutes=30)


async def test_memories_and_what_is_queued_move_too(database: Database) -> None:
    state = {"bad_since": (NOW - MINUTE).isoformat(), "up_since": (BOOT - MINUTE).isoformat(), "drops": [], "looks": 2}
    with database.begin() as session:
        session.add(WatchState(station="", subject="t1", state=state, updated_at=NOW))
        owed = outbox.enqueue(
            session, chat_id=1, thread_id=None, template="x", facts={}, now=NOW, not_before=NOW + MINUTE
        )
        session.flush()
        number = owed.id
    await moved(database)
    with database.begin() as session:
        memory = session.get_one(WatchState, ("", "t1"))
        assert memory.state == state | {"bad_since": (NOW - MINUTE + BY).isoformat()}
        row = session.get_one(Outgoing, number)
        assert (row.created_at, row.not_before) == (NOW + BY, NOW + MINUTE + BY)


async def test_what_a_closed_chat_did_not_take_is_still_made_good_when_it_opens(database: Database) -> None:
    """It is found by its timestamp, and the chat's own time is shifted."""
    lost = NOW - MINUTE
    with database.begin() as session:
        edit = outbox.enqueue(session, chat_id=1, thread_id=None, template="x", facts={}, now=lost, action="edit")
        told = outbox.enqueue(session, chat_id=2, thread_id=None, template="x", facts={}, now=lost)
        edit.state, edit.tried_at = "dead", lost
        session.flush()
        when = {"opened_at": lost - MINUTE, "joined_at": lost - MINUTE, "closed_at": lost}
        cards = [AlertMessage(station="", chat_id=chat, loud=True, message=told.id, **when) for chat in (1, 2)]
        session.add_all(cards)
        blocked_chats.close(session, 1, "Forbidden", lost)
    here, elsewhere = await moved(database, *cards)
    assert (here.closed_at, elsewhere.closed_at) == (lost + BY, lost), "only what the closed chat missed"
    with database.begin() as session:
        assert blocked_chats.reopen(session, [1], NOW + BY) == {1: lost + BY}
    with database.begin() as session:
        assert session.get_one(Outgoing, edit.id).state == "pending"


async def test_the_newest_time_is_that_of_whatever_was_written_last(database: Database) -> None:
    with database.begin() as session:
        assert newest_time(session) is None
        for seconds in (5, 3):
            at = NOW + timedelta(seconds=seconds)
            outbox.enqueue(session, chat_id=1, thread_id=None, template="plain", facts={}, now=at)
            session.flush()
        assert newest_time(session) == NOW + timedelta(seconds=3)
        session.add(WatchState(station="a", subject="", state={}, updated_at=NOW + timedelta(seconds=4)))
        session.add(WatchState(station="b", subject="", state={}, updated_at=NOW))
        session.flush()
        assert newest_time(session) == NOW + timedelta(seconds=4)
