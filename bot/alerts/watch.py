"""Looking at one station's trunks, again and again, and telling the ledger what that meant."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot import metrics
from bot.alerts import machine
from bot.alerts.health import Health
from bot.alerts.ledger import STATION, Ledger
from bot.alerts.machine import Policy, StationMemory, Transition, TrunkMemory
from bot.alerts.observation import Sight, Trouble, looks_like_a_dead_engine, not_seen, seen
from bot.pbx import Pbx, PbxError, Priority

log = structlog.get_logger(__name__)

# A key that is refused, or lacks a right, does not heal by asking often, and failed logins can get an address banned.
SLOWED = frozenset({Trouble.KEY_REFUSED, Trouble.RIGHT_MISSING})
SLOWEST = 300.0


class Watch:
    """One station's watch. `latest` is the last look, `last_look` when it was, whatever it showed."""

    def __init__(
        self,
        station: str,
        pbx: Pbx,
        ledger: Ledger,
        policy: Policy,
        clock: Callable[[], datetime],
        learn_zone: Callable[[datetime | None], None] = lambda _time: None,
    ) -> None:
        self._name = station
        self._pbx = pbx
        self._ledger = ledger
        self._policy = policy
        self._clock = clock
        self._learn_zone = learn_zone
        self._station = StationMemory()
        self._trunks: dict[str, TrunkMemory] = {}
        self._slowed = 0
        self._stale_since: datetime | None = None
        self.latest: Sight | None = None
        self.last_look: datetime | None = None

    @property
    def engine_is_silent(self) -> bool:
        return self.latest is not None and self.latest.trouble is Trouble.ENGINE_DOWN

    @property
    def trunk_names(self) -> dict[str, str]:
        return {subject: memory.name for subject, memory in self._trunks.items()}

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`. Nothing that happens in one look ends the watch."""
        await self.remember()
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            began = loop.time()
            pause = self._policy.poll_interval
            try:
                pause = await self.look()
            except Exception:
                metrics.POLLS.labels(self._name, "failed inside the bot").inc()
                log.exception("a look at the station failed inside the bot", station=self._name)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, began + pause - loop.time()))

    async def remember(self) -> None:
        """Take up where the last run ended."""
        self._station, self._trunks = await self._ledger.memories()

    async def look(self) -> float:
        """One look and its consequences; returns the seconds from its start to the next one."""
        sight = await self._see()
        self.latest, self.last_look = sight, sight.at
        self._measure(sight)
        if (judged := self._proof(sight)) is not None:
            await self._judge(judged)
        return self._pause(sight)

    def _proof(self, sight: Sight) -> Sight | None:
        """A PBX that stopped looking proves nothing, until that is a trouble of its own."""
        if not sight.stale:
            self._stale_since = None
            return sight
        self._stale_since = self._stale_since or sight.at
        lasts = sight.at - self._stale_since >= timedelta(seconds=self._policy.unknown_after)
        return Sight(sight.at, trouble=Trouble.STALE) if lasts else None

    async def _see(self) -> Sight:
        fresh = machine.needs_fresh_look(self._station, self._trunks)
        try:
            answer = await self._pbx.trunks.statuses(fresh=fresh, priority=Priority.WATCH)
            self._learn_zone(answer.pbx_time)
            if looks_like_a_dead_engine(answer) and not (await self._pbx.extensions.peers(Priority.WATCH)).value:
                return Sight(self._clock(), trouble=Trouble.ENGINE_DOWN)
            return seen(answer, self._clock())
        except PbxError as error:
            log.info("the station does not answer as it should", station=self._name, reason=str(error))
            return not_seen(error, self._clock())

    async def _judge(self, sight: Sight) -> None:
        station, told = machine.step_station(self._station, sight, self._policy)
        transitions: list[tuple[str, Transition, dict[str, Any]]] = []
        if told is not None:
            transitions.append((STATION, told, self._station_facts(sight)))
        trunks = dict(self._trunks)
        if station.trouble is None and not station.alarm:
            if self._station.trouble is not None or self._station.alarm:
                trunks = {subject: machine.judge_anew(memory) for subject, memory in trunks.items()}
            trunks = self._judge_trunks(sight, station, trunks, transitions)
        changed: dict[str, StationMemory | TrunkMemory | None] = {
            subject: trunks.get(subject)
            for subject in self._trunks | trunks
            if machine.lasting(trunks.get(subject)) != machine.lasting(self._trunks.get(subject))
        }
        if station != self._station:
            changed[STATION] = station
        await self._ledger.apply(changed, transitions, sight.at)
        # Only now: had the store refused, the next look would come to the same conclusion again.
        self._station, self._trunks = station, trunks

    def _judge_trunks(
        self,
        sight: Sight,
        station: StationMemory,
        before: dict[str, TrunkMemory],
        transitions: list[tuple[str, Transition, dict[str, Any]]],
    ) -> dict[str, TrunkMemory]:
        after: dict[str, TrunkMemory] = {}
        for subject, trunk in sight.trunks.items():
            memory = before.get(subject) or machine.first_sight(trunk)
            after[subject], told = machine.step_trunk(memory, trunk, sight.at, self._policy, station.judge_from)
            if told is not None:
                transitions.append((subject, told, self._trunk_facts(after[subject], sight)))
        for subject in before.keys() - sight.trunks.keys():
            kept, told = machine.step_missing(before[subject], sight.at)
            if kept is not None:
                after[subject] = kept
            if told is not None:
                transitions.append((subject, told, self._trunk_facts(before[subject], sight)))
        return after

    def _pause(self, sight: Sight) -> float:
        # Until it is told there is a hurry, to be sure; after that there is none.
        if sight.trouble not in SLOWED or not self._station.alarm:
            self._slowed = 0
            return max(self._policy.poll_interval, sight.retry_after or 0.0)
        self._slowed += 1
        return max(self._policy.poll_interval, min(SLOWEST, 30.0 * 2.0**self._slowed))

    def _station_facts(self, sight: Sight) -> dict[str, Any]:
        return {"station": self._name, "trouble": str(sight.trouble or ""), "row": sight.row}

    def _trunk_facts(self, memory: TrunkMemory, sight: Sight) -> dict[str, Any]:
        enabled = [trunk for trunk in sight.trunks.values() if trunk.health is not Health.OFF]
        return {
            "station": self._name,
            "trunk": memory.name,
            "host": memory.host,
            "type": memory.type,
            "state": memory.state,
            "cause": str(memory.cause),
            "remaining": sum(trunk.health in (Health.UP, Health.DEGRADED) for trunk in enabled),
            "of": len(enabled),
        }

    def _measure(self, sight: Sight) -> None:
        metrics.POLLS.labels(self._name, str(sight.trouble or "answered")).inc()
        if sight.trouble is not None:
            return
        metrics.LAST_POLL.labels(self._name).set(sight.at.timestamp())
        for health in Health:
            count = sum(trunk.health is health for trunk in sight.trunks.values())
            metrics.TRUNKS.labels(self._name, str(health)).set(count)
