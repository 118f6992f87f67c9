"""Updates that were interrupted: by the end of an earlier run, or by a database error in this one."""

from bot.runtime.clock import Clock
from bot.store.access import audit
from bot.store.access.audit import EarlierDecision
from bot.store.database import Database, Session
from bot.store.messages import unfinished_updates
from bot.store.messages.unfinished_updates import Checkpoint


class InterruptedUpdates:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # Id of the newest decision of earlier runs; ids only grow, while clocks are set back.
        self._last_earlier_id: int | None = None
        # Updates that earlier runs left unfinished; all others need no database query.
        self._unfinished: set[int] | None = None
        # Updates of this run interrupted by a database error: retried as after a kill.
        self._interrupted: set[int] = set()

    def mark(self, update_id: int) -> None:
        """Mark an update as interrupted by a database error."""
        self._interrupted.add(update_id)

    async def pending_reply(self, update_id: int) -> Checkpoint | None:
        """Return the pending reply of an update that a killed run had handled; None if there is none."""
        if self._unfinished is None:
            self._unfinished = await self._database.run(unfinished_updates.updates)
        if update_id not in self._unfinished | self._interrupted:
            return None
        checkpoint = await self._database.run(unfinished_updates.find, update_id, self._clock())
        return checkpoint if "answer" in checkpoint else None

    async def delete_checkpoint(self, update_id: int) -> None:
        await self._database.run(unfinished_updates.remove, update_id)

    def read_last_earlier(self, session: Session) -> None:
        """Read the newest decision of earlier runs, before the first one of this run is written."""
        if self._last_earlier_id is None:
            self._last_earlier_id = audit.newest(session)

    def is_of_this_run(self, update_id: int, earlier: EarlierDecision | None) -> bool:
        """Return True for a decision of this run, unless its update was interrupted."""
        if earlier is None or update_id in self._interrupted:
            return False
        return earlier.id > (self._last_earlier_id or 0)
