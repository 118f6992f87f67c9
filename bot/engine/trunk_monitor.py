"""Poll one station's trunks and pass changes to the incident manager."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.detection import station_machine, trunk_machine, trunk_state
from bot.detection.observation import Observation, StationFault
from bot.detection.station_machine import StationState
from bot.detection.station_summary import StationSummary, summarize_station
from bot.detection.trunk_health import Cause, Health
from bot.detection.trunk_machine import Policy
from bot.detection.trunk_state import TrunkState
from bot.detection.unreported_trunks import UnreportedTrunks
from bot.engine.backfill import HistoryBackfill
from bot.engine.incident_manager import IncidentManager
from bot.engine.station_poller import POLL_TIMEOUT, StationPoller, WatchObserver
from bot.engine.trunk_evaluation import evaluate_trunks, facts_of_station
from bot.incidents.model import STATION, StateChange, is_of_trunk
from bot.pbx import Dialect, Pbx
from bot.runtime import metrics
from bot.runtime.clock import Clock
from bot.runtime.logs import OnChange
from bot.store.database import DatabaseError
from bot.store.database_errors import database_message

log = structlog.get_logger(__name__)

# Frequent requests do not repair a refused key or missing right, and failed logins can get an address banned.
SLOWED_BY = frozenset({StationFault.KEY_REFUSED, StationFault.RIGHT_MISSING})
MAX_INTERVAL = 300.0
# Interval of writing the last-seen time.
LAST_SEEN_EVERY = timedelta(seconds=60)
# After a longer gap stored states are not trusted.
STATES_VALID_FOR = 2 * LAST_SEEN_EVERY
# Least duration of a restart of the machine; an assumption.
RESTART_TAKES = timedelta(seconds=45)


class TrunkMonitor:
    """Trunk monitor of one station.

    `latest` is the last observation, `last_good` the time of the last valid answer. `interruptions` counts failed polls
    and pauses of RESTART_TAKES, in which the PBX may have restarted. `observer` is given the states loaded at start,
    which saves the checks a query. A poll times out after `timeout` seconds.
    """

    def __init__(
        self,
        station: str,
        pbx: Pbx,
        incident_manager: IncidentManager,
        policy: Policy,
        clock: Clock,
        observer: WatchObserver | None = None,
        timeout: float = POLL_TIMEOUT,
    ) -> None:
        self._name = station
        self._incident_manager = incident_manager
        self._policy = policy
        self._clock = clock
        self._observer = observer
        self._poller = StationPoller(station, pbx, clock, observer, timeout)
        self._last_error = OnChange()
        self._backfill = HistoryBackfill(station, pbx, timedelta(seconds=policy.alert_after))
        self._station = StationState()
        self._trunks: dict[str, TrunkState] = {}
        self._slow_polls = 0
        self._unconfirmed = 0
        self._is_loaded = False
        # Trunks that the bot has disabled briefly to re-register them; not evaluated meanwhile.
        self.paused_trunks: set[str] = set()
        self.latest: Observation | None = None
        self.last_good: datetime | None = None
        self.interruptions = 0

    @property
    def is_confirmed(self) -> bool:
        """True if states may be used for notifications: after a gap, only once the trunks were polled again."""
        return self._is_loaded and self._unconfirmed == 0

    @property
    def has_fault(self) -> bool:
        return self.latest is not None and self.latest.trouble is not None

    @property
    def asterisk_down(self) -> bool:
        return self.latest is not None and self.latest.trouble is StationFault.ENGINE_DOWN

    @property
    def trunk_names(self) -> dict[str, str]:
        return {subject: memory.name for subject, memory in self._trunks.items()}

    @property
    def trunk_hosts(self) -> dict[str, str]:
        """Return names of trunks by the host of their provider, as the last poll told them."""
        trunks = self.latest.trunks.values() if self.latest is not None else ()
        return {trunk.host: trunk.name for trunk in trunks if trunk.host}

    @property
    def disabled_trunks(self) -> frozenset[str]:
        return frozenset(subject for subject, memory in self._trunks.items() if memory.health is Health.OFF)

    @property
    def unwatched(self) -> frozenset[str]:
        """Return the trunks whose state the PBX does not report."""
        return frozenset(subject for subject, memory in self._trunks.items() if memory.health is Health.UNWATCHED)

    @property
    def dialect(self) -> Dialect | None:
        """Return the detected API dialect; None until detected."""
        return self._station.dialect

    @property
    def listed(self) -> UnreportedTrunks:
        """Return facts about trunks beyond their states."""
        return self._poller.listed(self._trunks)

    def cause(self, trunk: str) -> Cause | None:
        """Return the cause of a trunk that is down, derived from its history."""
        memory = self._trunks.get(trunk)
        return memory.cause if memory is not None and memory.health is Health.DOWN else None

    def since(self, trunk: str, health: Health) -> datetime | None:
        """Return since when it has this health; None if it was not observed. The PBX dates the registration only."""
        memory = self._trunks.get(trunk)
        return memory.since if memory is not None and memory.health is health else None

    def on_reregistration(self, trunk: str) -> bool:
        """Return True if the provider answers again and the PBX's registration retry is pending."""
        memory = self._trunks.get(trunk)
        return memory is not None and memory.health is Health.DOWN and memory.registering_again

    def summary(self) -> StationSummary:
        """Return the summary for correlation with other stations."""
        policy, looked = self._policy, self.latest is not None
        hold_offs = timedelta(seconds=policy.alert_after), timedelta(seconds=policy.partial_after)
        return summarize_station(
            self._name, self._station, self._trunks.values(), *hold_offs, self._clock(), has_polled=looked
        )

    async def run_once(self) -> float:
        """Poll once, after loading states at the first call; return the seconds from start to the next poll.

        Errors are logged.
        """
        try:
            if not self._is_loaded:
                await self.load()
            pause = await self.poll()
        except DatabaseError as error:
            if self._last_error.is_new(type(error).__name__):
                log.error("database error, trunk poll not recorded", reason=database_message(error))
        except Exception:
            metrics.POLLS.labels(self._name, "failed inside the bot").inc()
            log.exception("trunk poll failed", station=self._name)
        else:
            self._last_error.is_new(None)
            return pause
        return self._policy.poll_interval

    async def load(self) -> None:
        """Load the stored states."""
        self.load_states(await self._incident_manager.load_states())

    def load_states(self, states: Mapping[str, dict[str, Any]]) -> None:
        """Load states by subject that are already read."""
        if self._observer is not None:
            self._observer.on_states_loaded(states)
        self._station = station_machine.read(states.get(STATION))
        self._trunks = {subject: trunk_state.read(state) for subject, state in states.items() if is_of_trunk(subject)}
        looked_at = self._station.looked_at
        if looked_at is not None and self._clock() - looked_at > STATES_VALID_FOR:
            self._unconfirmed = trunk_state.CONFIRMATIONS
        has_fault = self._station.trouble is not None or self._station.alarm
        self._backfill.mark_gap(self._station.since if has_fault else self._station.seen_at)
        self._is_loaded = True

    def restart_states(self, states: Mapping[str, dict[str, Any]]) -> None:
        """Load states again after their times were shifted."""
        self._backfill.reset()
        self.load_states(states)
        self.last_good = self._clock() if self.last_good else None
        self.interruptions += 1

    async def poll(self) -> float:
        """Poll once and record the changes; return the seconds from start to the next poll."""
        observation = await self._poller.observe(self._station, self._trunks)
        self.latest = observation
        self._measure(observation)
        try:
            if (judged := await self._unless_stale(observation)) is not None:
                await self._evaluate(judged)
        finally:
            self._unconfirmed = max(0, self._unconfirmed - 1)
        return self._next_interval(observation)

    async def _unless_stale(self, observation: Observation) -> Observation | None:
        """Return the observation to evaluate: None for stale states, a STALE fault once they last."""
        since = (self._station.stale_since or observation.at) if observation.stale else None
        if since != self._station.stale_since:
            station = replace(self._station, stale_since=since)
            await self._incident_manager.record({STATION: station_machine.written(station)}, [], observation.at)
            self._station = station
        if since is None:
            return observation
        lasts = self._policy.lasts(since, observation.at, self._policy.unknown_after)
        return Observation(observation.at, trouble=StationFault.STALE) if lasts else None

    async def _evaluate(self, observation: Observation) -> None:
        try:
            station, trunks, state_changes = self._next_states(observation)
        except Exception:
            log.exception("PBX answer cannot be evaluated", station=self._name)
            observation = self.latest = Observation(observation.at, trouble=StationFault.NOT_JSON)
            station, trunks, state_changes = self._next_states(observation)
        station = self._with_last_poll(station, observation.at)
        changed: dict[str, dict[str, Any] | None] = {
            subject: trunk_state.written(trunks[subject]) if subject in trunks else None
            for subject in self._trunks | trunks
            if trunk_state.differ_lastingly(trunks.get(subject), self._trunks.get(subject))
        }
        if station != self._station:
            is_seen_only = station_machine.differs_in_last_seen_only(station, self._station)
            if is_seen_only and not changed and not state_changes:
                self._incident_manager.touch(STATION, station_machine.written(station), observation.at)
            else:
                changed[STATION] = station_machine.written(station)
        await self._incident_manager.record(changed, state_changes, observation.at)
        # Only after commit: on a database error the next poll retries the same change.
        self._station, self._trunks = station, trunks
        await self._run_backfill(observation)

    def _next_states(self, observation: Observation) -> tuple[StationState, dict[str, TrunkState], list[StateChange]]:
        hold_off = timedelta(seconds=self._policy.alert_after)
        station, transition = station_machine.evaluate_station(self._station, observation, hold_off)
        if observation.dialect not in (None, station.dialect):
            station = replace(station, dialect=observation.dialect)
        state_changes: list[StateChange] = []
        if transition is not None:
            state_changes.append(StateChange(STATION, transition, facts_of_station(observation)))
        trunks = dict(self._trunks)
        if station.trouble is None and not station.alarm:
            if self._station.trouble is not None or self._station.alarm:
                trunks = {subject: trunk_machine.reevaluate(memory) for subject, memory in trunks.items()}
                self._unconfirmed = trunk_state.CONFIRMATIONS
            trunks, changes = evaluate_trunks(
                observation,
                trunks,
                self._policy,
                station.judge_from,
                self.listed,
                excluded=self.paused_trunks,
                knows_list=self._poller.queries.knows_list,
            )
            state_changes += changes
            station = self._with_last_seen(station, observation.at, transition=bool(state_changes))
        return station, trunks, state_changes

    def _with_last_seen(self, station: StationState, now: datetime, *, transition: bool) -> StationState:
        """Update the last-seen time, unless a gap awaits backfill: a kill would lose the gap.

        A reported change counts as seen, so that backfill does not report it again.
        """
        recent = station.seen_at is not None and now - station.seen_at < LAST_SEEN_EVERY
        return station if (recent and not transition) or self._backfill.is_due else replace(station, seen_at=now)

    def _with_last_poll(self, station: StationState, now: datetime) -> StationState:
        """Update the time of the last poll together with any other change."""
        recently = station.looked_at is not None and now - station.looked_at < LAST_SEEN_EVERY
        return station if recently and station == self._station else replace(station, looked_at=now)

    async def _run_backfill(self, observation: Observation) -> None:
        """Run the backfill once the station answers again."""
        if self._station.trouble is not None:
            self._backfill.mark_gap(self._station.since, self._station.trouble)
        if self._station.trouble is not None or self._station.alarm:
            return
        if self._backfill.is_due:
            if (state_changes := await self._backfill.run(observation)) is None:
                return
            station = replace(self._station, seen_at=observation.at)
            if state_changes:
                await self._incident_manager.record(
                    {STATION: station_machine.written(station)}, state_changes, observation.at
                )
            else:
                self._incident_manager.touch(STATION, station_machine.written(station), observation.at)
            self._backfill.reset()
            self._station = station

    def _next_interval(self, observation: Observation) -> float:
        # Fast until the notification is sent, to confirm the fault; slower after that.
        if observation.trouble not in SLOWED_BY or not self._station.alarm:
            self._slow_polls = 0
            return max(self._policy.poll_interval, observation.retry_after or 0.0)
        self._slow_polls += 1
        return max(self._policy.poll_interval, min(MAX_INTERVAL, 30.0 * 2.0**self._slow_polls))

    def _measure(self, observation: Observation) -> None:
        metrics.POLLS.labels(self._name, str(observation.trouble or "answered")).inc()
        was_paused = self.last_good is not None and observation.at - self.last_good > RESTART_TAKES
        if observation.trouble is not None or was_paused:
            self.interruptions += 1
        if observation.trouble is None:
            self.last_good = observation.at
