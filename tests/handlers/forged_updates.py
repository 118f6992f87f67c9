"""Forged updates, each invalid in exactly one respect, and the office that they are tried on.

The office is the real dispatcher with all real commands and buttons, a real database, and the real client of a stand-in
PBX. Every forgery declares how many handlers may run and how many decisions must be stored.
"""

import asyncio
import itertools
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

import httpx
import psycopg
from pydantic import SecretStr
from sqlalchemy import delete

from bot.access.policy import OPERATOR, WRITES, Grant, Permission
from bot.app.wiring.handlers import handler_station
from bot.app.wiring.stations import build_station
from bot.demo.pbx import StandinPbx, app
from bot.demo.pbx.ami import manager
from bot.pbx import AmiAccount, Pbx
from bot.pbx.rate_limit import RequestBudget
from bot.store.access import audit
from bot.store.database import Database
from bot.store.messages import questions
from bot.store.messages.keyboards import new_keyboard
from bot.store.tables.messages import Keyboard
from bot.store.tables.people import GrantRow
from handlers import CATALOGUE
from handlers.dispatch.request import Handler, Reply, Request
from handlers.dispatch.rules import RULES, Where
from handlers.dispatch.services import Station
from tests.handlers.dispatcher_harness import ANNA, GROUP, OLGA, OTHER_GROUP, SAM, STATION, VERA, DispatcherHarness
from tests.handlers.update_factory import NOW, message, place_of, press, shown_with
from tests.incident_harness.wiring import Clients, station_settings

MAX, BOB, TOM, UMA, ROBOT = 4, 8, 15, 16, 17
NOBODY = (777000, 1087968824, 136817688)
# Fields that the library does not know, or no longer knows.
NEWER = [
    *("ephemeral_message_id", "is_scheduled", "forward_from", "via_business_bot_id", "guest_chat_id", "sponsor_info"),
    *(
        "is_delayed",
        "is_auto_reply",
        "sent_on_behalf_of",
        "sender_bot",
        "receiver_user",
        "visible_to",
        "is_secret_reply",
    ),
]
KEY = "c0ffee" * 10 + "beef"
# Roles wrongly granted to placeholder ids, a bot and the group.
MISTAKES = [Grant(number, "admin", STATION, ANNA) for number in (*NOBODY, ROBOT, GROUP)]
LASTING = [Grant(UMA, "admin", "Another PBX", ANNA), Grant(BOB, "admin", STATION, ANNA)]
ENDED = [Grant(TOM, "admin", STATION, ANNA, until=NOW - timedelta(seconds=1))]
# Commands that need a right that a group does not give.
OF_COMMANDS = [name for name, rule in RULES.items() if name.startswith("/") and rule.where.allows(private=False)]
OF_ADMINS = [name for name, rule in RULES.items() if rule.permission in {*WRITES, Permission.AUDIT_READ}]


class CountingTransport(httpx.AsyncBaseTransport):
    """Transport to the stand-in PBX that counts the writing requests."""

    def __init__(self) -> None:
        self.writes = 0
        ticks = itertools.count(int(NOW.timestamp()))
        self.station = StandinPbx(api_key=KEY, traffic=False, speed=1000, now=lambda: float(next(ticks)))
        self._pbx = httpx.ASGITransport(app=app(self.station))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.writes += request.method != "GET"
        return await self._pbx.handle_async_request(request)


def connected_to(database: Database) -> sqlite3.Connection | psycopg.Connection:
    address = database._engine.url
    if database.is_sqlite:
        return sqlite3.connect(address.database or "")
    written = address.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(written, autocommit=True)


