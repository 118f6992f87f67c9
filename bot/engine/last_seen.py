"""How lately each station was looked at: stored for the whole fleet at once."""

import asyncio
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import bindparam, update
from sqlalchemy.exc import SQLAlchemyError

from bot.runtime.logs import Changes
from bot.runtime.tasks import first_line
from bot.runtime.waiting import wait_for
from bot.store.database import Store
from bot.store.tables.incidents import WatchState

log = structlog.get_logger(__name__)

WRITE_EVERY = 5.0
STATEMENT = (
    update(WatchState)
    .where(WatchState.station == bindparam("of"), WatchState.subject == bindparam("about"))
    .values(state=bindparam("new"), updated_at=bindparam("at"))
)


class Recency:
    """Memories in which nothing has changed but the moment of the last look. A kill loses at most `WRITE_EVERY` seconds
    of them; whatever else happens is stored at once, by the ledger, and takes the place of what waits here."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[tuple[str, str], tuple[dict[str, Any], datetime]] = {}
        self._trouble = Changes()

    def note(self, station: str, subject: str, state: dict[str, Any], now: datetime) -> None:
        """Of what is in the store already, in an older state."""
        self._waiting[station, subject] = (state, now)

    def outdated(self, station: str, subject: str) -> None:
        """A newer state is being stored."""
        self._waiting.pop((station, subject), None)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, and once more then."""
        while True:
            await wait_for(stop, WRITE_EVERY)
            try:
                await self.write()
                self._trouble.are(None)
            except SQLAlchemyError as error:
                if self._trouble.are(type(error).__name__):
                    log.error("the store refuses; what was seen last is written later", reason=first_line(error))
            if stop.is_set():
                return

    async def write(self) -> None:
        """All that waits, in one transaction."""
        if not self._waiting:
            return
        async with self._store.begin() as session:
            # Taken only now that nobody else writes: what has been outdated meanwhile must not come back.
            written = dict(self._waiting)
            rows = [
                {"of": station, "about": subject, "new": state, "at": now}
                for (station, subject), (state, now) in written.items()
            ]
            if rows:
                await (await session.connection()).execute(STATEMENT, rows)
        for key, one in written.items():
            if self._waiting.get(key) is one:
                del self._waiting[key]
