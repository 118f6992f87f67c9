"""A query that is asked at intervals."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.pbx import Answer, Forbidden
from bot.pbx.cached_query import CachedQuery

NOW, EVERY = datetime(2026, 11, 23, 9, tzinfo=UTC), timedelta(minutes=5)


@pytest.mark.parametrize("forbidden", [False, True])
async def test_it_is_asked_again_when_it_is_due_or_the_clock_was_set_back(*, forbidden: bool) -> None:
    asked, query = list[datetime](), CachedQuery[int]()

    async def asks(now: datetime) -> int:
        async def question() -> Answer[int]:
            asked.append(now)
            if forbidden:
                raise Forbidden("no right", "advice")
            return Answer(len(asked))

        await query.renew(question, EVERY, now)
        return len(asked)

    every = timedelta(hours=1) if forbidden else EVERY
    moments = (NOW, NOW + every / 2, NOW + every, NOW + every * 1.5, NOW - timedelta(days=1), NOW - timedelta(days=1))
    assert [await asks(now) for now in moments] == [1, 1, 2, 2, 3, 3]
