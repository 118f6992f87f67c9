"""Dispatcher harness: the real dispatcher with a real database, and a chat that records messages."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update

from bot.access.policy import BUILT_IN, Destination, Grant, Role
from bot.engine.calendar_feed import CalendarFeed
from bot.engine.drills import Drills
from bot.incidents.silence_store import Silences
from bot.messages.message import Message
from bot.runtime.waiting import Signal
from bot.store.access.access_requests import AccessRequests
from bot.store.access.audit_queries import AuditReader
from bot.store.access.contacts import Contacts
from bot.store.access.grants import GrantBook
from bot.store.database import Store
from bot.store.messages.temporary_payloads import TemporaryPayloads
from bot.store.oncall.schedules import OnCallBook
from bot.store.stations.bindings import Bindings
from bot.store.stations.imports import Imports
from bot.store.stations.incidents import Incidents
from bot.store.stations.registrations import Reregistrations
from bot.store.stations.watched_extensions import WatchedExtensions
from bot.store.tables.audit import AuditEntry, AuditOutcome
from bot.store.tables.messages import Keyboard
from handlers import HOOKS
from handlers.authorization.authorizer import Authorizer
from handlers.authorization.rate_limits import RateLimits, RequestLimits
from handlers.authorization.station_choice import StationChooser
from handlers.dispatch.declare import ButtonAction, Catalogue, Command, StationScope
from handlers.dispatch.dispatcher import Dispatcher
from handlers.dispatch.executor import Executor
from handlers.dispatch.request import Reply, Request
from handlers.dispatch.rules import Rule
from handlers.dispatch.services import Services
from handlers.safety.two_person import TwoPersonRule
from tests.incident_harness.recording_sink import RecordingStateSink
from tests.messages.renderers import renderer

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ANNA, VERA, OLGA, SAM = 1, 2, 3, 9
GROUP, OTHER_GROUP = -100, -200
STATION = "Head office"
# Anna and Olga are administrators, Vera a viewer; members of the group may view and acknowledge incidents there.
GRANTS = (Grant(ANNA, "admin"), Grant(OLGA, "admin"), Grant(VERA, "viewer"), Grant(GROUP, "operator"))


@dataclass
class Chat:
    """Replacement of the sender: records messages, and fails on demand."""

    said: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    # All messages as shown, sent or edited.
    shown: list[Message] = field(default_factory=list)
    toasts: list[str | None] = field(default_factory=list)
    keyboards: list[Keyboard] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)

    async def send(self, to: Destination, message: Message, *, keyboard: Keyboard | None = None, **_: Any) -> int:
        if self.failures:
            raise self.failures.pop(0)
        self.said.append((to.chat, message.template, dict(message.facts)))
        self.shown.append(message)
        if keyboard is not None:
            self.keyboards.append(keyboard)
        return len(self.said)

    async def edit(
        self, chat: int, message_id: int, message: Message, *, keyboard: Keyboard | None = None, **_: Any
    ) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.edited.append(message.template)
        self.shown.append(message)
        if keyboard is not None:
            self.keyboards.append(keyboard)

    async def answer(self, query_id: str, text: str | None = None, *, alert: bool = False) -> None:
        self.toasts.append(text)

    async def can_write_to(self, person: int) -> bool:
        return True

    async def delete(self, chat: int, message_id: int) -> bool:
        self.deleted.append(message_id)
        return True

    async def leave(self, chat: int) -> None:
        self.left.append(chat)


@dataclass
class Members:
    """Chat members; `answer` replaces Telegram's answer."""

    there: set[tuple[int, int]] = field(default_factory=set)
    answer: Callable[[], bool | None] | None = None
    anonymous: set[int] = field(default_factory=set)
    slow: float = 0.0

    async def is_member(self, chat: int, person: int) -> bool | None:
        if self.slow:
            await asyncio.sleep(self.slow)
        return self.answer() if self.answer else (chat, person) in self.there

    async def is_anonymous_admin(self, chat: int, person: int) -> bool:
        return person in self.anonymous


class FakeStation:
    name = title = STATION

    class pbx:  # noqa: N801
        wait_seconds = 0.0

    class watch:  # noqa: N801
        latest = last_good = None
        trunk_names: ClassVar[dict[str, str]] = {}
        switched_off: ClassVar[frozenset[str]] = frozenset()
        unwatched: ClassVar[frozenset[str]] = frozenset()

    @staticmethod
    def zone() -> tzinfo:
        return UTC

    @staticmethod
    def local(moment: datetime) -> datetime:
        return moment.replace(tzinfo=None)


