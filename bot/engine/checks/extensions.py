"""Check watched phones and pass changes to the incident manager."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

import structlog

from bot.detection import extension_machine
from bot.detection.extension_machine import ExtensionState, Phones, shows_somebody_online
from bot.engine.checks.base import CheckContext, PeriodicCheck
from bot.incidents.model import EXTENSION
from bot.pbx import PbxError, Priority
from bot.store.database import Store
from bot.store.stations import watched_extensions

log = structlog.get_logger(__name__)


class ExtensionCheck(PeriodicCheck):
    """Phone check of one station.

    `watched` returns the numbers at each check. While `in_trouble` the PBX is not queried: with Asterisk down the list
    takes it 1 s for each extension, and shows all offline.
    """

    NAME = "phones"
    # The PBX itself takes 30 s to notice that a phone is gone.
    EVERY = 30.0
    SUBJECT = EXTENSION

    def __init__(self, context: CheckContext) -> None:
        self._station = context.station
        self._pbx = context.pbx
        self._book = context.sink
        self._watched = context.watched
        self._watch = context.watch
        self._clock = context.clock
        self._memories: dict[str, ExtensionState] | None = None

    @classmethod
    async def stations(cls, store: Store, checks: Mapping[str, Self]) -> set[str]:
        async with store.begin() as session:
            return await watched_extensions.stations(session)

    def offline_since(self, number: str) -> datetime | None:
        """Return since when the phone is offline; None for online or unwatched."""
        memory = (self._memories or {}).get(number)
        return memory.condition.bad_since if memory else None

    def forget(self) -> None:
        self._memories = None

    async def run_once(self) -> None:
        before = self._memories if self._memories is not None else await self._remembered()
        watched = await self._watched.numbers()
        phones = await self._phones() if watched else None
        now = self._clock()
        after, happened = extension_machine.evaluate(before, watched, phones, self._station, now)
        changed = {
            EXTENSION + number: extension_machine.written(after.get(number))
            for number in before | after
            if after.get(number) != before.get(number)
        }
        if changed or happened:
            await self._book.record(changed, happened, now)
        # Only after commit: on a database error the next check retries the same change.
        self._memories = after

    async def _phones(self) -> Phones | None:
        """Return the phones' states; None when the answer is inconclusive."""
        if self._watch.in_trouble:
            return None
        try:
            answer = await self._pbx.extensions.statuses(Priority.WATCH)
            alive = shows_somebody_online(answer) or await self._engine_lives()
        except PbxError as error:
            log.info("PBX error, phone check skipped", station=self._station, reason=str(error))
            return None
        known = bool(answer.value) and not answer.suspect and not self._watch.in_trouble
        return answer.value if alive and known else None

    async def _engine_lives(self) -> bool:
        return bool((await self._pbx.extensions.peers(Priority.WATCH)).value)

    async def _remembered(self) -> dict[str, ExtensionState]:
        return extension_machine.read(await self._book.load_states())
