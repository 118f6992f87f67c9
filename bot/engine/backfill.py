"""After nobody looked for a while: what the PBX itself noted meanwhile."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from bot.detection.missed_outages import Absence, note_facts, outages_within
from bot.detection.observation import Sight, Trouble, TrunkSight
from bot.incidents.model import STATION, Happened, Missed, WasBlind
from bot.pbx import Forbidden, Pbx

log = structlog.get_logger(__name__)

# A restart is no absence.
SHORT = timedelta(seconds=90)
# So long an absence is worth a word even if nothing happened.
LONG = timedelta(minutes=15)
EVENTS = 1000
# A PBX that has only just come back may refuse; what it does not tell after so many looks it does not tell at all.
TRIES = 5
# Hundreds of trunks are asked about one after the other; meanwhile nobody looks at them.
WITHIN = 120.0
# Then the trunks were not hidden from the bot: the PBX itself did not see them.
NOT_BLIND = frozenset({Trouble.ENGINE_DOWN, Trouble.STALE})


class LookingBack:
    """`shortest` is how long an outage must have lasted to be told of afterwards."""

    def __init__(self, station: str, pbx: Pbx, shortest: timedelta) -> None:
        self._station = station
        self._pbx = pbx
        self._shortest = shortest
        self._blind_from: datetime | None = None
        self._refused = 0

    @property
    def is_due(self) -> bool:
        """Nothing may be stored of having seen the station before this has been told."""
        return self._blind_from is not None

    def went_blind(self, last_seen: datetime | None, trouble: Trouble | None = None) -> None:
        if trouble in NOT_BLIND or last_seen is None:
            return
        # What was stored last is a minute old at most: a restart before the trouble does not make it longer.
        if self._blind_from is None or last_seen - self._blind_from < SHORT:
            self._blind_from = last_seen

    async def tell(self, sight: Sight) -> list[Happened] | None:
        """The station is seen again: what is to be told, if anything; None while the PBX may still tell more."""
        begin = self._blind_from
        if begin is None or sight.at - begin < SHORT:
            return []
        found: list[Absence] | None
        try:
            async with asyncio.timeout(WITHIN):
                found = [
                    one for trunk in _changed_since(sight, begin) for one in await self._outages(trunk, begin, sight)
                ]
        except Exception as error:
            # Whatever it is, in what the PBX remembers: it must not keep anybody from seeing how things are now.
            reason = str(error) or type(error).__name__
            log.warning("what happened while nobody looked is not known", station=self._station, reason=reason)
            self._refused += 1
            if self._refused < TRIES and not isinstance(error, Forbidden):
                return None
            found = None
        if not found and sight.at - begin < LONG:
            return []
        told = [self._missed(one, sight) for one in found or () if one.is_whole]
        return [*told, Happened(STATION, WasBlind(), note_facts(self._station, begin, sight.at, found))]

    def is_told(self) -> None:
        """What was to be told is stored."""
        self._blind_from, self._refused = None, 0

    async def _outages(self, trunk: TrunkSight, begin: datetime, sight: Sight) -> Sequence[Absence]:
        events = (await self._pbx.trunks.history(trunk.id, EVENTS)).value
        found = outages_within(events, begin, sight.at, trunk=trunk.id, name=trunk.name, skew=sight.skew)
        return [one for one in found if self._lasted(one, begin, sight.at)]

    def _lasted(self, one: Absence, begin: datetime, end: datetime) -> bool:
        return (one.down_until or end) - (one.down_from or begin) >= self._shortest

    def _missed(self, one: Absence, sight: Sight) -> Happened:
        trunk = sight.trunks[one.trunk]
        facts = {"trunk": trunk.name, "host": trunk.host, "type": trunk.type, "cause": "unknown"}
        return Happened(one.trunk, Missed(one.down_from or sight.at, one.down_until or sight.at), facts)


def _changed_since(sight: Sight, begin: datetime) -> list[TrunkSight]:
    """The others need not be asked about: they are as they were."""
    return [trunk for trunk in sight.trunks.values() if trunk.since is None or trunk.since >= begin]