class DispatcherHarness:
    """`now` is the time; `done` the calls of handlers. Without `stations` there is one PBX."""

    def __init__(
        self,
        store: Store,
        *,
        grants: tuple[Grant, ...] = GRANTS,
        roles: dict[str, Role] | None = None,
        two_person: frozenset[str] = frozenset(),
        pace: RequestLimits | None = None,
        within: float = 10.0,
        stations: tuple[str, ...] = (),
    ) -> None:
        self.stations = stations
        self.store = store
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
        self._options: dict[str, Any] = {
            "grants": grants,
            "roles": {**BUILT_IN, **(roles or {})},
            "two_person": two_person,
            "pace": pace or RequestLimits(10**6, 10**6, 10**6),
            "within": within,
        }
        self.start()

    def clock(self) -> datetime:
        return self.now

    def start(self) -> None:
        """Begin a run of the program."""
        options, store = self._options, self.store
        self.book = GrantBook(store, self.clock, options["grants"], options["roles"], Signal(self._count_change))
        station = self.station()
        self.watched: Any = getattr(station, "watched", None)
        self.running = {name: named(name) for name in ("", *self.stations)} if self.stations else {STATION: station}
        self.directory = StationChooser(
            single_station=None if self.stations else STATION,
            stations=self,
        )
        self.services = Services(
            temporary_payloads=TemporaryPayloads(store, self.clock),
            imports=Imports(store, self.clock),
            registrations=Reregistrations(store, self.clock),
            grants=self.book,
            people=Contacts(store),
            requests=AccessRequests(store, self.clock, self.book, Signal()),
            oncall=OnCallBook(store, self.clock, Signal()),
            calendars=CalendarFeed(),
            audit=AuditReader(store),
            membership=self.members,  # type: ignore[arg-type]
            incidents=Incidents(store),
            silences=Silences(store, self.clock, Signal(self._count_silence)),
            bindings=Bindings(store, self.clock),
            fleet=self.directory,
        )
        self.authorizer = Authorizer(
            store=store,
            catalogue=self.catalogue,
            grants=self.book,
            membership=self.members,  # type: ignore[arg-type]
            limits=RateLimits(options["pace"]),
            directory=self.directory,
            clock=self.clock,
            within=options["within"],
        )
        second = TwoPersonRule(
            options["two_person"],
            store=store,
            temporary_payloads=self.services.temporary_payloads,
            clock=self.clock,
            wake=Signal(),
        )
        executor = Executor(
            directory=self.directory,
            services=self.services,
            store=store,
            sender=self.chat,  # type: ignore[arg-type]
            renderer=renderer(),
            clock=self.clock,
            needs_second=second.is_needed_for,
        )
        self.dispatcher = Dispatcher(
            bot_name="bot",
            authorizer=self.authorizer,
            second=second,
            executor=executor,
            alert_chats=AlertChats(),
            hooks=HOOKS,
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
        station.watched = WatchedExtensions(self.store, STATION, Signal(self._count_watching))
        station.drills = Drills(self.store, STATION, self.incidents)
        return station

    def hurry(self, seconds: float) -> None:
        """Set the timeout of a decision in seconds."""
        self.authorizer._within = seconds

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
            await asyncio.sleep(0)
            if isinstance(answer, Exception):
                raise answer
            return answer or Reply(Message("broken"))

        rule = Rule(
            permission, **{key: more.pop(key) for key in ("where", "costly", "exempt_from_rate_limit") if key in more}
        )
        self.catalogue.commands[name] = Command(name, handler, rule, "", **more)

    def on_press(self, name: str, permission: str, reply: Reply, **more: Any) -> None:
        whose = more.pop("whose", StationScope.ONE)
        rule = Rule(permission, **more)
        self.catalogue.presses[name] = ButtonAction(name, self._remembering(reply), rule, whose=whose)

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
        """Handle an update; by default it gets the next update id."""
        if update_id is None:
            self.update_id += 1
            update_id = self.update_id
        self.taken += 1
        await self.dispatcher.handle(Update.de_json({"update_id": update_id, **update}, None))

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
        async with self.store.begin() as session:
            return list((await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars())

    async def outcomes(self) -> list[AuditOutcome]:
        async with self.store.begin() as session:
            return list((await session.execute(select(AuditOutcome).order_by(AuditOutcome.id))).scalars())


def named(name: str) -> Any:
    """Return one of several PBXs."""
    station: Any = FakeStation()
    station.name, station.title = name, name.title() or "all PBXs"
    return station


def person_of(number: int) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": "A"}


def place_of(chat: int) -> dict[str, Any]:
    return {"id": chat, "type": "private" if chat > 0 else "supergroup", "title": "Office"}


def message(
    text: str, person: int, chat: int, sent: datetime, *, replied_to: int | None = None, **more: Any
) -> dict[str, Any]:
    """Build a message as Telegram does: a text that begins with a slash is a command."""
    entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}] if text.startswith("/") else []
    made: dict[str, Any] = {
        "message_id": 7,
        "date": int(sent.timestamp()),
        "chat": place_of(chat),
        "from": person_of(person),
        "text": text,
        "entities": entities,
    }
    if replied_to is not None:
        reply = {"message_id": replied_to, "date": int(NOW.timestamp()), "chat": place_of(chat)}
        made["reply_to_message"] = reply
    return made | more


def press(data: str, person: int, chat: int, now: datetime, **more: Any) -> dict[str, Any]:
    """Build a button press as Telegram does: with the message and its buttons."""
    shown = shown_with(data, chat, now)
    return {
        "id": "q",
        "from": person_of(person),
        "chat_instance": "c",
        "data": data,
        "message": shown,
    } | more


def shown_with(data: str, chat: int, now: datetime, **more: Any) -> dict[str, Any]:
    """Build a message of the bot with one button; without `data` it has none."""
    shown = {"message_id": 7, "date": int(now.timestamp()), "chat": place_of(chat), "text": "Delete 243?"}
    if data:
        shown["reply_markup"] = {"inline_keyboard": [[{"text": "x", "callback_data": data}]]}
    return shown | more


class AlertChats:
    async def alert_chats(self, _session: AsyncSession) -> set[int]:
        return {-300}
