from collections.abc import AsyncIterator

import pytest

from bot.store.database import Database
from tests.fixtures import postgresql, stores


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn. A test that requests `store_file` is about a file of SQLite."""
    engine: str = request.param
    if engine == "postgresql":
        if "store_file" in request.fixturenames:
            pytest.skip("about a file of SQLite")
        if not postgresql.is_available():
            pytest.skip("PostgreSQL is not installed")
    return engine


@pytest.fixture
async def database(engine: str, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    if engine == "postgresql":
        database = postgresql.empty()
    elif "store_file" in request.fixturenames:
        database = await stores.fast(request.getfixturevalue("store_file"))
    else:
        database = stores.in_memory()
    yield database
    await database.close()


@pytest.fixture
def address(engine: str, request: pytest.FixtureRequest) -> str:
    """Address of an empty database, for tests that open it as the program does."""
    return postgresql.emptied() if engine == "postgresql" else f"sqlite:///{request.getfixturevalue('store_file')}"


@pytest.fixture
async def threaded(address: str) -> AsyncIterator[Database]:
    """With the database's own thread."""
    database = Database(address)
    yield database
    await database.close()
