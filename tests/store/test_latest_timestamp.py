"""Latest timestamp stored by an earlier run."""

from datetime import UTC, datetime, timedelta

from bot.store.database import Store
from bot.store.latest_timestamp import newest_time
from bot.store.messages import outbox
from bot.store.tables.incidents import WatchState

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def test_it_is_that_of_whatever_was_written_last(store: Store) -> None:
    async with store.begin() as session:
        assert await newest_time(session) is None
        for seconds in (5, 3):
            at = NOON + timedelta(seconds=seconds)
            outbox.owe(session, chat_id=1, thread_id=None, template="plain", facts={}, now=at)
            await session.flush()
        assert await newest_time(session) == NOON + timedelta(seconds=3)
        session.add(WatchState(station="a", subject="", state={}, updated_at=NOON + timedelta(seconds=4)))
        session.add(WatchState(station="b", subject="", state={}, updated_at=NOON))
        await session.flush()
        assert await newest_time(session) == NOON + timedelta(seconds=4)