class ForgedUpdatesHarness(DispatcherHarness):
    """`deeds` counts handler calls, `rows` stored decisions."""

    def __init__(self, database: Database) -> None:
        self.wire = CountingTransport()
        self.deeds = 0
        self.rows = 0
        # Queried after every forgery: without a session this takes a hundredth of the time.
        self._beside: Any = None
        super().__init__(database, two_person=frozenset({Permission.EMPLOYEES_DELETE}))
        self.members.there = {(GROUP, MAX), (GROUP, ANNA), (GROUP, SAM + 1)}
        for name, command in CATALOGUE.commands.items():
            self.catalogue.commands[name] = replace(command, handler=self._counting(command.handler))
        for kind in ("buttons", "answers"):
            for name, one in getattr(CATALOGUE, kind).items():
                getattr(self.catalogue, kind)[name] = replace(one, handler=self._counting(one.handler))

    def _counting(self, handler: Handler) -> Handler:
        async def counted(request: Request) -> Reply:
            self.deeds += 1
            return await handler(request)

        return counted

    def station(self) -> Station:
        pbx = Pbx(
            "http://127.0.0.1",
            SecretStr(KEY),
            transport=self.wire,
            ami=AmiAccount("http://127.0.0.1", manager.USER, SecretStr(self.wire.station.ami.secret)),
            budget=RequestBudget(10**9),
            sleep=lambda _seconds: asyncio.sleep(0),
        )
        shared = replace(self.shared, clients=Clients({STATION: pbx}))  # type: ignore[arg-type]
        return handler_station(build_station(station_settings(STATION, timezone="UTC"), shared))

    async def open(self) -> None:
        with self.database.begin() as session:
            for grant in (*MISTAKES, *LASTING, *ENDED):
                self._write(session, grant)

    def close(self) -> None:
        if self._beside is not None:
            self._beside.close()

    async def give(self, grant: Grant) -> None:
        with self.database.begin() as session:
            self._write(session, grant)

    def _write(self, session: Any, grant: Grant) -> None:
        row = GrantRow(
            station=grant.station,
            subject_id=grant.subject,
            role=grant.role,
            given_by_id=ANNA if grant.given_by is None else grant.given_by,
            given_by_name="Anna",
            given_at=grant.given_at or NOW,
            until=grant.until,
        )
        session.merge(row)

    async def revoke(self, person: int) -> None:
        with self.database.begin() as session:
            session.execute(delete(GrantRow).where(GrantRow.subject_id == person))

    async def button(self, action: str, data: dict[str, Any] | None = None, **more: Any) -> Keyboard:
        """Send a message with one button."""
        rows = [[{"label": "x", "action": action, "data": data or {}}]]
        made = new_keyboard(more.pop("chat", GROUP), rows, now=self.now, station=STATION, **more)
        with self.database.begin() as session:
            session.add(made)
        return made

    async def question(self, chat: int, person: int, lifetime: timedelta = timedelta(minutes=15)) -> None:
        """Store a pending reply of this person to message 7."""
        with self.database.begin() as session:
            questions.ask(
                session,
                chat_id=chat,
                person_id=person,
                station=STATION,
                message_id=7,
                answer="employee_step.answer",
                data={"key": "name", "said": {}},
                expires_at=self.now + lifetime,
            )

    def decisions_so_far(self) -> int:
        """Count the committed decisions, seen from another connection."""
        self._beside = self._beside or connected_to(self.database)
        found: int | None = self._beside.execute("SELECT max(id) FROM audit").fetchone()[0]
        return found or 0

    async def decided(self, update_id: int, what: str) -> None:
        """Store a decision of an earlier run that was killed before it acted."""
        row = audit.entry(
            at=self.now - timedelta(hours=2),
            update_id=update_id,
            actor_id=ANNA,
            actor_name="Anna",
            chat_id=GROUP,
            station=STATION,
            what=what,
            arguments="",
            permission="",
            allowed=True,
            reason="role admin",
        )
        with self.database.begin() as session:
            audit.record_decision(session, row)


@dataclass(frozen=True)
class Expected:
    """`deeds`: number of handlers that may run; `rows`: number of decisions to be stored."""

    deeds: int = 0
    rows: int = 1


Forgery = Callable[[ForgedUpdatesHarness, Random], Awaitable[Expected]]
FORGERIES: dict[str, Forgery] = {}


def forged(name: str) -> Callable[[Forgery], Forgery]:
    def keep(forgery: Forgery) -> Forgery:
        FORGERIES[name] = forgery
        return forgery

    return keep


def command(random: Random, names: list[str] | None = None, *, private: bool = False) -> str:
    """Return a command that is valid here, with arguments."""
    fitting = [
        name.removeprefix("/")
        for name in (names or list(RULES))
        if name.startswith("/") and RULES[name].where.allows(private=private)
    ]
    return f"/{random.choice(fitting)} {random.choice(['', 'today', '243 John Smith', 'x' * 200, '<b>'])}".strip()


def action(random: Random, names: list[str] | None = None, *, private: bool = False) -> str:
    fitting = [
        name
        for name in (names or list(RULES))
        if name in CATALOGUE.buttons and RULES[name].where.allows(private=private)
    ]
    return random.choice(fitting)


