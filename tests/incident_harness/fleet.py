"""Fleet of PBXs on simulated time: monitors and incident managers over one database, and the fleet's own manager."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.access.policy import BUILT_IN, Destination, Grant
from bot.detection.correlation import ActiveCauses
from bot.detection.station_summary import StationSummary
from bot.detection.trunk_machine import Policy
from bot.engine.correlator import Correlator
from bot.engine.incident_manager import IncidentManager
from bot.engine.last_seen import LastSeenWriter
from bot.engine.trunk_monitor import TrunkMonitor
from bot.notifications.alert_messages import AlertMessages
from bot.notifications.destinations import Destinations
from bot.notifications.escalation import EscalationPolicy
from bot.notifications.notifier import Notifier
from bot.notifications.recipients import OnCallResolver, OnCallTargets
from bot.pbx import Unreachable
from bot.runtime.waiting import Signal
from bot.store.access.contacts import Contact, Contacts, remember
from bot.store.access.grants import GrantBook
from bot.store.database import Store
from bot.store.messages import outbox
from bot.store.stations import incidents
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import Outgoing
from tests.incident_harness.pbx import ANNA, NAMES, ZONE, Book
from tests.incident_harness.phones import Heard, Phones
from tests.incident_harness.station import DEAD, UP, Clock, FakePbx

FLEET = -900
PROVIDER = "sip.provider.example"
LOOK_EVERY, STEP = 10, 2
A_DAY = timedelta(days=1)
PLAN = EscalationPolicy(escalate_after=timedelta(hours=4), page_again_every=timedelta(0))


class FleetsPeople(OnCallResolver):
    """On-call people of a PBX, by default those of the fleet."""

    def __init__(self, book: Book, grants: GrantBook, station: str, fleet: OnCallResolver) -> None:
        super().__init__(book, grants, station, fleet._acquaintances)
        self._fleet = fleet

    async def next(self, session: AsyncSession, now: datetime, already: set[int] | tuple[int, ...]) -> OnCallTargets:  # type: ignore[override]
        served = await self.has_own(session)
        return await (super().next(session, now, already) if served else self._fleet.next(session, now, already))


class One:
    """One PBX with a trunk at the shared provider and one of its own."""

    def __init__(self, world: "FleetWorld", number: int) -> None:
        self.name = f"PBX {number:02}"
        self.chat = -1000 - number
        self.on_call = Book(levels=[])
        self.pbx = FakePbx(world.clock, hosts={"shared": PROVIDER, "own": f"sip{number}.example"})
        for trunk in ("shared", "own"):
            self.pbx.shows(trunk, UP, world.clock.now - A_DAY)
        self.renew(world)

    def renew(self, world: "FleetWorld") -> None:
        people = FleetsPeople(self.on_call, world.grants, self.name, world.people)
        chats = Destinations(self.name, [Destination(self.chat)], world.grants, fleet=[Destination(FLEET)])
        notices = Notifier(
            station=self.name,
            cards=AlertMessages(),
            people=people,
            destinations=chats,
            zone=lambda: ZONE,
            plan=PLAN,
            causes=world.active,
        )
        self.incident_manager = IncidentManager(
            world.store, self.name, notices, Signal(world.stir), LastSeenWriter(world.store)
        )
        policy = Policy(poll_interval=LOOK_EVERY)
        self.watch = TrunkMonitor(self.name, self.pbx, self.incident_manager, policy, world.clock)  # type: ignore[arg-type]


class FleetWorld(Phones):
    """Time advances only by `pass_`. Anna is on call for the fleet."""

    def __init__(self, store: Store, count: int) -> None:
        super().__init__(store, Clock(), ZONE)
        self.grants = GrantBook(store, self.clock, [Grant(one, "admin") for one in NAMES], BUILT_IN, Signal())
        self.people = OnCallResolver(Book(levels=[[ANNA]]), self.grants, "", Contacts(store))
        self.active = ActiveCauses()
        self._stirred = True
        self._seconds = 0
        self._renew_fleet()
        self.all = [One(self, number) for number in range(count)]

    def _renew_fleet(self) -> None:
        chats = Destinations("", [Destination(FLEET)], self.grants)
        notices = Notifier(
            station="", cards=AlertMessages(), people=self.people, destinations=chats, zone=lambda: ZONE, plan=PLAN
        )
        self.incident_manager = IncidentManager(self.store, "", notices, Signal(self.stir), LastSeenWriter(self.store))
        self.released: set[str] = set()
        self.causes = Correlator(self.incident_manager, self, self.clock, self.active, Signal(self.released.update))

    def views(self) -> list[StationSummary]:
        return [one.watch.summary() for one in self.all]

    def stir(self) -> None:
        self._stirred = True

    async def opens(self) -> None:
        async with self.store.begin() as session:
            for person, name in NAMES.items():
                await remember(session, Contact(person, name, name.lower()))
        for one in self.all:
            await one.watch.remember()
        await self.pass_(30)

    async def restarts(self) -> None:
        """Restart: only the database survives."""
        self._renew_fleet()
        await self.causes.remember()
        for one in self.all:
            one.renew(self)
            await one.watch.remember()
            await one.incident_manager.reconsider(self.clock.now)

    def dies(self, *numbers: int, trunk: str = "shared") -> None:
        for number in numbers:
            self.all[number].pbx.shows(trunk, DEAD)

    def lives(self, *numbers: int, trunk: str = "shared") -> None:
        for number in numbers:
            self.all[number].pbx.shows(trunk, UP)

    def hidden(self, *numbers: int) -> None:
        for number in numbers:
            self.all[number].pbx.error = Unreachable("no route")

    def seen(self, *numbers: int) -> None:
        for number in numbers:
            self.all[number].pbx.error = None

    async def pass_(self, seconds: float) -> None:
        for _ in range(int(seconds / STEP)):
            self.clock.pass_(STEP)
            self._seconds += STEP
            for number, one in enumerate(self.all):
                if (self._seconds + number * STEP) % LOOK_EVERY == 0:
                    await one.watch.poll()
            await self.causes.run_once()
            await self._reconsider()
            if self._stirred:
                put_off = await self._do_what_is_due()
                await self.deliver()
                self._stirred = put_off or await self._owes_something()

    async def _reconsider(self) -> None:
        """Evaluate each PBX's open incidents every minute, and when the fleet releases them. Like the ticker, send no
        outdated notification.
        """
        every_minute = self._seconds % 60 == 0
        if not every_minute and not self.released:
            return
        async with self.store.begin() as session:
            have_something = await incidents.stations_with_open(session)
        for one in self.all:
            if not one.watch.is_confirmed:
                continue
            if one.name in have_something and (every_minute or one.name in self.released):
                await one.incident_manager.reconsider(self.clock.now)
            self.released.discard(one.name)

    async def _do_what_is_due(self) -> bool:
        """Return True when a due step must wait for a new poll of its PBX."""
        async with self.store.begin() as session:
            found = await session.execute(
                select(Incident.station).where(Incident.due_at <= self.clock.now, Incident.open_key.is_not(None))
            )
            stations = set(found.scalars())
        ledgers = {"": self.incident_manager} | {
            one.name: one.incident_manager for one in self.all if one.watch.is_confirmed
        }
        for station in sorted(stations & ledgers.keys()):
            await ledgers[station].tick(self.clock.now)
        return bool(stations - ledgers.keys())

    async def _owes_something(self) -> bool:
        async with self.store.begin() as session:
            waiting = await session.execute(select(Outgoing.id).where(Outgoing.state.in_(outbox.WAITING)).limit(1))
            return waiting.scalar_one_or_none() is not None

    def alerts(self, chat: int) -> list[Heard]:
        return [one for one in self.heard if one.chat == chat and one.template == "alert"]

    def ends(self, chat: int) -> list[Heard]:
        return [one for one in self.heard if one.chat == chat and one.template == "alert_over"]

    def everything(self, chat: int) -> list[str]:
        return [one.text for one in self.heard if one.chat == chat]

    async def incidents(self) -> list[Incident]:
        async with self.store.begin() as session:
            return list((await session.execute(select(Incident).order_by(Incident.id))).scalars())
