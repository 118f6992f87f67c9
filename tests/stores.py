"""A store that is up to date, made once: a copy of its file opens many times faster than a new one."""

import asyncio
import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from bot.store.database import Store


@cache
def empty() -> Path:
    """The file of a store in which nothing is."""
    folder = Path(tempfile.mkdtemp(prefix="mikopbx-bot-store-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "bot.sqlite3"

    async def create() -> None:
        store = Store(f"sqlite:///{path}")
        await store.open()
        await store.close()

    asyncio.run(create())
    return path
