"""Check watched phones and pass changes to the incident manager."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

import structlog

from bot.detection import extension_machine
from bot.detection.extension_machine import ExtensionState, Phones, has_online_phone
from bot.engine.checks.base import CheckContext, PeriodicCheck
from bot.incidents.model import EXTENSION
from bot.pbx import PbxError, Priority
from bot.store.database import Database
from bot.store.stations import watched_extensions

log = structlog.get_logger(__name__)


class ExtensionCheck(PeriodicCheck):
    """Phone check of one station.

    `watched` returns the numbers at each check. While `has_fault` the PBX is not queried: with Asterisk down the list
    takes it 1 s for each extension, and shows all offline.
    """

    NAME = "phones"
    # The PBX itself takes 30 s to notice that a phone is gone.
    EVERY = 30.0
    SUBJECT = EXTENSION

    def __init__(self, context: CheckContext) -> None:
        self._station = context.station
        self._pbx = context.pbx
        self._sink = context.sink
        self._watched = context.watched
        self._watch = context.watch
        self._clock = context.clock
        self._states: dict[str, ExtensionState] | None = None

    @classmethod
    async def stations(cls, database: Database, checks: Mapping[str, Self]) -> set[str]:
        return await database.run(watched_extensions.stations)

    def offline_since(self, number: str) -> datetime | None:
        """Return since when the phone is offline; None for online or unwatched."""
        state = (self._states or {}).get(number)
        return state.condition.bad_since if state else None

    @property
    def offline(self) -> int | None:
        """Return how many watched phones are offline; None before the first check, or while the PBX has a fault."""
        if self._states is None or self._watch.has_fault:
            return None
        return sum(one.condition.bad_since is not None for one in self._states.values())

    def drop_state(self) -> None:
        self._states = None

    async def run_once(self) -> None:
        before = self._states if self._states is not None else await self._load_states()
        watched = await self._watched.numbers()
        phones = await self._phones() if watched else None
        now = self._clock()
        after, state_changes = extension_machine.evaluate(before, watched, phones, self._station, now)
        changed = {
            EXTENSION + number: extension_machine.written(after.get(number))
            for number in before | after
            if after.get(number) != before.get(number)
        }
        if changed or state_changes:
            await self._sink.record(changed, state_changes, now)
        # Only after commit: on a database error the next check retries the same change.
        self._states = after

    async def _phones(self) -> Phones | None:
        """Return the phones' states; None when the answer is inconclusive."""
        if self._watch.has_fault:
            return None
        try:
            answer = await self._pbx.extensions.statuses(Priority.WATCH)
            alive = has_online_phone(answer) or await self._asterisk_is_up()
        except PbxError as error:
            log.info("PBX error, phone check skipped", station=self._station, reason=str(error))
            return None
        known = bool(answer.value) and not answer.suspect and not self._watch.has_fault
        return answer.value if alive and known else None

    async def _asterisk_is_up(self) -> bool:
        return bool((await self._pbx.extensions.peers(Priority.WATCH)).value)

    async def _load_states(self) -> dict[str, ExtensionState]:
        return extension_machine.read(await self._sink.load_states())