async def typed(harness: ForgedUpdatesHarness, text: str, person: int = ANNA, chat: int = GROUP, **more: Any) -> None:
    await harness.takes({"message": message(text, person, chat, harness.now) | more})


async def pressed(
    harness: ForgedUpdatesHarness,
    keyboard: Keyboard,
    person: int = ANNA,
    chat: int = GROUP,
    place: str = "0:0",
    **more: Any,
) -> None:
    await harness.takes({"callback_query": press(f"{keyboard.id}:{place}", person, chat, harness.now, **more)})


def _message_flaws() -> dict[str, Callable[[Random], dict[str, Any]]]:
    user = {"id": 5, "is_bot": False, "first_name": "Somebody"}
    robot = {"id": ROBOT, "is_bot": True, "first_name": "Robot"}
    when = int(NOW.timestamp())
    channel = {"id": OTHER_GROUP, "type": "channel", "title": "News"}
    origins = [
        {"type": "user", "date": when, "sender_user": user},
        {"type": "hidden_user", "date": when, "sender_user_name": "Anna"},
        {"type": "chat", "date": when, "sender_chat": place_of(GROUP)},
        {"type": "channel", "date": when, "chat": channel, "message_id": 3},
    ]
    return {
        "forwarded": lambda random: {"forward_origin": random.choice(origins)},
        "forwarded by itself": lambda _: {"is_automatic_forward": True},
        "through another bot": lambda _: {"via_bot": robot},
        "an anonymous administrator": lambda _: {"sender_chat": place_of(GROUP)},
        "in the name of a chat": lambda random: {"sender_chat": random.choice([channel, place_of(OTHER_GROUP)])},
        "by a business bot": lambda _: {"sender_business_bot": robot},
        "through a business account": lambda _: {"business_connection_id": "b"},
        "posted in a channel": lambda _: {"chat": {"id": GROUP, "type": "channel", "title": "News"}},
        "by nobody": lambda random: {"from": {"id": random.choice(NOBODY), "is_bot": False, "first_name": "Telegram"}},
        "by another bot": lambda _: {"from": robot},
        "sent by itself": lambda _: {"is_from_offline": True},
        "to a guest": lambda random: random.choice(
            [{"guest_query_id": "g"}, {"guest_bot_caller_user": user}, {"guest_bot_caller_chat": place_of(GROUP)}]
        ),
        "as a post": lambda random: random.choice(
            [{"is_paid_post": True}, {"suggested_post_info": {"state": "approved"}}]
        ),
        "in a way not known": lambda random: {random.choice(NEWER): random.choice([5, "g", True, {"id": 5}])},
        "edited": lambda _: {"edit_date": when},
    }


def _add_message_flaws() -> None:
    for flaw, more in _message_flaws().items():

        @forged(f"a message {flaw}")
        async def flawed(
            harness: ForgedUpdatesHarness, random: Random, more: Callable[[Random], dict[str, Any]] = more
        ) -> Expected:
            await harness.takes({"message": message(command(random), ANNA, GROUP, harness.now) | more(random)})
            return Expected()

    for kind in (
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_message",
        "edited_business_message",
    ):

        @forged(f"an update of the kind {kind}")
        async def other_kind(harness: ForgedUpdatesHarness, random: Random, kind: str = kind) -> Expected:
            await harness.takes({kind: message(command(random), ANNA, GROUP, harness.now)})
            return Expected()


_add_message_flaws()


