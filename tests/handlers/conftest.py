from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.database import Store
from tests.handlers.bench import Bench


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'bot.sqlite3'}")
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def bench(store: Store) -> Bench:
    return Bench(store)
