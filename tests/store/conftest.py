import os
from collections.abc import AsyncIterator

import pytest

from bot.store.database import Database
from tests.fixtures import postgresql, stores


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """Each engine in turn. A test that requests `store_file` is about a file of SQLite."""
    has_file = "store_file" in request.fixturenames
    if request.param == "postgresql":
        if has_file:
            pytest.skip("about a file of SQLite")
        if not postgresql.is_installed() and os.environ.get("CASES") != "all":
            pytest.skip("PostgreSQL is not installed")
        database = postgresql.empty()
    else:
        database = await stores.fast(request.getfixturevalue("store_file")) if has_file else stores.in_memory()
    yield database
    await database.close()
