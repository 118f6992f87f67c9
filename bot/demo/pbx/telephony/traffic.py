"""Random calls of the office: a month of history, and new calls over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from bot.demo.pbx.employees import EmployeeRecord
from bot.demo.pbx.registration.trunks import ProviderRecord
from bot.demo.pbx.seed import DAY
from bot.demo.pbx.telephony.calls import ActiveCall
from bot.demo.pbx.telephony.planning import Order, Planner, unreachable
from bot.demo.pbx.telephony.queues import CallQueue, Menu

_BY_HOUR = (0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.4, 1, 4, 6, 6, 4, 3.5, 5, 5.5, 5, 4, 2, 1, 0.6, 0.3, 0.2, 0.1)
_LIVE_GAP_BY_DAY, _LIVE_GAP_AT_NIGHT = 60.0, 90.0


@dataclass(frozen=True)
class Scene:
    """Possible participants of a call that starts now; outbound calls use the `outward` trunks."""

    trunks: Sequence[ProviderRecord]
    outward: Sequence[ProviderRecord]
    people: Sequence[EmployeeRecord]
    zone: ZoneInfo
    callers: Sequence[tuple[str, str]]
    menu: Menu
    queues: Sequence[CallQueue] = ()

    def working(self, moment: float) -> bool:
        local = datetime.fromtimestamp(moment, self.zone)
        return local.weekday() < 5 and 9 <= local.hour < 18


class Traffic:
    """Generator of calls. `running` is its switch; calls derive from elapsed time, without a background task."""

    def __init__(self, planner: Planner, random: Random, *, running: bool) -> None:
        self.running = running
        self._planner = planner
        self._random = random
        self._numbers = [f"79{random.randint(0, 999_999_999):09d}" for _ in range(90)]
        self._next: float | None = None
        # Numbers of missed calls to be called back: earliest time, latest time, number.
        self._owed: list[tuple[float, float, str]] = []

    def history(self, scene: Scene, until: float, days: int) -> list[ActiveCall]:
        """Return the calls of the last `days` days that ended by `until`, oldest first."""
        starts: list[float] = []
        for back in range(days, -1, -1):
            midnight = datetime.fromtimestamp(until - back * DAY, scene.zone).replace(hour=0, minute=0, second=0)
            busy = self._random.randint(90, 145) if midnight.weekday() < 5 else self._random.randint(60, 72)
            hours = self._random.choices(range(24), _BY_HOUR, k=busy)
            starts += [midnight.timestamp() + hour * 3600 + self._random.uniform(0, 3600) for hour in hours]
        calls = [self._one(scene, start) for start in sorted(start for start in starts if start < until)]
        return sorted((call for call in calls if call.end < until), key=lambda call: call.end)

    def due(self, scene: Callable[[], Scene], now: float) -> list[ActiveCall]:
        """Return the calls that have started since the last call of this method."""
        if not self.running:
            self._next = None
            return []
        if self._next is None:
            self._next = now + self._random.uniform(0, 20)
        calls = []
        while self._next <= now:
            stage = scene()
            calls.append(self._one(stage, self._next))
            gap = _LIVE_GAP_BY_DAY if stage.working(self._next) else _LIVE_GAP_AT_NIGHT
            self._next += min(600.0, self._random.expovariate(1 / gap))
        return calls

    def wake(self, at: float) -> None:
        """Start the next call at `at`, so that a new station has calls soon."""
        self._next = at

    def _one(self, scene: Scene, start: float) -> ActiveCall:
        kinds = ["internal"]
        if any(trunk.did for trunk in scene.trunks):
            kinds += ["incoming"] * 3
        if scene.trunks:
            kinds += ["outgoing"] * 2
        match self._random.choice(kinds):
            case "incoming":
                call = self._incoming(scene, start)
                self._owe(call)
                return call
            case "outgoing":
                return self._outgoing(scene, start)
            case _:
                return self._internal(scene, start)

    def _incoming(self, scene: Scene, start: float) -> ActiveCall:
        trunk = self._random.choice([trunk for trunk in scene.trunks if trunk.did])
        number, name = self._stranger(scene)
        person = self._random.choice(scene.people)
        if not scene.working(start):
            return self._planner.after_hours(Order("incoming", number, "", trunk, name), start, self._ring() + 6)
        way = self._random.random()
        if way < 0.08:
            return self._by_menu(scene, start, trunk, (number, name))
        if way < 0.2 and scene.queues:
            return self._by_queue(scene, start, trunk, (number, name))
        if self._random.random() < 0.7:
            order = Order("incoming", number, person.number, trunk, name, answer_after=self._ring(), talk=self._talk())
            call = self._planner.plan(order, start)
            if self._random.random() < 0.08:
                self._planner.transfer(call, self._colleague(scene, person), 4, self._talk())
            return call
        call = self._planner.plan(Order("incoming", number, person.number, trunk, name, ring=self._ring() + 8), start)
        if person.mobile:
            self._planner.forward(call, person.mobile, self._ring(), self._random.choice([None, self._talk()]))
        return call

    def _by_menu(self, scene: Scene, start: float, trunk: ProviderRecord, caller: tuple[str, str]) -> ActiveCall:
        digits, number = self._random.choice(scene.menu.choices)
        direct = [person for person in scene.people if person.number == number]
        person = self._random.choice(direct or scene.people)
        digits = "" if self._random.random() < 0.15 else digits
        answer = self._ring() if self._random.random() < 0.75 else None
        talk, ring = self._talk(), self._ring() + 8
        order = Order("incoming", caller[0], person.number, trunk, caller[1], ring, answer, talk)
        return self._planner.by_menu(order, start, 4 + self._ring(), scene.menu, digits)

    def _by_queue(self, scene: Scene, start: float, trunk: ProviderRecord, caller: tuple[str, str]) -> ActiveCall:
        queue = self._random.choice(scene.queues)
        members = [person for person in scene.people if person.number in queue.members] or list(scene.people[:1])
        self._random.shuffle(members)
        answer = self._ring() if self._random.random() < 0.7 else None
        order = Order("incoming", caller[0], members[-1].number, trunk, caller[1], self._ring() + 8, answer)
        return self._planner.by_queue(replace(order, talk=self._talk()), start, queue, members[:-1])

    def _owe(self, call: ActiveCall) -> None:
        """Schedule a callback for some missed calls."""
        missed = all(leg.answer is None for leg in call.legs)
        if missed and call.legs[0].src_num.isdigit() and self._random.random() < 0.4:
            first = call.end + self._random.uniform(120, 3600)
            self._owed.append((first, first + DAY / 2, call.legs[0].src_num))

    def _owed_to(self, start: float) -> str:
        self._owed = [queued for queued in self._owed if queued[1] > start]
        due = next((queued for queued in self._owed if queued[0] <= start), None)
        if due is None:
            return ""
        self._owed.remove(due)
        return due[2]

    def _outgoing(self, scene: Scene, start: float) -> ActiveCall:
        trunk, person = self._random.choice(scene.outward or scene.trunks), self._random.choice(scene.people)
        number = self._owed_to(start) or self._random.choice(self._numbers)
        if not scene.outward:
            return self._planner.plan(unreachable(person.number, number, trunk), start)
        if self._random.random() < 0.72:
            answered = Order("outgoing", person.number, number, trunk, answer_after=self._ring(), talk=self._talk())
            return self._planner.plan(answered, start)
        # Measured: the record of a busy or rejected call is the same as of an unanswered one.
        status = self._random.choices(["", "CHANUNAVAIL"], [8.5, 1])[0]
        unanswered = Order("outgoing", person.number, number, trunk, ring=self._ring() + 10, dialstatus=status)
        return self._planner.plan(unanswered, start)

    def _internal(self, scene: Scene, start: float) -> ActiveCall:
        caller = self._random.choice(scene.people)
        called = self._colleague(scene, caller)
        if self._random.random() < 0.8:
            ring, talk = self._ring() / 2, self._talk() / 2
            order = Order("internal", caller.number, called.number, answer_after=ring, talk=talk)
        else:
            order = Order("internal", caller.number, called.number, ring=self._ring() + 5)
        return self._planner.plan(order, start)

    def _stranger(self, scene: Scene) -> tuple[str, str]:
        """Return a caller; some call repeatedly, most do not."""
        if self._random.random() < 0.35:
            return self._random.choice(scene.callers)
        return self._random.choice(self._numbers), ""

    def _colleague(self, scene: Scene, person: EmployeeRecord) -> EmployeeRecord:
        others = [other for other in scene.people if other is not person]
        return self._random.choice(others) if others else person

    def _ring(self) -> float:
        return self._random.uniform(2, 14)

    def _talk(self) -> float:
        return 3 + min(1500.0, self._random.expovariate(1 / 95))
