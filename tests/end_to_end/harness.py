"""Harness of an end-to-end test: both stand-ins over real HTTP, the real program as a process, and people that type."""

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import httpx

from bot.config import addresses
from bot.demo import pbx, telegram
from bot.demo.pbx.registration.sights import NEWEST, Dialect
from bot.demo.telegram.client import view
from bot.demo.telegram.model import Chat, ChatMessage
from bot.messages.sanitize import WORD_JOINER
from bot.pbx.rights import RIGHTS
from tests.end_to_end import secret_scan
from tests.end_to_end.clock import Clock
from tests.end_to_end.launcher import Started
from tests.end_to_end.server import PLAIN, Server, serving
from tests.fixtures import postgresql, stored

T = TypeVar("T")
Json = dict[str, Any]

TOKEN = "1234567890:AAtestTestTestTestTestTestTestTestTest0"
KEY = "c0ffee" * 10 + "beef"
ANNA, BORIS, VERA, SAM = 1001, 1002, 1003, 1009
GROUP, FORUM = -1001000000001, -1001000000002
# Timeout in seconds, generous because a busy machine is slow.
PATIENCE = 60.0
# Shown while a request waits for the PBX's rate limit; tests that share a harness reach it, people do not.
TURN_COMES = "your turn comes in"
# Shown after three seconds, which are less than one of a test's.
READING = re.compile("Reading calls|Читаю звонки")
# Numbers of messages and calls that the report of a failing test prints.
MESSAGES_SHOWN, CALLS_SHOWN = 30, 15
# Seconds between polls for changes that the stand-ins do not signal.
LOOK_EVERY = 0.01
RIGHTS_TRIED = {right.write_probe for right in RIGHTS} - {""}
# Factor by which polls and timers are accelerated; in tests that only ask, it shortens Telegram's rate limits.
SPEED = 5.0
ASKING = 3.0


@dataclass(frozen=True)
class Seen:
    """Message as a person sees it."""

    chat: int
    id: int
    text: str
    buttons: list[list[str]]
    raw: Json

    def __contains__(self, part: str) -> bool:
        return part in self.text

    def last_code(self) -> str:
        """Return the text of the last code entity."""
        return self.under(next(e for e in reversed(self.raw["entities"]) if e["type"] == "code"))

    def under(self, entity: Json) -> str:
        """Return the text that an entity covers. Telegram counts UTF-16 units, invisible characters included."""
        units = _written(self.raw).encode("utf-16-le")
        return units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")


