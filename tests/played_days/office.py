"""The whole program on simulated time, with a stand-in PBX behind its REST API and a Telegram that keeps what a person
sees."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from random import Random
from re import sub
from typing import Any

import httpx
from pydantic import SecretStr
from telegram.request import BaseRequest, RequestData

from bot.app.application import Application
from bot.app.program import Resources
from bot.calls.hours import ALWAYS
from bot.config.settings import Settings
from bot.demo import pbx as demo
from bot.demo.pbx.registration.sights import Dialect
from bot.demo.pbx.telephony.calls import ActiveCall, CallBook
from bot.notifications.calls.chat_hours import HoursOfChats
from bot.pbx import Pbx
from bot.runtime.clock import MonotonicClock
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.store.stations.call_subscriptions import CallSubscriptions
from bot.store.tables.calls import CallKind
from bot.telegram.delivery.rate_limiter import RateLimiter
from bot.telegram.updates.polling import UpdatesBot
from tests.incident_harness.station import Clock
from tests.incident_harness.wiring import Clients
from tests.played_days.calls import PlayedCall

ANNA, GROUP = 1, -100
STATION, TOKEN = "Head office", "1234567890:" + "A" * 35
PBX_KEY = "deadbeef" * 8
# Transactions after a kill, in which there is no other one.
SPARED = 50


class Killed(BaseException):
    """End of the program at a transaction. No code of the program handles it."""


@dataclass
class Shown:
    """Message as it is seen: its newest text, and the time at which it came. `may_repeat`: it came with that note."""

    chat: int
    at: datetime
    text: str
    buttons: list[str]
    may_repeat: bool
    edits: int = 0


@dataclass
class KeptTelegram(BaseRequest):
    """Replacement of the Bot's connections."""

    clock: Clock
    messages: dict[int, Shown] = field(default_factory=dict)

    @property
    def read_timeout(self) -> float | None:
        return 5.0

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **__: Any
    ) -> tuple[int, bytes]:
        name = url.rpartition("/")[2]
        said: dict[str, Any] = request_data.parameters if request_data else {}
        return 200, json.dumps({"ok": True, "result": self._result(name, said)}).encode()

    def _result(self, name: str, said: dict[str, Any]) -> object:
        if name == "getChatMember":
            return {"status": "member", "user": {"id": said["user_id"], "is_bot": False, "first_name": "A"}}
        if name not in ("sendMessage", "editMessageText"):
            return True
        text = unescape(sub(r"<[^>]+>", "", str(said["text"])))
        keyboard = (said.get("reply_markup") or {}).get("inline_keyboard", ())
        buttons = [str(button["text"]) for row in keyboard for button in row]
        if name == "sendMessage":
            number = len(self.messages) + 1
            self.messages[number] = Shown(int(said["chat_id"]), self.clock.now, text, buttons, "🔁" in text)
        else:
            number = int(said["message_id"])
            shown = self.messages[number]
            shown.text, shown.buttons, shown.edits = text, buttons, shown.edits + 1
        chat = self.messages[number].chat
        kind = "private" if chat > 0 else "supergroup"
        return {"message_id": number, "date": 1, "chat": {"id": chat, "type": kind}, "text": text}


class Played(CallBook):
    """Calls whose records are inserted by hand: none becomes one by itself."""

    def take_finished(self, before: float) -> list[ActiveCall]:
        super().take_finished(before)
        return []


