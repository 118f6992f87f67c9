import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bot.store.database import Store
from tests import stores
from tests.examples import PROFILE

# How fast a busy machine runs a test says nothing about what is tested.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("daily", PATIENT, max_examples=25)
settings.register_profile("ci", PATIENT, max_examples=100)
settings.load_profile(PROFILE)


@pytest.fixture(scope="session")
def empty_store() -> Path:
    return stores.empty()


@pytest.fixture
def store_file(empty_store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_store, tmp_path))


@pytest.fixture
async def store(store_file: Path) -> AsyncIterator[Store]:
    store = await stores.fast(store_file)
    yield store
    await store.close()