class Standins:
    """Stand-in PBX and stand-in Telegram on one port, driven through their own control addresses.

    `keys` are secrets that no person may see; `unwritten` are those that the program may not store in plain text.
    """

    def __init__(self, server: Server, station: pbx.StandinPbx, chats: telegram.Telegram) -> None:
        self.address = server.address
        self.clock = server.clock
        self.station = station
        self.chats = chats
        self.keys = {TOKEN, KEY, postgresql.PASSWORD, station.ami.secret}
        self.unwritten = {addresses.webhook_secret(TOKEN)}
        self.http = httpx.Client(base_url=server.address, timeout=60, verify=PLAIN)
        self.programs: list[Program] = []
        self._server = server
        station.journal.heard = lambda _entry: self._ring()
        self._looks = self._requests_read = self.looks_before = 0

    def now(self) -> datetime:
        """Return the time of the stand-ins and the program."""
        return datetime.fromtimestamp(self.clock.time(), UTC)

    def _ring(self) -> None:
        self.chats.bell.ring()

    def get(self, path: str, **params: object) -> Json:
        answer = self._server.ask("GET", path, params={k: str(v) for k, v in params.items()})
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def post(self, path: str, **body: object) -> Json:
        answer = self._server.ask("POST", path, json=body)
        assert answer.is_success, f"{path}: {answer.text}"
        found: Json = answer.json() if answer.content else {}
        return found

    def calls(self, method: str = "") -> list[Json]:
        """Return the bot's calls to Telegram."""
        calls = self._server.look(lambda: self.chats.log.after(0))
        return [call for call in calls if call["method"] == method or not method]

    def messages(self, chat: int, seen_by: int = ANNA, after: int = 0) -> list[Seen]:
        """Return the messages of the chat as this person sees them."""
        return self._server.look(lambda: self._shown(chat, seen_by, lambda one: one.id > after))

    def from_bot(self, chat: int, seen_by: int = ANNA, after: int = 0) -> list[Seen]:
        return self._server.look(
            lambda: self._shown(
                chat, seen_by, lambda one: one.id > after and one.sender is not None and one.sender.is_bot
            )
        )

    def _shown(self, chat: int, seen_by: int, wanted: Callable[[ChatMessage], bool]) -> list[Seen]:
        one = self.chats.chats.get(chat)
        if one is None or not view.belongs(one, self.chats.person(seen_by)):
            return []
        return [_seen(chat, view.message(found)) for found in one.messages.values() if wanted(found)]

    def says(self, person: int, text: str, chat: int | None = None, **more: object) -> int:
        chat = person if chat is None else chat
        self.unwritten |= secret_scan.typed_in(text)
        number: int = self.post("/client/send", **{"as": person, "chat": chat, "text": text, **more})["message_id"]
        return number

    def sends_file(self, person: int, name: str, content: bytes, caption: str = "", chat: int | None = None) -> int:
        form = {"as": str(person), "chat": str(person if chat is None else chat), "caption": caption}
        answer = self.http.post("/client/upload", data=form, files={"file": (name, content)})
        assert answer.is_success, answer.text
        number: int = answer.json()["message_id"]
        return number

    def file_of(self, message: Seen) -> bytes:
        """Return the bytes of the file in a message."""
        return self.http.get(message.raw["document"]["url"]).content

    def new_group(self, creator: int = ANNA, members: Sequence[int] = (BORIS, VERA), **more: object) -> int:
        """Create a group to which the administrator `creator` adds the bot, and wait for the bot's greeting."""
        body = {"title": "Test", "type": "supergroup", "creator": creator, "members": list(members)} | more
        chat: int = self.post("/client/chats", **body)["id"]
        self.wait_for_message("I look after|Я присматриваю", chat)
        return chat

    def asks(self, person: int, text: str, chat: int | None = None, **more: object) -> Seen:
        """Type a command and return the bot's answer, skipping progress, notices about the PBX's rate limit and, in a
        group, what answers somebody else or nobody, such as an alert.
        """
        chat = person if chat is None else chat
        number = self.says(person, text, chat, **more)

        def answer() -> Seen | None:
            said = [m for m in self.from_bot(chat, person, number) if chat > 0 or m.raw["reply_to"] == number]
            return next((m for m in said if TURN_COMES not in m and not READING.search(m.text)), None)

        return self.wait_for(answer, text)

    def presses(self, person: int, message: Seen, label: str, wait: float = 10) -> Json:
        """Press the button whose label contains `label`; return the toast shown within `wait` seconds of the test's
        time, if any.
        """
        row, column = next(
            (r, c) for r, labels in enumerate(message.buttons) for c, text in enumerate(labels) if label in text
        )
        pressed = self.post(
            "/client/press",
            **{"as": person, "chat": message.chat, "message": message.id, "row": row, "column": column},
            wait=wait * self.clock.speed,
        )
        return pressed["answer"] or {}

    def again(self, message: Seen, seen_by: int = ANNA) -> Seen | None:
        return next(iter(self.messages(message.chat, seen_by, message.id - 1)), None)

    def another(self, shown: Seen, what: str = "") -> Seen:
        """Return the message once its text is another than `shown`, skipping progress."""

        def changed() -> Seen | None:
            now = self.again(shown)
            return now if now and now.text != shown.text and not READING.search(now.text) else None

        return self.wait_for(changed, what)

    def wait_for(self, look: Callable[[], T | None], what: str = "", within: float = PATIENCE, every: float = 0.2) -> T:
        """Call `look` until it returns a result: after each change in the chats or answer of the PBX, and every `every`
        s.
        """
        # By the machine's own clock, which no test changes.
        ends = time.perf_counter() + within
        while True:
            seq = self.chats.bell.seq
            if found := look():
                return found
            left = ends - time.perf_counter()
            assert left > 0, f"did not come within {within:.0f} s: {what}"
            self._server.carry_out(self.chats.bell.heard(seq, min(left, every) * self.clock.speed))

    def after(self, number: int, chat: int, pattern: str, seen_by: int = ANNA) -> Seen:
        """Return the bot's message after `number` that matches `pattern`."""
        return self.wait_for_message(pattern, chat, number, seen_by)

    def wait_for_message(self, pattern: str, chat: int = GROUP, after: int = 0, seen_by: int = ANNA) -> Seen:
        return self.wait_for(
            lambda: next((m for m in self.from_bot(chat, seen_by, after) if re.search(pattern, m.text)), None),
            pattern,
        )

    def alerts(self, pattern: str, chat: int = GROUP) -> list[Seen]:
        seen_by = chat if chat > 0 else ANNA
        return [m for m in self.from_bot(chat, seen_by) if re.search(pattern, m.text)]

    def trunk(self, name: str) -> Json:
        trunks: list[Json] = self.get("/control/state")["trunks"]
        return next(t for t in trunks if t["name"] == name)

    def breaks(self, name: str, condition: str = "provider_dead") -> None:
        self.post(f"/control/trunks/{self.trunk(name)['id']}", condition=condition, instant=True)

    def mends(self, name: str) -> None:
        self.breaks(name, "ok")

    def writes(self, part: str = "") -> list[Json]:
        """Return the requests to the PBX that write, with `part` in the path; not those that only try the rights of the
        key, which comes once at any time after a start.
        """
        asked = [one for one in self.get("/control/requests", after=0)["requests"] if one["method"] != "GET"]
        return [one for one in asked if part in one["path"] and _resource(one) not in RIGHTS_TRIED]

    def looks(self) -> int:
        """Return the number of polls of the trunks."""
        for request in self.get("/control/requests", after=self._requests_read)["requests"]:
            self._requests_read = request["seq"]
            self._looks += _is_look(request)
        return self._looks

    def wait_for_looks(self, number: int) -> None:
        """Wait for `number` more polls of the trunks."""
        self._wait_until_looks(self.looks() + number)

    def wait_until_known(self) -> None:
        """Wait until the program has polled every trunk twice: the third poll begins after the second is finished."""
        self._wait_until_looks(self.looks_before + 3)

    def wait_until_measured(self) -> None:
        """Wait until the bot has received two new measurements of the trunks.

        The PBX dates measurements by the second, and the bot skips a date that it knows already; the first answer may
        have one.
        """
        begin = self.get("/control/state")["requests"]["total"]

        def told() -> bool:
            requests = self.get("/control/requests", after=begin)["requests"]
            looks = (request for request in requests if _is_look(request) and request["status"] is not None)
            return _dates(looks) >= 3

        self.wait_for(lambda: told() or None, "three measurements of the trunks")

    def _wait_until_looks(self, target: int) -> None:
        self.wait_for(lambda: self.looks() >= target or None, f"{target} looks at the trunks")

    def secrets(self) -> set[str]:
        """Return the keys and every password that a PBX has or had."""
        return self.keys | secret_scan.passwords(self.station)

    def keep_their_secrets(self) -> None:
        """Fail when a person saw a secret that is not for them."""
        calls = self.calls()
        people: list[Json] = self.get("/client/state", **{"as": ANNA})["people"]
        states = [self.get("/client/state", **{"as": person["id"]}) for person in people]
        pages = [(path, self.http.get(path).text) for path in ("/client/config", "/control/state", "/control/requests")]
        secret_scan.in_none(self.secrets(), chain(pages, secret_scan.seen_by_all(states, calls)))
        secret_scan.in_none(self.keys, secret_scan.seen_in_private(states, calls))

    def story(self) -> str:
        """Return the newest messages of each chat and the bot's last calls to Telegram."""
        chats = self._server.look(lambda: [_scene(chat) for chat in self.chats.chats.values() if chat.messages])
        calls = [f"{c['method']} -> {c['status']} {c.get('description', '')}" for c in self.calls()[-CALLS_SHOWN:]]
        return "\n".join([*chats, "--- what the bot asked of Telegram last", *calls])