class Office:
    """Time advances only by `plays`. `kill_chance`: of each transaction to be the last one of the program."""

    def __init__(self, database: Database, clock: Clock, dialect: Dialect, random: Random, kill_chance: float) -> None:
        self.database, self.clock, self.random = database, clock, random
        self.telegram = KeptTelegram(clock)
        self.kills = 0
        self._spared = 0
        self._kill_chance = kill_chance
        self.station = demo.StandinPbx(
            name=STATION, api_key=PBX_KEY, traffic=False, zone="UTC", dialect=dialect, speed=1e6, now=self._seconds
        )
        self.station.records.remove(lambda row: True)
        self.station.calls = Played()
        self._run_of_database = database.run
        self._unmade: list[PlayedCall] = []
        self._unlisted: list[tuple[datetime, int, PlayedCall]] = []

    async def starts(self) -> None:
        """Start the program on the database of the one before."""
        transport = httpx.ASGITransport(app=demo.app(self.station))
        client = Pbx(
            "http://127.0.0.1",
            SecretStr(PBX_KEY),
            name=STATION,
            transport=transport,
            clock=self._seconds,
            sleep=self._passes,
            allow_http=("127.0.0.1",),
        )
        bot = UpdatesBot(TOKEN, request=self.telegram, get_updates_request=self.telegram)
        resources = Resources(
            clock=MonotonicClock(self.clock, self._seconds),
            database=self.database,
            bot=bot,
            rate_limiter=RateLimiter(self._seconds, self._passes),
            clients=Clients({STATION: client}),  # type: ignore[arg-type]
        )
        settings = _settings()
        stations = (settings.only_station(),)
        self.app = Application(settings, stations, resources, reread=lambda: stations)
        await self.app.program.fleet.start()
        await self.app.program.delivery_worker._restore()
        self.app.program.fleet[STATION].calls._pause = self._passes

    async def tells(self, chat: int = GROUP) -> None:
        """Tell the chat of all missed calls from now on, at any hour."""
        await CallSubscriptions(self.database, Signal()).set(
            STATION, chat, None, CallKind.MISSED, phones=(), numbers=(), by_id=ANNA, by_name="Anna", now=self.clock.now
        )
        await HoursOfChats(self.database).set_hours(STATION, chat, ALWAYS, self.clock.now)

    async def plays(self, calls: list[PlayedCall]) -> None:
        """Look every half minute in which anything was listed, and a while longer."""
        rows = [(at, number, call) for call in calls for number, at in enumerate(call.listed)]
        self._unlisted = sorted(rows, key=lambda row: row[0], reverse=True)
        self._unmade = sorted(calls, key=lambda call: call.start, reverse=True)
        halves = {int(at.timestamp()) // 30 + 1 for at, _, _ in rows}
        for half in sorted(halves | {max(halves) + more for more in range(1, 45)}):
            self._becomes(datetime.fromtimestamp(30 * half, UTC))
            await self._looks()

    def _becomes(self, moment: datetime) -> None:
        self.clock.now = max(self.clock.now, moment)
        while self._unmade and self._unmade[-1].start <= self.clock.now:
            self.station.calls.add(self._unmade.pop().active())
        while self._unlisted and self._unlisted[-1][0] <= self.clock.now:
            _, number, call = self._unlisted.pop()
            self.station.records.insert(call.rows[number] | {"linkedid": call.linkedid})

    async def _looks(self) -> None:
        try:
            self.database.run = self._maybe_killed  # type: ignore[method-assign, assignment]
            await self.app.program.fleet[STATION].calls.run_once()
            while await self.app.program.delivery_worker.deliver_due():
                pass
        except Killed:
            self.kills += 1
            self.database.run = self._run_of_database  # type: ignore[method-assign]
            await self.starts()
            await self._looks()
        finally:
            self.database.run = self._run_of_database  # type: ignore[method-assign]

    async def _maybe_killed(self, work: Any, *args: Any, **more: Any) -> Any:
        # A message in whose sending the program ends twice is not shown any more: no two kills in a row.
        self._spared -= 1
        chance = self.random.random() if self._spared < 0 else 1.0
        if chance < self._kill_chance:
            self._spared = SPARED
        if chance < self._kill_chance / 2:
            raise Killed
        result = await self._run_of_database(work, *args, **more)
        if chance < self._kill_chance:
            raise Killed
        return result

    def _seconds(self) -> float:
        return self.clock.now.timestamp()

    async def _passes(self, seconds: float) -> None:
        self._becomes(self.clock.now + timedelta(seconds=seconds))


@asynccontextmanager
async def office(
    database: Database, nine: datetime, dialect: Dialect, random: Random, *, kill_chance: float = 0.0
) -> AsyncIterator[Office]:
    one = Office(database, Clock(nine), dialect, random, kill_chance)
    await database.open()
    await one.starts()
    await one.tells()
    yield one


def _settings() -> Settings:
    written: dict[str, Any] = {
        "telegram_token": TOKEN,
        "pbx_url": "http://127.0.0.1",
        "pbx_api_key": PBX_KEY,
        "pbx_name": STATION,
        "pbx_timezone": "UTC",
        "admins": f"{ANNA}",
        "operators": f"{GROUP}",
    }
    return Settings(_env_file=None, **written)
