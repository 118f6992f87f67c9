"""Fleet of PBXs on simulated time: monitors and incident managers over one database, and the fleet's own manager."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.access.policy import BUILT_IN, EVERY_STATION, Destination, Grant
from bot.app.fleet import Fleet
from bot.app.station_registry import StationRegistry
from bot.engine.incident_manager import IncidentManager
from bot.engine.trunk_monitor import TrunkMonitor
from bot.oncall.roster import Roster
from bot.pbx import Unreachable
from bot.runtime.waiting import Signal
from bot.store.access.contacts import Contact, record
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.messages import outbox
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import Outgoing
from tests.incident_harness.pbx import ANNA, NAMES, PAGED_ONCE, ZONE, Book
from tests.incident_harness.phones import DeliveredMessage, Phones
from tests.incident_harness.station import DEAD, UP, Clock, FakePbx
from tests.incident_harness.wiring import Clients, shared_services, station_settings

FLEET = -900
PROVIDER = "sip.provider.example"
LOOK_EVERY, STEP = 10, 2
A_DAY = timedelta(days=1)
OPTIONS = {"timezone": ZONE, "escalate_after": 14_400, "page_again_every": PAGED_ONCE, "poll_interval": LOOK_EVERY}


class FleetBook(Book):
    """Roster of each PBX; those without one have that of the fleet, in which Anna has every shift."""

    def __init__(self) -> None:
        super().__init__()
        self.by_station = {EVERY_STATION: Book(levels=[[ANNA]])}

    def of(self, station: str) -> Book:
        return self.by_station.setdefault(station, Book(levels=[]))

    def roster_in(self, session: Session, station: str) -> Roster:
        return self.of(station).roster_in(session, station)

    async def stations(self) -> set[str]:
        return {station for station, book in self.by_station.items() if book.levels}


class One:
    """One PBX with a trunk at the shared provider and one of its own."""

    def __init__(self, world: "FleetIncidentHarness", number: int) -> None:
        self._world = world
        self.name = f"PBX {number:02}"
        self.chat = -1000 - number
        self.on_call = world.on_call.of(self.name)
        self.settings = station_settings(self.name, (Destination(self.chat),), **OPTIONS)
        self.pbx = FakePbx(world.clock, hosts={"shared": PROVIDER, "own": f"sip{number}.example"})
        for trunk in ("shared", "own"):
            self.pbx.shows(trunk, UP, world.clock.now - A_DAY)

    @property
    def watch(self) -> TrunkMonitor:
        return self._world.fleet[self.name].watch

    @property
    def incident_manager(self) -> IncidentManager:
        return self._world.fleet[self.name].incident_manager


class FleetIncidentHarness(Phones):
    """Time advances only by `pass_`. Anna is on call for the fleet."""

    def __init__(self, database: Database, count: int) -> None:
        super().__init__(database, Clock(), ZONE)
        self.grants = Grants(database, self.clock, [Grant(one, "admin") for one in NAMES], BUILT_IN, Signal())
        self.on_call = FleetBook()
        self._stirred = True
        self._seconds = 0
        self.all = [One(self, number) for number in range(count)]
        self._renew()

    def _renew(self) -> None:
        shared = shared_services(
            self.database,
            self.clock,
            grants=self.grants,
            oncall=self.on_call,
            clients=Clients({one.name: one.pbx for one in self.all}),
            fleet_chats=(Destination(FLEET),),
            step_due=Signal(self.stir),
        )
        self.active = shared.causes
        registry = StationRegistry(shared.fleet_chats, several=True)
        self.fleet = Fleet([one.settings for one in self.all], shared, registry, OPTIONS)

    def stir(self) -> None:
        self._stirred = True

    async def opens(self) -> None:
        with self.database.begin() as session:
            for person, name in NAMES.items():
                record(session, Contact(person, name, name.lower()))
        await self.fleet.start()
        await self.pass_(30)

    async def restarts(self) -> None:
        """Restart: only the database survives."""
        self._renew()
        await self.fleet.start()

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
            await self.fleet.causes.run_once()
            while await self.fleet.ticker.tick():
                pass
            if self._stirred:
                await self.deliver()
                self._stirred = await self._owes_something()

    async def _owes_something(self) -> bool:
        with self.database.begin() as session:
            waiting = session.execute(select(Outgoing.id).where(Outgoing.state.in_(outbox.QUEUED_STATES)).limit(1))
            return waiting.scalar_one_or_none() is not None

    def alerts(self, chat: int) -> list[DeliveredMessage]:
        return [one for one in self.heard if one.chat == chat and one.template == "alert"]

    def ends(self, chat: int) -> list[DeliveredMessage]:
        return [one for one in self.heard if one.chat == chat and one.template == "alert_over"]

    def everything(self, chat: int) -> list[str]:
        return [one.text for one in self.heard if one.chat == chat]

    async def incidents(self) -> list[Incident]:
        with self.database.begin() as session:
            return list(session.execute(select(Incident).order_by(Incident.id)).scalars())
