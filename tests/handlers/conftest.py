import pytest

from bot.store.database import Store
from tests.handlers.bench import Bench


@pytest.fixture
def bench(store: Store) -> Bench:
    return Bench(store)
