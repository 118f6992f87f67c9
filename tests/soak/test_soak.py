"""Short soak: repeated busy hours, with history kept for one of them. No table, file or container may grow."""

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from structlog.testing import capture_logs

from bot.store.messages import inbox, keyboards
from tests.fixtures import stored
from tests.soak.life import live
from tests.soak.measure import Measured, measure
from tests.soak.season import season

LASTING = timedelta(hours=8)


@pytest.mark.long
async def test_what_is_stored_and_remembered_does_not_grow_with_time(
    store_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in (inbox, keyboards):
        monkeypatch.setattr(room, "RETENTION", LASTING)
    times: list[Measured] = []
    async with season(await stored.fast(store_file), Random(1), step=timedelta(minutes=10), kept=LASTING) as one:
        for _ in range(3):
            with capture_logs():
                await live(one, Random(1), LASTING, stranger=1000, lively=0.1)
            times.append(await measure(one.app))
    before, last = times[1], times[2]
    assert last.rows["incidents"] > 3
    assert last.rows["outbox"] > 20
    assert _grown(before.rows, last.rows) == {}
    assert _grown(before.remembered, last.remembered) == {}
    assert _is_about(before.file, last.file)
    assert _is_about(before.wal, last.wal)
    assert last.tasks == before.tasks


def _grown(before: dict[str, int], after: dict[str, int]) -> dict[str, tuple[int, int]]:
    counts = {name: (before.get(name, 0), number) for name, number in after.items()}
    return {name: count for name, count in counts.items() if not _is_about(*count)}


def _is_about(before: int, after: int) -> bool:
    """Allow for chance: Telegram's refusals differ each time."""
    return after <= 1.25 * before + 5
