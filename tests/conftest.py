import gc
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from structlog.dev import ConsoleRenderer, plain_traceback

from bot.store.database import Database
from tests.fixtures import postgresql, stored, stores
from tests.fixtures.examples import PROFILE

pytest_plugins = ["tests.fixtures.shifted_time"]

# The speed of a busy machine is no property of the code under test.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("daily", PATIENT, max_examples=15)
settings.register_profile("ci", PATIENT, max_examples=100)
settings.load_profile(PROFILE)
# Ten times faster than with every variable of every frame.
structlog.configure(
    processors=[*structlog.get_config()["processors"][:-1], ConsoleRenderer(exception_formatter=plain_traceback)]
)


# Collection creates almost no garbage; looking for it takes a tenth of its time.
gc.disable()


def pytest_collection_finish() -> None:
    """Exempt from garbage collection the objects that live as long as the run: modules, tests, compiled statements."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def empty_store() -> Path:
    return stores.empty()


@pytest.fixture
def store_file(empty_store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_store, tmp_path))


@pytest.fixture
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """In memory, unless the test requests `store_file` too; or on PostgreSQL with TEST_DATABASE=postgresql."""
    if "store_file" in request.fixturenames:
        database = await stores.fast(request.getfixturevalue("store_file"))
    else:
        database = postgresql.empty() if stored.ON_POSTGRESQL else stores.in_memory()
    yield database
    await database.close()
