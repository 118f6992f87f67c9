import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.database import Store
from tests.handlers.bench import Bench


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store that is up to date; a copy of it opens ten times faster than a new one."""
    path = tmp_path_factory.mktemp("store") / "bot.sqlite3"

    async def create() -> None:
        store = Store(f"sqlite:///{path}")
        await store.open()
        await store.close()

    asyncio.run(create())
    return path


@pytest.fixture
def store_file(empty_store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_store, tmp_path))


@pytest.fixture
async def store(store_file: Path) -> AsyncIterator[Store]:
    store = Store(f"sqlite:///{store_file}")
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def bench(store: Store) -> Bench:
    return Bench(store)