@forged("a quotation that is a command")
async def quoted(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    text = command(random)
    kind = random.choice(["blockquote", "expandable_blockquote"])
    entities = [{"type": kind, "offset": 0, "length": len(text)}]
    entities.insert(random.randint(0, 1), {"type": "bot_command", "offset": 0, "length": len(text.split()[0])})
    await typed(harness, text, entities=entities)
    return Expected()


@forged("a command to another bot")
async def to_another_bot(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    name, _, rest = command(random).partition(" ")
    await typed(harness, f"{name}@{random.choice(['other', 'botbot', 'bo'])} {rest}")
    return Expected(rows=0)


@forged("a command of yesterday")
async def old(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    age = timedelta(seconds=random.choice([301, 600, 86_400, 3 * 365 * 86_400]))
    await harness.takes({"message": message(command(random), ANNA, GROUP, harness.now - age)})
    return Expected()


@forged("a command of tomorrow")
async def early(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    ahead = timedelta(seconds=random.choice([301, 3600, 86_400, 3 * 365 * 86_400]))
    await harness.takes({"message": message(command(random), ANNA, GROUP, harness.now + ahead)})
    return Expected()


@forged("an update that comes twice")
async def twice(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    harness.update_id += 1
    update = {"message": message("/id", ANNA, GROUP, harness.now)}
    for _ in range(2):
        await harness.takes(update, harness.update_id)
    return Expected(deeds=1, rows=2)


@forged("a write that a killed run had begun")
async def interrupted(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    what = random.choice([name for name, rule in RULES.items() if rule.writes and name in CATALOGUE.buttons])
    private = RULES[what].where is Where.PRIVATE
    chat = ANNA if private else GROUP
    keyboard = await harness.button(what, chat=chat)
    harness.update_id += 1
    await harness.decided(harness.update_id, what)
    update = {"callback_query": press(f"{keyboard.id}:0:0", ANNA, chat, harness.now)}
    await harness.takes(update, harness.update_id)
    return Expected(rows=2)


@forged("a stranger in a group")
async def stranger_in_group(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    await typed(harness, command(random), SAM, OTHER_GROUP)
    return Expected()


@forged("a stranger in private")
async def stranger_in_private(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    names = [name for name, rule in RULES.items() if rule.permission != Permission.ANYONE]
    await typed(harness, command(random, names, private=True), SAM, SAM)
    return Expected()


@forged("somebody who may only look")
async def viewer(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    chat = random.choice([GROUP, VERA, OTHER_GROUP])
    await typed(harness, command(random, OF_ADMINS, private=chat > 0), VERA, chat)
    return Expected()


@forged("somebody who may only look, with a button")
async def viewer_pressing(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    keyboard = await harness.button(action(random, OF_ADMINS))
    await pressed(harness, keyboard, VERA)
    return Expected()


@forged("a group that was made administrator")
async def group_as_admin(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    await typed(harness, command(random, OF_ADMINS), MAX)
    return Expected()


@forged("a role that has ended")
async def ended(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    await typed(harness, command(random), TOM, OTHER_GROUP)
    return Expected()


@forged("a role on another PBX")
async def elsewhere(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    await typed(harness, command(random), UMA, OTHER_GROUP)
    return Expected()


OF_THE_GROUP = [name for name, rule in RULES.items() if rule.permission in OPERATOR.permissions]


@forged("somebody who is not in the group any more")
async def left(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    if random.random() < 0.5:
        await typed(harness, command(random, OF_THE_GROUP), SAM)
    else:
        await pressed(harness, await harness.button(action(random, OF_THE_GROUP)), SAM)
    return Expected()


@forged("somebody of whom Telegram tells nothing")
async def unknown_member(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    harness.members.answer = lambda: None
    await typed(harness, command(random, OF_THE_GROUP), MAX)
    harness.members.answer = None
    return Expected()


@forged("an error while deciding")
async def failing(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    def fails() -> bool | None:
        raise random.choice([RuntimeError, OSError, ValueError])("the decision cannot be made")

    harness.members.answer = fails
    if random.random() < 0.5:
        await typed(harness, command(random, OF_THE_GROUP), MAX)
    else:
        await pressed(harness, await harness.button(action(random, OF_THE_GROUP)), MAX)
    harness.members.answer = None
    return Expected()


@forged("a decision that hangs")
async def hanging(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    harness.members.slow = 0.03
    harness.hurry(0.01)
    await typed(harness, command(random, OF_THE_GROUP), MAX)
    harness.hurry(10.0)
    harness.members.slow = 0.0
    return Expected()


@forged("a private matter in a group")
async def not_here(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    private = [name for name, rule in RULES.items() if rule.where is Where.PRIVATE]
    if random.random() < 0.5:
        await typed(harness, f"/{random.choice([n[1:] for n in private if n.startswith('/')])}")
    else:
        await pressed(harness, await harness.button(random.choice([n for n in private if n in CATALOGUE.buttons])))
    return Expected()


@forged("a secret in a group")
async def secret(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    told = random.choice(["password=hunter22", "пароль: тайна", "9876543210:AAtestTestTestTestTestTestTestTestTest0"])
    names = [name for name, rule in RULES.items() if not rule.accepts_password]
    await typed(harness, f"{command(random, names).split()[0]} {told}")
    return Expected()


@forged("a button that nobody made")
async def invented(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    data = random.choice(["guess:0:0", "", "status.view", "1:1", "a" * 16 + ":0:0", "x:y:z", "employee.delete_now:0:0"])
    await harness.takes({"callback_query": press(data, ANNA, GROUP, harness.now)})
    return Expected()


@forged("a place where no button is")
async def beside(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    keyboard = await harness.button(action(random))
    await pressed(harness, keyboard, place=random.choice(["0:1", "1:0", "9:9", "999:0"]))
    return Expected()


@forged("a button of another chat")
async def other_chat(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    keyboard = await harness.button(action(random), chat=random.choice([OTHER_GROUP, OLGA, VERA]))
    await pressed(harness, keyboard)
    return Expected()


@forged("a button of another person")
async def other_person(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    keyboard = await harness.button(action(random), asker_id=random.choice([OLGA, VERA, SAM]), single_use=True)
    await pressed(harness, keyboard)
    return Expected()


@forged("a question that has expired")
async def expired(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    keyboard = await harness.button(action(random), asker_id=ANNA, lifetime=timedelta(seconds=-1))
    await pressed(harness, keyboard)
    return Expected()


@forged("a button pressed again")
async def again(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    keyboard = await harness.button("employee.keep", {"number": "243", "name": "John"}, asker_id=ANNA, single_use=True)
    times = random.randint(2, 3)
    for _ in range(times):
        await pressed(harness, keyboard)
    return Expected(deeds=1, rows=times)


@forged("a button pressed by many at once")
async def at_once(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    keyboard = await harness.button("employee.keep", {"number": "243", "name": "John"}, single_use=True)
    people = random.choices([ANNA, OLGA, BOB, ANNA], k=3)
    await asyncio.gather(*(pressed(harness, keyboard, person) for person in people))
    return Expected(deeds=1, rows=3)


@forged("a right that went between question and press")
async def revoked(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    await harness.give(Grant(BOB, "admin", STATION, ANNA))
    keyboard = await harness.button(action(random, OF_ADMINS), asker_id=BOB, single_use=True)
    await harness.revoke(BOB)
    await pressed(harness, keyboard, BOB)
    await harness.give(Grant(BOB, "admin", STATION, ANNA))
    return Expected()


def _add_press_flaws() -> None:
    origin = {
        "type": "user",
        "date": int(NOW.timestamp()),
        "sender_user": {"id": 1, "is_bot": False, "first_name": "A"},
    }
    inline = {"id": 5, "is_bot": True, "first_name": "Inline"}
    # Flaws of the press, and of the message that it belongs to.
    flaws: dict[str, Callable[[Random], tuple[dict[str, Any], dict[str, Any]]]] = {
        "by nobody": lambda random: (
            {"from": {"id": random.choice(NOBODY), "is_bot": False, "first_name": "Group"}},
            {},
        ),
        "by another bot": lambda _: ({"from": {"id": ROBOT, "is_bot": True, "first_name": "Robot"}}, {}),
        "under a forwarded message": lambda _: ({}, {"forward_origin": origin}),
        "under another bot's message": lambda _: ({}, {"via_bot": inline}),
        "in a way not known": lambda random: ({random.choice(NEWER): 5}, {}),
        "under no message": lambda _: ({"message": None, "inline_message_id": "i"}, {}),
    }
    for flaw, more in flaws.items():

        @forged(f"a press {flaw}")
        async def flawed(harness: ForgedUpdatesHarness, random: Random, more: Any = more) -> Expected:
            of_press, of_message = more(random)
            keyboard = await harness.button(action(random))
            shown = {"message": shown_with(f"{keyboard.id}:0:0", GROUP, NOW, **of_message)}
            await pressed(harness, keyboard, **(shown | of_press))
            return Expected()


def _shown_elsewhere(random: Random, own: Keyboard) -> dict[str, Any]:
    """Return the message that a modified client names with another message's button: it has other buttons, none, or is
    too old for Telegram to describe.
    """
    buttons = random.choice(["", "another:0:0", f"{own.id}:0:1", f"{own.id}:1:0", own.id])
    shown = shown_with(buttons, GROUP, NOW, message_id=random.choice([8, 9, 10**9]))
    if random.random() < 0.2:
        shown = {"message_id": shown["message_id"], "date": 0, "chat": shown["chat"]}
    return shown


@forged("a press under another message")
async def under_another(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    keyboard = await harness.button(action(random), message_id=7)
    await pressed(harness, keyboard, message=_shown_elsewhere(random, keyboard))
    return Expected()


@forged("a press of a button whose message nobody knows, under another message")
async def unbound(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    """Press a button of an unbound keyboard: the program was killed before it learned the message id, or the keyboard
    is older than the binding.
    """
    keyboard = await harness.button(action(random))
    await pressed(harness, keyboard, message=_shown_elsewhere(random, keyboard))
    return Expected()


@forged("a press under an alert card")
async def under_a_card(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    """The alert message is unchanged: a viewer's Refresh would remove its buttons."""
    card, refresh = (
        await harness.button("incident.take", {"card": 1}, message_id=8),
        await harness.button("status.view", {"view": "summary", "page": 0}, message_id=7),
    )
    shown = shown_with(f"{card.id}:0:0", GROUP, NOW, message_id=8, text="Zadarma is down")
    edits = len(harness.chat.edited)
    await pressed(harness, refresh, random.choice([VERA, ANNA]), message=shown)
    harness.deeds += len(harness.chat.edited) > edits
    return Expected()


_add_press_flaws()


@forged("words of somebody else")
async def words_of_another(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    await harness.question(GROUP, ANNA)
    await harness.takes({"message": message("John Smith", OLGA, GROUP, harness.now, replied_to=7)})
    return Expected(rows=0)


@forged("words that answer nothing")
async def words_beside(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    await harness.question(GROUP, ANNA)
    replied_to = random.choice([None, 6, 8])
    await harness.takes({"message": message("John Smith", ANNA, GROUP, harness.now, replied_to=replied_to)})
    return Expected(rows=0)


@forged("words to a question that has expired")
async def words_too_late(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    chat = random.choice([GROUP, ANNA])
    await harness.question(chat, ANNA, timedelta(seconds=-1))
    await harness.takes({"message": message("John Smith", ANNA, chat, harness.now, replied_to=7)})
    return Expected(rows=0)


@forged("words of somebody whose right is gone")
async def words_without_right(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    await harness.question(GROUP, VERA)
    await harness.takes({"message": message("John Smith", VERA, GROUP, harness.now, replied_to=7)})
    return Expected()


@forged("words that are forwarded")
async def words_forwarded(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    await harness.question(ANNA, ANNA)
    more = random.choice(list(_message_flaws().values()))(random)
    await harness.takes({"message": message("John Smith", ANNA, ANNA, harness.now) | more})
    return Expected(rows=0)


QUESTION = {"template": "second_person_confirmed", "facts": {"first": "243 John", "deed": "Delete an employee"}}


async def _two_needed(harness: ForgedUpdatesHarness, asker: int, **more: Any) -> str:
    """Confirm a change that needs a second person; returns the token of the approval request."""
    employee = next(iter(harness.wire.station.employees.values()))
    data = {"id": employee.id, "number": "243", "name": "John"}
    keyboard = await harness.button("employee.delete_now", data, asker_id=asker, single_use=True, content=QUESTION)
    await pressed(harness, keyboard, asker, **{name: value(keyboard) for name, value in more.items()})
    asked = harness.chat.keyboards[-1:]
    return str(asked[0].rows[0][0]["data"].get("token")) if asked else ""


@forged("a first person alone where two are needed")
async def alone(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    await _two_needed(harness, random.choice([ANNA, OLGA]))
    return Expected()


@forged("a first person who confirms in the second's place")
async def both_in_one(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    asker = random.choice([ANNA, OLGA])
    keyboard = await harness.button("second.confirm", {"token": await _two_needed(harness, asker)})
    await pressed(harness, keyboard, asker)
    return Expected(rows=2)


@forged("what the first person's program shows")
async def shown_another(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    """The second person sees the bot's original text, not the text that the press was sent with."""
    told = len(harness.chat.shown)
    await _two_needed(
        harness,
        random.choice([ANNA, OLGA]),
        message=lambda own: shown_with(f"{own.id}:0:0", GROUP, NOW, text="Delete 210 Warehouse?"),
    )
    lines = [str(shown.facts.get("lines")) for shown in harness.chat.shown[told:]]
    harness.deeds += not any("243 John" in line for line in lines) or any("210" in line for line in lines)
    return Expected()


@forged("a second person whom the first one made")
async def made_by_the_first(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    """Approve with a role given by the first person, directly or indirectly, given today, or renewed by its holder."""
    first, third, second = random.choice([ANNA, OLGA]), 31, 32
    before = NOW - timedelta(days=30)
    kind = random.choice(["made", "through another", "today", "made themselves anew"])
    if kind == "made":
        await harness.give(Grant(second, "admin", STATION, first, given_at=before))
    elif kind == "today":
        today = NOW - timedelta(hours=random.choice([0, 12, 23]))
        await harness.give(Grant(second, "admin", STATION, random.choice([ANNA, OLGA]), given_at=today))
    else:
        giver = third if kind == "through another" else second
        await harness.give(Grant(third, "admin", STATION, first, given_at=before))
        await harness.give(Grant(second, "admin", STATION, giver, given_at=before))
    keyboard = await harness.button("second.confirm", {"token": await _two_needed(harness, first)})
    await pressed(harness, keyboard, second)
    await harness.revoke(second)
    await harness.revoke(third)
    return Expected(rows=2)


@forged("an anonymous command that somebody else is made to own")
async def made_to_own(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    """An anonymous writing command is to be confirmed by its author, and by no other person."""
    doing = [n for n, rule in RULES.items() if not rule.is_read_only and not rule.accepts_password and n in OF_COMMANDS]
    hidden = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    harness.members.anonymous = {ANNA, OLGA}
    written = message(command(random, doing), ANNA, GROUP, harness.now)
    await harness.takes({"message": written | {"sender_chat": place_of(GROUP), "from": hidden}})
    await pressed(harness, harness.chat.keyboards[-1])
    await pressed(harness, harness.chat.keyboards[-1], random.choice([OLGA, SAM, VERA]))
    harness.members.anonymous = set()
    return Expected(deeds=1, rows=3)


@forged("a second person without the right")
async def second_without_right(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    keyboard = await harness.button("second.confirm", {"token": await _two_needed(harness, ANNA)})
    await pressed(harness, keyboard, random.choice([VERA, MAX, SAM]))
    return Expected(rows=2)


@forged("a first person who lost the right")
async def first_lost_right(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    await harness.give(Grant(BOB, "admin", STATION, ANNA))
    keyboard = await harness.button("second.confirm", {"token": await _two_needed(harness, BOB)})
    await harness.revoke(BOB)
    await pressed(harness, keyboard, random.choice([ANNA, OLGA]))
    await harness.give(Grant(BOB, "admin", STATION, ANNA))
    return Expected(rows=2)


@forged("what was confirmed already")
async def confirmed_again(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    token = await _two_needed(harness, ANNA)
    keyboards = [await harness.button("second.refuse", {"token": token}, chat=chat) for chat in (GROUP, OLGA)]
    await asyncio.gather(*(pressed(harness, one, OLGA, one.chat_id) for one in keyboards))
    confirming = await harness.button("second.confirm", {"token": token})
    await pressed(harness, confirming, OLGA)
    return Expected(rows=4)


@forged("a bot brought into a group by a stranger")
async def brought(harness: ForgedUpdatesHarness, random: Random) -> Expected:
    bot = {"id": 7, "is_bot": True, "first_name": "Bot"}
    chat = random.randint(-10_000, -1_000)
    change = {
        "chat": place_of(chat),
        "from": {"id": random.choice([SAM, VERA, MAX]), "is_bot": False, "first_name": "S"},
        "date": int(harness.now.timestamp()),
        "old_chat_member": {"status": "left", "user": bot},
        "new_chat_member": {"status": "member", "user": bot},
    }
    offers = len(harness.chat.keyboards)
    await harness.takes({"my_chat_member": change})
    stayed = harness.chat.left[-1:] != [chat] or len(harness.chat.keyboards) > offers
    harness.deeds += stayed
    return Expected()


async def outcome(harness: ForgedUpdatesHarness, name: str, seed: int) -> list[str]:
    """Try one forgery; return what was done without permission and which decisions are missing."""
    rows, deeds, writes = harness.rows, harness.deeds, harness.wire.writes
    expected = await FORGERIES[name](harness, Random(seed))
    harness.rows = harness.decisions_so_far()
    rows, deeds = harness.rows - rows, harness.deeds - deeds
    found = []
    if deeds != expected.deeds:
        found.append(f"{name} ({seed}): {deeds} deeds instead of {expected.deeds}")
    if harness.wire.writes != writes:
        found.append(f"{name} ({seed}): the PBX was changed")
    if rows != expected.rows:
        found.append(f"{name} ({seed}): {rows} decisions written down instead of {expected.rows}")
    return found