class Program:
    """The bot as a process, as a user runs it. `first` names a module to import before it begins."""

    def __init__(self, standins: Standins, folder: Path, first: str = "", **settings: str) -> None:
        self.log = folder / f"bot-{time.monotonic_ns()}.log"
        self.database = stored.in_folder(folder).migrated()
        self._standins = standins
        standins.programs.append(self)
        standins.looks_before = standins.looks()
        if password := urlsplit(settings.get("TELEGRAM_PROXY", "")).password:
            standins.keys |= {password, unquote(password)}
        standins.unwritten |= set(addresses.heartbeat_secrets(settings.get("HEARTBEAT_URL", ""))) - {""}
        environment = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "SYSTEMROOT", "TZ")}
        environment |= ordinary_settings(standins.address, folder) | settings
        self.log.touch()
        self._process = Started(folder, environment, self.log, first=first, clock=standins.clock)
        self._wait_until_it_listens()

    def _wait_until_it_listens(self) -> None:
        ends = time.monotonic() + PATIENCE
        while "listening" not in self.log.read_text() and self._process.poll() is None:
            if time.monotonic() > ends:
                self.kill()
                raise AssertionError(f"it does not listen within {PATIENCE:.0f} s")
            time.sleep(LOOK_EVERY)

    @property
    def pid(self) -> int:
        return self._process.pid

    def terminate(self) -> None:
        self._process.terminate()

    def stop(self) -> int:
        self.terminate()
        return self._process.wait(20)

    def wait(self, within: float = 20) -> int:
        return self._process.wait(within)

    def read_stations_again(self) -> None:
        """Send SIGHUP, as `systemctl reload` does."""
        self._process.hang_up()

    def kill(self) -> None:
        """Send SIGKILL, as a power cut would."""
        self._process.kill()
        self._process.wait(20)

    def kept_its_secrets(self) -> None:
        """Fail when the log, the audit or any byte of the database holds a secret, or others may read those files."""
        kept = secret_scan.kept_by_program(self.log, self.database)
        secret_scan.in_none(self._standins.secrets() | self._standins.unwritten, kept)
        assert not self.database.open_to_others()


