from collections.abc import Iterator

import pytest

from bot.store.database import Database
from tests.handlers.dispatcher_harness import DispatcherHarness
from tests.handlers.recording_chat import CUT_LABELS


@pytest.fixture(autouse=True)
def no_label_is_cut() -> Iterator[None]:
    CUT_LABELS.clear()
    yield
    assert not CUT_LABELS, "a phone cuts these labels of buttons"


@pytest.fixture
def harness(database: Database) -> DispatcherHarness:
    return DispatcherHarness(database)
