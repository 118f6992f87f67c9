import pytest

from bot.store.database import Store
from tests.handlers.dispatcher_harness import DispatcherHarness


@pytest.fixture
def harness(store: Store) -> DispatcherHarness:
    return DispatcherHarness(store)
