"""Poll the trunk states of one station, with the further facts that they need."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import structlog

from bot.detection import trunk_machine
from bot.detection.observation import (
    Observation,
    StationFault,
    from_answer,
    from_error,
    healths_of,
    silent_in,
    suggests_asterisk_down,
)
from bot.detection.station_machine import StationState
from bot.detection.trunk_health import Health
from bot.detection.trunk_state import TrunkState
from bot.detection.unreported_trunks import UnreportedTrunks
from bot.engine.trunk_queries import TrunkQueries
from bot.incidents.model import PARTIAL_KINDS
from bot.pbx import Answer, Pbx, PbxError, Priority, TrunkStatus
from bot.runtime.clock import Clock

log = structlog.get_logger(__name__)

# Timeout of a poll: several requests, each with a retry. Seconds.
POLL_TIMEOUT = 90.0


class WatchObserver(Protocol):
    def on_pbx_time(self, pbx_time: datetime | None) -> None:
        """Take the PBX's time from an answer."""

    def on_states_loaded(self, states: Mapping[str, dict[str, Any]]) -> None:
        """Take the stored states of the station, by subject."""


class StationPoller:
    """Poller of one station. A poll times out after `within` seconds."""

    def __init__(
        self, station: str, pbx: Pbx, clock: Clock, observer: WatchObserver | None = None, within: float = POLL_TIMEOUT
    ) -> None:
        self._station = station
        self._pbx = pbx
        self._clock = clock
        self._observer = observer
        self._timeout = within
        self.queries = TrunkQueries(pbx)

    def listed(self, trunks: Mapping[str, TrunkState]) -> UnreportedTrunks:
        """Return facts about trunks beyond their states."""
        working = {subject for subject, memory in trunks.items() if memory.up_since is not None}
        return UnreportedTrunks(self.queries.listed, working)

    async def observe(self, station: StationState, trunks: Mapping[str, TrunkState]) -> Observation:
        """Poll once. An error, a timeout or an answer that cannot be parsed is a fault of the station."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._fetch(station, trunks)
        except PbxError as error:
            log.info("PBX error, trunk poll failed", station=self._station, reason=str(error))
            return from_error(error, self._clock())
        except TimeoutError:
            log.info("trunk poll timed out", station=self._station, seconds=self._timeout)
            return Observation(self._clock(), trouble=StationFault.TIMED_OUT)
        except Exception:
            log.exception("PBX answer cannot be parsed", station=self._station)
            return Observation(self._clock(), trouble=StationFault.NOT_JSON)

    async def _fetch(self, station: StationState, trunks: Mapping[str, TrunkState]) -> Observation:
        fresh = trunk_machine.needs_fresh_states(station, trunks)
        answer = await self._pbx.trunks.statuses(fresh=fresh, priority=Priority.WATCH)
        if self._observer is not None:
            self._observer.on_pbx_time(answer.pbx_time)
        if suggests_asterisk_down(answer) and not (await self._pbx.extensions.peers(Priority.WATCH)).value:
            return Observation(self._clock(), trouble=StationFault.ENGINE_DOWN)
        return await self._interpret(answer, trunks)

    async def _interpret(self, answer: Answer[dict[str, TrunkStatus]], trunks: Mapping[str, TrunkState]) -> Observation:
        """Query further facts that the states need."""
        now = self._clock()
        watched_before = {subject for subject, memory in trunks.items() if memory.health is not Health.UNWATCHED}
        await self.queries.renew_list(now, missed=bool(watched_before - answer.value.keys()))
        healths = healths_of(answer.value, self.listed(trunks))
        routes = banned = None
        if any(health is Health.PARTIAL for _, health in healths):
            routes = await self.queries.outbound(now)
        if silent := silent_in(healths):
            banned = await self.queries.banned(silent, now)
        return from_answer(answer, self._clock(), healths, routes=routes, banned=banned, reached=_reregistered(trunks))


def _reregistered(trunks: Mapping[str, TrunkState]) -> set[str]:
    """Return the trunks that are partially down for longer than a registration lasts: they have registered again
    since.
    """
    return {subject for subject, memory in trunks.items() if memory.alarm in PARTIAL_KINDS}
