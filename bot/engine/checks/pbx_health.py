"""Look at a PBX's own health every few minutes: release, disk, certificate, bans, its own advice."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import TypeAdapter

from bot.detection import condition
from bot.detection.condition import ConditionState
from bot.detection.pbx_findings import Finding, Reading, findings, is_over
from bot.engine.checks.base import CheckContext, PeriodicCheck
from bot.engine.checks.known_addresses import known_addresses
from bot.engine.checks.sign_ins import SignInQuery
from bot.engine.checks.system_query import SystemQuery
from bot.incidents.common_findings import Begun
from bot.incidents.model import (
    KINDS,
    PBX_GUESSING,
    PBX_HEALTH,
    PBX_SIGN_IN,
    Changed,
    Kind,
    StateChange,
    Transition,
)
from bot.pbx import Advice, Answer, Ban, Disk, Priority
from bot.pbx.cached_query import CachedQuery
from bot.pbx.certificate import Certificate

log = structlog.get_logger(__name__)

# Who asks /pbx within this time after a look gets the same answers.
FRESH = timedelta(seconds=3)
CERTIFICATE_EVERY = timedelta(hours=1)
# Kinds of findings by their name in HEALTH_ALERTS.
TOPICS = {
    Kind.PBX_RELEASE: "release",
    Kind.PBX_DISK: "disk",
    Kind.PBX_CERTIFICATE: "certificate",
    Kind.PBX_BAN: "bans",
    Kind.PBX_ADVICE: "advice",
    Kind.PBX_GUESSING: "passwords",
    Kind.PBX_SIGN_IN: "passwords",
}


@dataclass(frozen=True, slots=True)
class FindingState:
    """State of one finding, and the facts that were told of it."""

    condition: ConditionState = condition.NOTHING
    facts: dict[str, Any] = field(default_factory=dict)


ADAPTER = TypeAdapter(FindingState)


class PbxHealthCheck(PeriodicCheck):
    """Health check of one station. A finding is told at the first look that has it, and ends with the first without;
    while the PBX does not answer a question, what was found by it stays."""

    NAME = "health"
    EVERY = 300.0
    SUBJECT = PBX_HEALTH

    def __init__(self, context: CheckContext) -> None:
        self._station = context.station
        self._pbx = context.pbx
        self._sink = context.sink
        self._watch = context.watch
        self._clock = context.clock
        self._alerts = context.health_alerts
        self._releases = context.releases
        self._dated = context.certificate_dated
        self._states: dict[str, FindingState] | None = None
        self._looking = asyncio.Lock()
        self._advice: CachedQuery[tuple[Advice, ...]] = CachedQuery()
        self._disk: CachedQuery[Disk | None] = CachedQuery()
        self._bans: CachedQuery[tuple[Ban, ...]] = CachedQuery()
        self._certificate: CachedQuery[Certificate | None] = CachedQuery()
        self._system = SystemQuery(context.pbx, context.watch, context.clock)
        self._sign_ins = SignInQuery(context.pbx)
        self._off_by: timedelta | None = None
        # Last known one: the PBX tells of none while it counts.
        self._last_disk: Disk | None = None
        self.latest: Reading | None = None
        # Seconds that the PBX took to answer.
        self.round_trip: float | None = None

    def drop_state(self) -> None:
        self._states = None

    async def run_once(self) -> None:
        if not self._watch.has_fault:
            await self._sign_ins.ask(await self._suspects(), self._clock())
            await self.look(Priority.BULK)

    async def look(self, priority: Priority = Priority.COMMAND) -> Reading:
        """Look at the PBX and record the findings. What was answered FRESH ago is not asked again."""
        async with self._looking:
            now = self._clock()
            reading = self.latest = await self._read(priority, now)
            await self._record(reading, now)
        return reading

    def certificate(self) -> Certificate | None:
        """Return the certificate as last shown, also where its date does not matter."""
        return self._certificate.value

    @property
    def machine_started(self) -> datetime | None:
        """Return when the machine of the PBX started, None while that is not known for certain."""
        return None if self._watch.has_fault else self._system.machine_started

    @property
    def open_findings(self) -> Counter[str]:
        """Return how many findings are open, by their topic."""
        is_open = [subject for subject, state in (self._states or {}).items() if state.condition.alarm]
        return Counter(
            topic
            for subject in is_open
            for kind, topic in TOPICS.items()
            if subject.startswith(KINDS[kind].subject or PBX_HEALTH)
        )

    @property
    def lacks_rights(self) -> frozenset[str]:
        """Return what the API key may not read: `advice`, `storage`, `firewall`."""
        return frozenset(resource for resource, query in self._asked.items() if query.is_forbidden)

    @property
    def unanswered(self) -> frozenset[str]:
        """Return what the PBX did not answer when it was asked last: `sysinfo` beside those."""
        return frozenset(resource for resource, query in self._asked.items() if query.is_failing)

    @property
    def _asked(self) -> Mapping[str, CachedQuery[Any]]:
        return {"advice": self._advice, "storage": self._disk, "firewall": self._bans, "sysinfo": self._system.query}

    async def _read(self, priority: Priority, now: datetime) -> Reading:
        pbx = self._pbx

        async def advice() -> Answer[tuple[Advice, ...]]:
            answer = await pbx.advice.current(priority)
            if answer.pbx_time is not None:
                self._off_by = answer.pbx_time - self._clock()
            self.round_trip = answer.elapsed
            return answer

        async def certificate() -> Answer[Certificate | None]:
            return Answer(await pbx.certificate())

        # At once: a PBX may take seconds for each.
        await asyncio.gather(
            self._advice.renew(advice, FRESH, now),
            self._disk.renew(lambda: pbx.storage.usage(priority), FRESH, now),
            self._bans.renew(lambda: pbx.firewall.banned(priority), FRESH, now),
            self._system.renew(now),
            self._certificate.renew(certificate, CERTIFICATE_EVERY, now),
        )
        if self._disk.value is not None or self._disk.is_forbidden:
            self._last_disk = self._disk.value
        bans = self._bans.value
        current = None if bans is None else tuple(ban for ban in bans if ban.until is None or ban.until > now)
        return Reading(
            release=self._system.release,
            releases=self._releases.current,
            dialect=self._watch.dialect,
            disk=self._last_disk,
            certificate=self._certificate.value if self._dated else None,
            bans=current,
            known=await known_addresses(pbx.host, self._watch.trunk_hosts, [ban.address for ban in current or ()]),
            advice=self._advice.value,
            off_by=self._off_by,
            sign_ins=self._sign_ins.told,
        )

    async def _record(self, reading: Reading, now: datetime) -> None:
        before = await self._held()
        found = findings(reading, now, before.keys())
        after, changes = dict(before), list[StateChange]()
        for subject in before.keys() | found.keys():
            held = before.get(subject, FindingState())
            over = is_over(subject, reading, held.facts)
            state, transition = self._step(held, found.get(subject), over, now)
            if state is None:
                after.pop(subject, None)
            else:
                after[subject] = state
            if transition is not None:
                facts = (state or held).facts
                changes.append(StateChange(subject, transition, {"station": self._station, **facts}))
        changed = {
            subject: ADAPTER.dump_python(after[subject], mode="json") if subject in after else None
            for subject in before.keys() | after.keys()
            if before.get(subject) != after.get(subject)
        }
        if changed or changes:
            await self._sink.record(changed, changes, now)
        self._states = after

    async def _held(self) -> dict[str, FindingState]:
        if self._states is None:
            stored = await self._sink.load_states()
            self._states = {
                subject: ADAPTER.validate_python(state)
                for subject, state in stored.items()
                if subject.startswith(PBX_HEALTH)
            }
        return self._states

    def begun(self) -> Mapping[str, Begun] | None:
        """Return the findings that are told, by subject; None before the first look."""
        if self._states is None:
            return None
        return {
            subject: Begun(held.condition.bad_since, held.facts)
            for subject, held in self._states.items()
            if held.condition.alarm and held.condition.bad_since is not None
        }

    async def _suspects(self) -> list[str]:
        """Return the extensions that findings are about: they are asked about at every look."""
        held = await self._held()
        phones = [subject.removeprefix(PBX_SIGN_IN) for subject in held if subject.startswith(PBX_SIGN_IN)]
        attack = held.get(PBX_GUESSING)
        return [*(map(str, attack.facts.get("numbers", ())) if attack else ()), *phones]

    def _step(
        self, held: FindingState, found: Finding | None, over: bool | None, now: datetime
    ) -> tuple[FindingState | None, Transition | None]:
        """Evaluate one subject; the state None is that of nothing found."""
        if found is None:
            state, transition = condition.evaluate(
                held.condition, None if over is None else False, now, timedelta(0), Kind.PBX_ADVICE, confirmations=1
            )
            return (None if state == condition.NOTHING else FindingState(state, held.facts)), transition
        state, transition = condition.evaluate(held.condition, True, now, timedelta(0), found.kind, confirmations=1)
        facts = {
            **found.facts,
            "url": self._pbx.page(found.page),
            "only_admins": TOPICS[found.kind] not in self._alerts,
            # Of an incident of the fleet: the kind that it gathers.
            "common": str(found.kind),
        }
        if transition is None and facts != held.facts:
            return FindingState(state, facts), Changed()
        return FindingState(state, facts), transition
