"""Dispatcher harness: the real dispatcher with a real database, and a chat that records messages."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session
from telegram import Update

from bot.access.policy import BUILT_IN, Grant, Role
from bot.app.wiring.handlers import build_dispatcher, build_services
from bot.config.settings import Settings
from bot.engine.drills import Drills
from bot.messages.message import Message
from bot.runtime.waiting import Signal
from bot.store.access.denials import Denials
from bot.store.access.grants import Grants
from bot.store.database import Database, DatabaseError
from bot.store.oncall.schedules import OnCallSchedules
from bot.store.stations.watched_extensions import WatchedExtensions
from bot.store.tables.audit import AuditEntry, AuditOutcome
from bot.store.tables.messages import Keyboard
from bot.text.person_names import is_named
from handlers.authorization.rate_limits import RequestLimits
from handlers.authorization.station_choice import StationChooser
from handlers.dispatch.declare import ButtonAction, Catalogue, Command, StationScope
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import OnRestart, Rule
from tests.handlers.recording_chat import Chat, Members
from tests.handlers.update_factory import NOW, message, press
from tests.incident_harness.recording_sink import RecordingStateSink
from tests.incident_harness.wiring import shared_services
from tests.messages.renderers import renderer

ANNA, VERA, OLGA, SAM = 1, 2, 3, 9
GROUP, OTHER_GROUP = -100, -200
STATION = "Head office"
# Anna and Olga are administrators, Vera a viewer; members of the group may view and acknowledge incidents there.
GRANTS = (Grant(ANNA, "admin"), Grant(OLGA, "admin"), Grant(VERA, "viewer"), Grant(GROUP, "operator"))


@cache
def ordinary_settings() -> Settings:
    described: dict[str, Any] = {
        "telegram_token": f"1234567890:{'A' * 35}",
        "pbx_url": "https://pbx.invalid",
        "pbx_api_key": "key",
        "admins": f"{ANNA} {OLGA}",
    }
    return Settings(_env_file=None, **described)


class FakeStation:
    name = title = STATION
    country = ""

    class pbx:  # noqa: N801
        wait_seconds = 0.0

    class watch:  # noqa: N801
        latest = last_good = None
        trunk_names: ClassVar[dict[str, str]] = {}
        switched_off: ClassVar[frozenset[str]] = frozenset()
        unwatched: ClassVar[frozenset[str]] = frozenset()

    class calls:  # noqa: N801
        read_at: ClassVar[datetime | None] = None

    @staticmethod
    def zone() -> tzinfo:
        return UTC

    def knows(self, text: str) -> bool:
        return any(is_named(name, text) for name in self.watch.trunk_names.values())

    @staticmethod
    def local(moment: datetime) -> datetime:
        return moment.replace(tzinfo=None)


class DispatcherHarness:
    """`now` is the time; `done` the calls of handlers. Without `stations` there is one PBX."""

    def __init__(
        self,
        database: Database,
        *,
        grants: tuple[Grant, ...] = GRANTS,
        roles: dict[str, Role] | None = None,
        two_person: frozenset[str] = frozenset(),
        pace: RequestLimits | None = None,
        stations: tuple[str, ...] = (),
    ) -> None:
        self.stations = stations
        self.database = database
        self.chat = Chat()
        self.members = Members()
        self.catalogue = Catalogue()
        self.done: list[Request] = []
        self.now = NOW
        self.update_id = 0
        self.taken = 0
        self.menus_changed = 0
        self.silences_changed = 0
        self.watching_changed = 0
        self.incidents = RecordingStateSink()
        self._grants = grants
        self._roles = {**BUILT_IN, **(roles or {})}
        pace = pace or RequestLimits(10**6, 10**6, 10**6)
        self.settings = ordinary_settings().model_copy(
            update={
                "two_person": two_person,
                "commands_per_minute": pace.person,
                "chat_commands_per_minute": pace.chat,
                "costly_commands_per_minute": pace.costly,
            }
        )
        self.start()

    def clock(self) -> datetime:
        return self.now

    def start(self) -> None:
        """Begin a run of the program."""
        database = self.database
        self.book = Grants(database, self.clock, self._grants, self._roles, Signal(self._count_change))
        self.shared = shared_services(
            database,
            self.clock,
            grants=self.book,
            oncall=OnCallSchedules(database, self.clock, Signal()),
            sender=self.chat,
        )
        station = self.station()
        self.watched: Any = getattr(station, "watched", None)
        self.running = {name: named(name) for name in ("", *self.stations)} if self.stations else {STATION: station}
        self.directory = StationChooser(
            single_station=None if self.stations else STATION,
            stations=self,
        )
        # Each denial gets an audit row.
        denials = Denials(self.clock, timedelta())
        self.services = build_services(
            self.settings,
            self.shared,
            directory=self.directory,
            membership=self.members,  # type: ignore[arg-type]
            denials=denials,
            silences_changed=Signal(self._count_silence),
        )
        self.dispatcher = build_dispatcher(
            "bot",
            self.settings,
            self.shared,
            self.services,
            directory=self.directory,
            catalogue=self.catalogue,
            denials=denials,
            renderer=renderer(),
            alert_chats=AlertChats(),
        )

    @property
    def names(self) -> list[str]:
        return [name for name in self.running if name]

    def find(self, name: str) -> Any:
        return self.running.get(name)

    def alert_stations_of(self, chat: int) -> tuple[str, ...]:
        return ()

    def station(self) -> Any:
        station: Any = FakeStation()
        station.watched = WatchedExtensions(self.database, STATION, Signal(self._count_watching))
        station.drills = Drills(self.database, STATION, self.incidents)
        return station

    def hurry(self, seconds: float) -> None:
        """Set the timeout of a decision in seconds."""
        self.dispatcher._authorizer._timeout = seconds

    def _count_change(self) -> None:
        self.menus_changed += 1

    def _count_silence(self, _station: str) -> None:
        self.silences_changed += 1

    def _count_watching(self) -> None:
        self.watching_changed += 1

    def restart(self, after: timedelta = timedelta(seconds=1)) -> None:
        """Kill the program and start it again `after` later."""
        self.now += after
        self.start()

    def offers(self, name: str, permission: str, answer: Reply | Exception | None = None, **more: Any) -> None:
        async def handler(request: Request) -> Reply:
            self.done.append(request)
            if more.get("resume") is not OnRestart.ATOMIC:
                await asyncio.sleep(0)
            if isinstance(answer, Exception):
                raise answer
            return answer or Reply(Message("broken"))

        rule = Rule(
            permission, **{key: more.pop(key) for key in ("where", "costly", "exempt_from_rate_limit") if key in more}
        )
        self.catalogue.commands[name] = Command(name, handler, rule, "", more.pop("usage", "[words]"), **more)

    def on_press(self, name: str, permission: str, reply: Reply, **more: Any) -> None:
        scope = more.pop("scope", StationScope.ONE)
        rule = Rule(permission, **more)
        self.catalogue.buttons[name] = ButtonAction(name, self._remembering(reply), rule, scope=scope)

    def on_answer(self, name: str, permission: str, reply: Reply | Exception) -> None:
        self.catalogue.answers[name] = ButtonAction(name, self._remembering(reply), Rule(permission))

    def _remembering(self, reply: Reply | Exception) -> Callable[[Request], Any]:
        async def handler(request: Request) -> Reply:
            self.done.append(request)
            if isinstance(reply, Exception):
                raise reply
            return reply

        return handler

    async def takes(self, update: dict[str, Any], update_id: int | None = None) -> None:
        """Handle an update. By default it gets the next update id, and is decided as the queue does when it stores
        it."""
        is_new = update_id is None
        if update_id is None:
            self.update_id += 1
            update_id = self.update_id
        self.taken += 1
        read = Update.de_json({"update_id": update_id, **update}, None)
        await self.dispatcher.handle(read, await self._decided(read) if is_new else None)

    async def _decided(self, update: Update) -> Any:
        try:
            return await self.database.run(self.dispatcher.decide, update)
        except DatabaseError:
            raise
        except Exception:
            return None

    async def types(self, text: str, person: int = ANNA, chat: int = GROUP, sent: datetime | None = None) -> None:
        await self.takes({"message": message(text, person, chat, sent or self.now)})

    async def says(
        self,
        text: str,
        person: int = ANNA,
        chat: int = GROUP,
        replied_to: int | None = None,
        sent: datetime | None = None,
    ) -> None:
        await self.takes({"message": message(text, person, chat, sent or self.now, replied_to=replied_to)})

    async def presses(self, keyboard: Keyboard, person: int = ANNA, chat: int = GROUP, place: str = "0:0") -> None:
        await self.takes({"callback_query": press(f"{keyboard.id}:{place}", person, chat, self.now)})

    async def audit(self) -> list[AuditEntry]:
        with self.database.begin() as session:
            return list((session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars())

    async def outcomes(self) -> list[AuditOutcome]:
        with self.database.begin() as session:
            return list((session.execute(select(AuditOutcome).order_by(AuditOutcome.id))).scalars())


def named(name: str) -> Any:
    """Return one of several PBXs."""
    station: Any = FakeStation()
    station.name, station.title = name, name.title() or "all PBXs"
    return station


class AlertChats:
    def alert_chats(self, _session: Session) -> set[int]:
        return {-300}
