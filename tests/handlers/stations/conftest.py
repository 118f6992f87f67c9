from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.database import Database
from tests.handlers.stations.health_room import Room


@pytest.fixture
async def room(store_file: Path, database: Database) -> AsyncIterator[Room]:
    room = Room(database)
    await room.open()
    yield room
    room.close()
