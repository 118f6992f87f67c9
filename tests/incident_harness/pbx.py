"""Station on simulated time: the real monitor, incident manager and ticker over a real database.

Only the PBX and Telegram are simulated: messages arrive at the moment that they are due.
"""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.access.policy import BUILT_IN, Destination, Grant
from bot.app.wiring.stations import build_station
from bot.detection.observation import StationFault
from bot.detection.trunk_state import CONFIRMATIONS, TrunkState
from bot.incidents.silence_store import Silences
from bot.oncall.roster import Roster
from bot.oncall.rotation import Rotation, Shift, Unit
from bot.runtime.waiting import Signal
from bot.store.access.contacts import Contact, record
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.store.messages import blocked_chats, outbox
from bot.store.tables.incidents import Incident
from bot.store.tables.messages import Outgoing
from tests.incident_harness.phones import Phones
from tests.incident_harness.station import START, Clock, FakePbx
from tests.incident_harness.wiring import Clients, SilentSender, shared_services, station_settings

STATION = "Head office"
GROUP = -100
ANNA, BORIS, VERA = 1, 2, 3
NAMES = {ANNA: "Anna", BORIS: "Boris", VERA: "Vera"}
ZONE = ZoneInfo("Europe/Berlin")
BLOCKED = "Forbidden: bot was blocked by the user"
KICKED = "Forbidden: bot was kicked from the supergroup chat"
# After an event every poll is simulated for this long.
CLOSELY = timedelta(minutes=1)
# PAGE_AGAIN_EVERY of tests of other behaviour: they page once.
PAGED_ONCE = 0.0
SELDOM = 60.0


@dataclass
class Book:
    """Roster by level; the first person of a level has every shift."""

    levels: list[list[int]] = field(default_factory=lambda: [[ANNA, BORIS]])
    quiet: dict[int, tuple[time, time]] = field(default_factory=dict)

    def roster_in(self, session: Session, station: str) -> Roster:
        shift = Shift(Unit.WEEKS, 8, START.replace(tzinfo=None) - timedelta(days=1), "UTC")
        rotations = [Rotation(level, tuple(people), shift) for level, people in enumerate(self.levels, 1)]
        return Roster(tuple(rotations))

    def quiet_hours(self, session: Session, person: int) -> tuple[time, time] | None:
        return self.quiet.get(person)