def ordinary_settings(address: str, folder: Path) -> dict[str, str]:
    return {
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API_URL": address,
        "PBX_URL": address,
        "PBX_API_KEY": KEY,
        "PBX_NAME": "Head office",
        "ADMINS": str(ANNA),
        "OPERATORS": str(BORIS),
        "VIEWERS": str(VERA),
        "ALERT_CHATS": str(GROUP),
        "DATABASE_URL": stored.in_folder(folder).address,
        # Tests type faster than people.
        "COMMANDS_PER_MINUTE": "1000",
        "CHAT_COMMANDS_PER_MINUTE": "1000",
        "COSTLY_COMMANDS_PER_MINUTE": "1000",
        "POLL_INTERVAL": "1",
        "ALERT_AFTER": "0.1",
        "LOG_LEVEL": "DEBUG",
    }


def afternoon() -> str:
    """Return a zone in which it is afternoon now: the station has had calls today, and the date will not change."""
    hour = datetime.now(UTC).hour
    return f"Etc/GMT{hour - 15:+d}" if hour >= 3 else "Etc/GMT-12"


H = TypeVar("H", bound=Standins)
# Stand-ins running now, and those closed during this test, for the report of a failure.
RUNNING: list[Standins] = []
ENDED: list[Standins] = []


@contextmanager
def alive(standins: H) -> Iterator[H]:
    RUNNING.append(standins)
    try:
        yield standins
    finally:
        RUNNING.remove(standins)
        ENDED.append(standins)
        for program in standins.programs:
            program.database.remove()
        standins.http.close()


@contextmanager
def running_standins(
    speed: float = SPEED, dialect: Dialect = NEWEST, clock: Clock | None = None, pbx_ahead: float = 0
) -> Iterator[Standins]:
    """Yield stand-ins whose time, and that of the program between them, passes `speed` times as fast, or as `clock`
    says. The clock of the PBX is `pbx_ahead` seconds ahead.

    The PBX plays the release `dialect`, but reports the states of its IAX trunks.
    """
    clock = clock or Clock(speed)
    station = pbx.StandinPbx(
        name="Head office",
        api_key=KEY,
        zone=afternoon(),
        now=lambda: clock.time() + pbx_ahead,
        dialect=dialect,
        iax_told=True,
    )
    chats = telegram.populated(TOKEN, now=clock.time)
    routes = [*pbx.routes(station), *telegram.routes(chats, {"": station.name})]
    with serving(routes, clock) as server, alive(Standins(server, station, chats)) as standins:
        yield standins
        standins.keep_their_secrets()


@contextmanager
def running_bot(standins: Standins, folder: Path, **settings: str) -> Iterator[Program]:
    program = Program(standins, folder, **settings)
    try:
        yield program
        program.kept_its_secrets()
    finally:
        program.kill()
    program.kept_its_secrets()


def press(standins: Standins, message: Seen, label: str, shows: str, person: int = ANNA) -> Seen:
    """Press a button and wait until the message matches `shows`."""
    standins.presses(person, message, label)
    return standins.wait_for(
        lambda: (m := standins.again(message, person)) and (m if shows in m.text else None), f"{label}: {shows}", 90
    )


def _resource(request: Json) -> str:
    return str(request["path"]).rpartition("/")[2]


def _is_look(request: Json) -> bool:
    return "getStatuses" in request["path"] and "provider" in request["path"]


def _dates(answered: Iterable[Json]) -> int:
    """Return the least number of distinct measurement dates: each lies between the request and its answer."""
    dates, last = 0, 0
    for request in answered:
        if int(request["at"]) > last:
            dates, last = dates + 1, int(request["answered"])
    return dates


def _seen(chat: int, raw: Json) -> Seen:
    buttons = [[b["text"] for b in row] for row in raw.get("buttons") or []]
    return Seen(chat, raw["id"], _written(raw).replace(WORD_JOINER, ""), buttons, raw)


def _scene(chat: Chat) -> str:
    lines = [
        f"{one.id} {one.sender.name if one.sender else ''}: {one.text or one.service_text}"
        for one in list(chat.messages.values())[-MESSAGES_SHOWN:]
    ]
    return "\n".join([f"--- {chat.title} ({chat.id})", *lines])


def _written(raw: Json) -> str:
    return str(raw.get("text") or raw.get("caption") or "")
