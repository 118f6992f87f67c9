import pytest

from bot.store.database import Database
from tests.handlers.dispatcher_harness import DispatcherHarness


@pytest.fixture
def harness(database: Database) -> DispatcherHarness:
    return DispatcherHarness(database)