class IncidentHarness(Phones):
    """Time advances only by `pass_`."""

    def __init__(
        self,
        database: Database,
        *,
        zone: ZoneInfo = ZONE,
        name: str = STATION,
        page_again_every: float = PAGED_ONCE,
    ) -> None:
        super().__init__(database, Clock(), zone)
        self.name = name
        self.pbx = FakePbx(self.clock)
        chats = (Destination(GROUP),)
        self.settings = station_settings(name, chats, timezone=zone, page_again_every=page_again_every)
        self.on = True
        self.next_due: datetime | None = None
        self._next_look: datetime | None = None
        self.book = Book()
        self.silences = Silences(database, self.clock, Signal())
        self._grants = Grants(database, self.clock, [Grant(person, "admin") for person in NAMES], BUILT_IN, Signal())
        self.renew()

    def renew(self) -> None:
        """Build the station again; only the database survives."""
        shared = shared_services(
            self.database,
            self.clock,
            grants=self._grants,
            oncall=self.book,
            sender=SilentSender(self._newest),
            clients=Clients({self.name: self.pbx}),
            step_due=Signal(self._stir),
        )
        self.last_seen = shared.last_seen
        station = build_station(self.settings, shared)
        self.watch = station.watch
        self.incident_manager, self.fallback = station.incident_manager, station.fallback
        self._next_look = None
        self._stir()

    def _newest(self, _chat: int) -> int:
        return self.message_id

    async def shuts(self, chat: int, *, said: bool) -> None:
        """Close the chat. Telegram reports it at once (`said`), or only on the next message."""
        self.shut[chat] = BLOCKED if chat > 0 else KICKED
        if said:
            with self.database.begin() as session:
                self._closes(session, chat, self.clock.now)
            self._stir()

    async def lets_in(self, chat: int) -> None:
        if self.shut.pop(chat, None) is None:
            return
        with self.database.begin() as session:
            for one, since in blocked_chats.reopen(session, [chat], self.clock.now).items():
                self.fallback.on_chat_unblocked(session, one, since, self.clock.now)
        self._stir()

    def refused(self, session: Session, row: Outgoing, reason: str) -> None:
        """Handle a refused message as the delivery worker does."""
        self._closes(session, row.chat_id, self.clock.now)
        instead = self.fallback.on_undeliverable(session, row, self.clock.now)
        outbox.dead_letter(session, row.id, reason, instead)
        self._stir()

    def _closes(self, session: Session, chat: int, at: datetime) -> None:
        if blocked_chats.close(session, chat, self.shut[chat], at):
            self.fallback.report_blocked_chat(session, chat, self.shut[chat], at)
            self.fallback.on_chat_blocked(session, chat, at)

    def _stir(self) -> None:
        self._stirred = True

    async def opens(self) -> None:
        with self.database.begin() as session:
            for person, name in NAMES.items():
                record(session, Contact(person, name, name.lower()))
        await self.watch.load()

    async def restarts(self) -> None:
        """Restart the program; only the database survives."""
        await self.last_seen.write()
        self.renew()
        await self.watch.load()

    async def pass_(self, seconds: float, every: float | None = None) -> None:
        """Advance the time: poll the PBX, run the ticker, deliver messages. Polls are skipped while no decision is
        near.
        """
        end = self.clock.now + timedelta(seconds=seconds)
        closely_until = self.clock.now + CLOSELY
        while self.clock.now < end:
            await self.moment()
            near = self.clock.now < closely_until or self.is_restless()
            left, often = (end - self.clock.now).total_seconds(), self.settings.poll_interval
            # The bot has polled immediately before the next event.
            step = every or (often if near else max(often, min(SELDOM, left - often)))
            self.clock.pass_(min(step, left))

    def is_restless(self) -> bool:
        """Return True if a decision may be near, so that no poll may be skipped. Otherwise the monitor's states are
        confirmed and stay so until the PBX changes.
        """
        soon = self.next_due is not None and self.next_due <= self.clock.now + timedelta(seconds=SELDOM + 10)
        station = self.watch._station
        return (
            soon
            or not self.watch.is_confirmed
            or (station.trouble is not None) is not station.alarm
            or station.stale_since is not None
            or self.watch._backfill.is_due
            or any(_is_undecided(memory) for memory in self.watch._trunks.values())
        )

    async def moment(self) -> None:
        if not self.on:
            return
        if self._next_look is None or self.clock.now >= self._next_look:
            pause = await self.watch.poll()
            # Other pauses of the program's polling are left out: a restart would end them.
            blocked = self.watch.latest is not None and self.watch.latest.trouble is StationFault.BLOCKED
            asked_to_wait = pause if blocked else 0
            self._next_look = self.clock.now + timedelta(seconds=asked_to_wait)
        await self._settle()
        if self.watch.is_confirmed and self.next_due is not None and self.next_due <= self.clock.now:
            while await self.incident_manager.tick(self.clock.now):
                pass
            await self._settle()

    async def _settle(self) -> None:
        """After a write: deliver the due messages and read the next due time."""
        if not self._stirred:
            return
        with self.database.begin() as session:
            self.deliver_in(session)
            moments = session.execute(select(Incident.due_at, Incident.warn_at)).all()
            waiting = select(Outgoing.id).where(Outgoing.state.in_(outbox.QUEUED_STATES)).limit(1)
            self._stirred = session.execute(waiting).scalar_one_or_none() is not None
        self.next_due = min((moment for due in moments for moment in due if moment), default=None)

    async def incidents(self) -> list[Incident]:
        with self.database.begin() as session:
            return list(session.execute(select(Incident).order_by(Incident.id)).scalars())


def _is_undecided(memory: TrunkState) -> bool:
    """Return True if time alone or another equal poll can change the state."""
    unsure = memory.looks < CONFIRMATIONS or memory.missing > 0 or memory.flapping_since is not None
    return unsure or memory.health is not memory.settled
