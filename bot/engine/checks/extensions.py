"""Looking at the phones that somebody watches, and telling the ledger what that meant."""

from datetime import datetime

import structlog

from bot.detection import extension_machine
from bot.detection.extension_machine import ExtensionMemory, Phones, shows_somebody_online
from bot.engine.checks.state_sink import Book, Watch, Watched
from bot.incidents.model import EXTENSION
from bot.pbx import Pbx, PbxError, Priority
from bot.runtime.clock import Clock

log = structlog.get_logger(__name__)

# The PBX itself takes half a minute to notice that a phone has gone.
LOOK_EVERY = 30.0


class ExtensionLookout:
    """While `watch` is in trouble the PBX is not asked: with its telephony engine down the list takes it a second for
    each extension, and shows them all offline."""

    def __init__(
        self,
        station: str,
        pbx: Pbx,
        book: Book,
        watched: Watched,
        watch: Watch,
        clock: Clock,
    ) -> None:
        self._station = station
        self._pbx = pbx
        self._book = book
        self._watched = watched
        self._watch = watch
        self._clock = clock
        self._memories: dict[str, ExtensionMemory] | None = None

    def offline_since(self, number: str) -> datetime | None:
        """As far as it was looked at, which is only while somebody watches it."""
        memory = (self._memories or {}).get(number)
        return memory.condition.bad_since if memory else None

    def forget(self) -> None:
        """What is stored may have changed."""
        self._memories = None

    async def look(self) -> None:
        before = self._memories if self._memories is not None else await self._remembered()
        watched = await self._watched.numbers()
        phones = await self._phones() if watched else None
        now = self._clock()
        after, happened = extension_machine.judge(before, watched, phones, self._station, now)
        changed = {
            EXTENSION + number: extension_machine.written(after.get(number))
            for number in before | after
            if after.get(number) != before.get(number)
        }
        if changed or happened:
            await self._book.apply(changed, happened, now)
        # Only now: had the store refused, the next look would come to the same conclusion again.
        self._memories = after

    async def _phones(self) -> Phones | None:
        """None when the answer would prove nothing."""
        if self._watch.in_trouble:
            return None
        try:
            answer = await self._pbx.extensions.statuses(Priority.WATCH)
            alive = shows_somebody_online(answer) or await self._engine_lives()
        except PbxError as error:
            log.info("the extensions cannot be looked at", station=self._station, reason=str(error))
            return None
        known = bool(answer.value) and not answer.suspect and not self._watch.in_trouble
        return answer.value if alive and known else None

    async def _engine_lives(self) -> bool:
        return bool((await self._pbx.extensions.peers(Priority.WATCH)).value)

    async def _remembered(self) -> dict[str, ExtensionMemory]:
        return extension_machine.read(await self._book.remembered())
