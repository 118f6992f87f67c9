import pytest

from bot.store.database import Store
from tests.handlers.dispatcher_harness import Bench


@pytest.fixture
def bench(store: Store) -> Bench:
    return Bench(store)
