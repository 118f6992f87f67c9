"""Stand-in PBX: people, trunks, calls, records, clock, and injected faults."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from zoneinfo import ZoneInfo

from bot.demo.pbx import routing_tables, seed
from bot.demo.pbx.ami.manager import Manager
from bot.demo.pbx.employees import EmployeeRecord, Phone
from bot.demo.pbx.machine import Machine
from bot.demo.pbx.office import MIXED, Office
from bot.demo.pbx.registration.reload import RELOAD_AFTER, Reload, load
from bot.demo.pbx.registration.sights import AT_ONCE, NEWEST, Condition, Dialect, TrunkChange
from bot.demo.pbx.registration.trunks import ProviderRecord
from bot.demo.pbx.telephony import queues
from bot.demo.pbx.telephony.calls import LINGER_SECONDS, ActiveCall, CallBook
from bot.demo.pbx.telephony.cdr import RecordTable
from bot.demo.pbx.telephony.planning import Planner
from bot.demo.pbx.telephony.recordings import RecordingFiles, Tokens
from bot.demo.pbx.telephony.traffic import Scene, Traffic
from bot.demo.pbx.web.faults import NO_FAULT, WebFault
from bot.demo.pbx.web.journal import Journal
from bot.demo.pbx.web.keys import Keys
from bot.demo.pbx.web.limits import RateLimit
from bot.demo.pbx.web.passwords import KnownPasswords
from bot.demo.pbx.web.worker import Worker

_HISTORY_DAYS = 30
_STARTING_SECONDS = 10
_LIVE_SERIAL = 10_000


@dataclass(frozen=True)
class Cached:
    at: float
    value: dict[str, object]


class StandinPbx:
    """Stand-in PBX in memory.

    `api_key` None: generated, read it from the attribute. `now` returns unix seconds; pass one to control time. `speed`
    divides the delays and timeouts measured on a real PBX, including `reload_after`: seconds from a change of the PBX's
    records to Asterisk's reload. The same seed gives the same data. `iax_told`: the PBX reports the states of its IAX
    trunks, which no measured release does. `office`: its names; without a `name` also its own.
    """

    def __init__(
        self,
        name: str = "",
        api_key: str | None = None,
        seed: int = 1,
        now: Callable[[], float] = time.time,
        traffic: bool = True,
        speed: float = 1.0,
        zone: str = "Europe/Moscow",
        dialect: Dialect = "2026.1",
        reload_after: float = RELOAD_AFTER,
        iax_told: bool = False,
        office: Office = MIXED,
    ) -> None:
        self.name = name or office.name
        self.office = office
        self.api_key = api_key or secrets.token_hex(32)
        self.now = now
        self.speed = speed
        self.dialect = dialect
        # Asterisk's words for the contact: Avail instead of Reachable, and so on.
        self.short_words = False
        self.reload = Reload(reload_after)
        self.zone = ZoneInfo(zone)
        self.random = Random(seed)
        self.keys = Keys(self.api_key)
        self.limit = RateLimit()
        self.journal = Journal()
        self.heard = KnownPasswords()
        self.worker = Worker(now)
        self.tokens = Tokens()
        self.shelf = RecordingFiles()
        self.fault: WebFault = NO_FAULT
        self.ami = Manager()
        # Addresses banned by its fail2ban, with the unix time of the ban; and wrong passwords, by number and address.
        self.banned: dict[str, float] = {}
        self.auth_failures: dict[str, dict[str, dict[str, object]]] = {}
        # What it advises by level, as its own rows; and its disk in MB: total and free, zeros where it is not known.
        self.advice: dict[str, list[dict[str, object]]] = {}
        self.disk_mb = (51_200.0, 35_840.0)
        self.machine = Machine(now)
        self.call_events_running = True
        self.asterisk_running = True
        self._asterisk_started = float("-inf")
        self.status_cache: Cached | None = None
        self.phone_cache: Cached | None = None
        self._furnish(traffic)
        self.tell_iax(iax_told)

    def _furnish(self, traffic: bool) -> None:
        start = self.now()
        self.employees = {person.id: person for person in seed.employees(self.random, self.office)}
        self.trunks = {trunk.id: trunk for trunk in seed.trunks(self.random, start, self.office)}
        self.service_numbers = routing_tables.service_numbers(self.office)
        self.queues = queues.queues(self.office)
        self.menu = queues.menu(self.office)
        self.incoming_routes = routing_tables.incoming(list(self.trunks.values()), self.employees, self.office)
        self.outbound_routes = routing_tables.outbound(list(self.trunks.values()), self.office)
        self._last_user_id = max(self.employees)
        self.calls = CallBook()
        self.planner = Planner(self.employees, first_serial=_LIVE_SERIAL)
        self.traffic = Traffic(self.planner, Random(self.random.random()), running=traffic)
        self._quiet_until = start - 240
        self._past = self._past_scene(), Random(self.random.random())
        # Calls that ended before the records were built, each with its zone.
        self._ended: list[tuple[ActiveCall, ZoneInfo]] = []
        self.traffic.wake(self._quiet_until)
        self.advance()

    @cached_property
    def records(self) -> RecordTable:
        """Return the records, built at first use: it takes a quarter of a second."""
        records = self._past_month()
        for call, zone in self._ended:
            records.add(call, zone)
        return records

    def _past_month(self) -> RecordTable:
        """Return the calls of the month before this station was built."""
        scene, random = self._past
        records = RecordTable(random)
        past = Traffic(Planner({person.id: person for person in scene.people}), random, running=False)
        for call in past.history(scene, self._quiet_until, _HISTORY_DAYS):
            records.add(call, scene.zone)
        return records

    def advance(self) -> None:
        """Process the time since the last call of this method."""
        now = self.now()
        self._catch_up()
        if self.asterisk_running:
            for call in self.traffic.due(self._scene, now):
                self.calls.add(call)
        made = "records" in vars(self)
        for call in self.calls.take_finished(now - LINGER_SECONDS / self.speed):
            if made:
                self.records.add(call, self.zone)
            else:
                self._ended.append((call, self.zone))

    def _past_scene(self) -> Scene:
        trunks = [trunk for trunk in self.trunks.values() if not trunk.disabled and trunk.registration == "outbound"]
        return self._scene_of(trunks, trunks, list(self.employees.values()))

    def _scene(self) -> Scene:
        """Return the current scene: only working trunks carry calls, only reachable idle phones ring."""
        now = self.now()
        busy = self.calls.busy_numbers(now)
        trunks = [trunk for trunk in self.trunks.values() if trunk.registration == "outbound" and trunk.up(now)]
        outward = [trunk for trunk in trunks if trunk.reaches_out(now)]
        people = [person for person in self.employees.values() if person.reachable()]
        free = [person for person in people if person.number not in busy]
        return self._scene_of(trunks, outward, free or people or list(self.employees.values()))

    def _scene_of(
        self, trunks: Sequence[ProviderRecord], outward: Sequence[ProviderRecord], people: Sequence[EmployeeRecord]
    ) -> Scene:
        return Scene(trunks, outward, people, self.zone, self.office.callers, self.menu, self.queues)

    def set_online(self, person: EmployeeRecord, online: bool) -> None:
        """Connect or disconnect a phone; the cached answer of up to 30 s is dropped, so the change shows at once."""
        person.online = online
        person.phone = person.phone or Phone("192.168.1.99", "Linphone/5.2.5", 1.2)
        self.phone_cache = None

    def cache_statuses(self, value: dict[str, dict[str, object]]) -> None:
        self.status_cache = Cached(self.now(), dict(value))

    def cache_phones(self, value: dict[str, dict[str, object]]) -> None:
        self.phone_cache = Cached(self.now(), dict(value))

    def next_user_id(self) -> int:
        self._last_user_id += 1
        return self._last_user_id

    def new_trunk_id(self, kind: str) -> str:
        return f"{kind}-TRUNK-{self.random.getrandbits(32):08X}"

    def tell_iax(self, told: bool) -> None:
        self.iax_told = told
        for trunk in self.trunks.values():
            trunk.untold = not told

    def hides_iax(self) -> bool:
        """Return True if IAX states are missing.

        Measured: a single IAX trunk that registers makes the PBX drop all IAX trunks from its states, and fail when
        asked for their registrations; not while Asterisk is stopped.
        """
        registering = any(
            trunk.is_iax and trunk.registration == "outbound" and trunk.in_asterisk(self.now())
            for trunk in self.trunks.values()
        )
        return registering and self.asterisk_running and not self.iax_told

    def changed(self) -> None:
        """Schedule Asterisk's reload after a change of the PBX's records."""
        self.reload.want(self.now(), self.speed)

    def _catch_up(self) -> None:
        at = self.reload.take(self.now())
        # A stopped Asterisk reads its configuration when it starts.
        if at is not None and self.asterisk_running:
            self._load(at, self.speed)

    def _load(self, at: float, pace: float) -> None:
        for trunk in self.trunks.values():
            load(trunk, at, pace)
        for person in self.employees.values():
            person.known = True

    def add_trunk(self, trunk: ProviderRecord, pace: float) -> None:
        self._catch_up()
        now = self.now()
        if trunk.registration != "none" and not trunk.is_iax:
            trunk.did = f"7495{self.random.randint(2_000_000, 9_999_999)}"
        trunk.untold = not self.iax_told
        trunk.changes.append(TrunkChange(now, "created", pace))
        if trunk.disabled:
            trunk.changes.append(TrunkChange(now, "disabled", pace))
        if not self.asterisk_running:
            trunk.changes.append(TrunkChange(now, "asterisk_stopped", pace))
        self.trunks[trunk.id] = trunk
        self._tell_asterisk(trunk, pace)

    def _tell_asterisk(self, trunk: ProviderRecord, pace: float) -> None:
        """Load at once for the control page, else schedule a reload."""
        if pace == AT_ONCE:
            load(trunk, self.now(), pace)
        else:
            self.changed()

    def remove_trunk(self, id_: str) -> None:
        """Remove a trunk and its routes, as the real PBX does."""
        del self.trunks[id_]
        self.incoming_routes = [route for route in self.incoming_routes if route["providerid"] != id_]
        self.outbound_routes = [route for route in self.outbound_routes if route["providerid"] != id_]

    def set_disabled(self, trunk: ProviderRecord, disabled: bool, pace: float) -> None:
        self._catch_up()
        if trunk.disabled == disabled:
            return
        now = self.now()
        trunk.record["disabled"] = disabled
        trunk.changes.append(TrunkChange(now, "disabled" if disabled else "enabled", pace))
        # Measured: the provider and Asterisk drop the registration at once; a reload without changes does not restore
        # it.
        if disabled and self.dialect == NEWEST:
            trunk.changes.append(TrunkChange(now, "unregistered_by_pbx", pace))
        self._tell_asterisk(trunk, pace)

    def set_condition(self, trunk: ProviderRecord, condition: Condition, pace: float) -> None:
        """Set the condition; a disabled trunk is enabled."""
        self._catch_up()
        trunk.changes.append(TrunkChange(self.now(), condition, pace))
        self.set_disabled(trunk, False, pace)

    def set_asterisk(self, running: bool, pace: float) -> None:
        self._catch_up()
        if running == self.asterisk_running:
            return
        now = self.now()
        self.asterisk_running = running
        self._asterisk_started = now if running and pace != AT_ONCE else float("-inf")
        if running:
            self._load(now, pace)
        else:
            self.calls.hang_up_all(now)
        for trunk in self.trunks.values():
            trunk.changes.append(TrunkChange(now, "asterisk_started" if running else "asterisk_stopped", pace))

    def restart_machine(self) -> None:
        self.calls.hang_up_all(self.now())
        self.machine.restart(self.speed)

    @property
    def asterisk(self) -> str:
        if not self.asterisk_running:
            return "stopped"
        recent = self.now() - self._asterisk_started < _STARTING_SECONDS / self.speed
        return "starting" if recent else "running"

    def forget_caches(self) -> None:
        self.status_cache = self.phone_cache = None
