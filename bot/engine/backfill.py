"""Backfill from the PBX's own history after a monitoring gap."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from bot.detection.missed_outages import MissedOutage, note_facts, outages_within
from bot.detection.observation import Observation, StationFault, TrunkObservation
from bot.incidents.model import STATION, MonitoringGap, OutageWhileAway, StateChange
from bot.pbx import Forbidden, Pbx

log = structlog.get_logger(__name__)

# A restart is no gap.
MIN_GAP = timedelta(seconds=90)
# A gap worth a notification even without outages.
MIN_GAP_WITHOUT_OUTAGE = timedelta(minutes=15)
EVENTS = 1000
# A PBX that has just come back may refuse; no retry after this many attempts.
TRIES = 5
# Timeout in seconds: trunks are queried one after the other, and the station is not polled meanwhile.
TIMEOUT = 120.0
# Here the PBX itself could not see its trunks, so its history has the same gap.
NO_GAP = frozenset({StationFault.ENGINE_DOWN, StationFault.STALE})


class HistoryBackfill:
    """Backfill of one station; outages shorter than `shortest` are not reported."""

    def __init__(self, station: str, pbx: Pbx, shortest: timedelta) -> None:
        self._station = station
        self._pbx = pbx
        self._shortest = shortest
        self._gap_from: datetime | None = None
        self._failures = 0

    @property
    def is_due(self) -> bool:
        """True while a gap awaits backfill. No last-seen time may be stored until it is done."""
        return self._gap_from is not None

    def mark_gap(self, last_seen: datetime | None, trouble: StationFault | None = None) -> None:
        if trouble in NO_GAP or last_seen is None:
            return
        # The stored time is up to a minute old: a restart before the fault does not extend the gap.
        if self._gap_from is None or last_seen - self._gap_from < MIN_GAP:
            self._gap_from = last_seen

    async def run(self, observation: Observation) -> list[StateChange] | None:
        """Return the changes to report now that the station answers again; None to retry with the next poll."""
        begin = self._gap_from
        if begin is None or observation.at - begin < MIN_GAP:
            return []
        found: list[MissedOutage] | None
        try:
            async with asyncio.timeout(TIMEOUT):
                found = [
                    one
                    for trunk in _changed_since(observation, begin)
                    for one in await self._outages(trunk, begin, observation)
                ]
        except Exception as error:
            # Any error in the history must not stop monitoring of the present.
            reason = str(error) or type(error).__name__
            log.warning("PBX error, backfill failed", station=self._station, reason=reason)
            self._failures += 1
            if self._failures < TRIES and not isinstance(error, Forbidden):
                return None
            found = None
        if not found and observation.at - begin < MIN_GAP_WITHOUT_OUTAGE:
            return []
        changes = [self._missed(one, observation) for one in found or () if one.is_complete]
        return [
            *changes,
            StateChange(STATION, MonitoringGap(), note_facts(self._station, begin, observation.at, found)),
        ]

    def reset(self) -> None:
        """Reset the gap once its report is stored."""
        self._gap_from, self._failures = None, 0

    async def _outages(
        self, trunk: TrunkObservation, begin: datetime, observation: Observation
    ) -> Sequence[MissedOutage]:
        events = (await self._pbx.trunks.history(trunk.id, EVENTS)).value
        found = outages_within(events, begin, observation.at, trunk=trunk.id, name=trunk.name, skew=observation.skew)
        return [one for one in found if self._lasted(one, begin, observation.at)]

    def _lasted(self, one: MissedOutage, begin: datetime, end: datetime) -> bool:
        return (one.down_until or end) - (one.down_from or begin) >= self._shortest

    def _missed(self, one: MissedOutage, observation: Observation) -> StateChange:
        trunk = observation.trunks[one.trunk]
        facts = {"trunk": trunk.name, "host": trunk.host, "type": trunk.type, "cause": "unknown"}
        return StateChange(
            one.trunk, OutageWhileAway(one.down_from or observation.at, one.down_until or observation.at), facts
        )


def _changed_since(observation: Observation, begin: datetime) -> list[TrunkObservation]:
    """Return the trunks whose state changed since `begin`; the others have no outage to query."""
    return [trunk for trunk in observation.trunks.values() if trunk.since is None or trunk.since >= begin]
