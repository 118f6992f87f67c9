"""The whole program on simulated time, with a stand-in PBX behind its REST API, and people in four chats."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

import httpx
from pydantic import SecretStr
from telegram import Update

from bot.app.application import Application
from bot.app.program import Resources
from bot.config.settings import Settings
from bot.demo import pbx as demo
from bot.demo.pbx.registration.sights import Dialect
from bot.demo.pbx.telephony.calls import ActiveCall, CallBook
from bot.pbx import Pbx
from bot.runtime.clock import MonotonicClock
from bot.store.database import Database
from bot.telegram.delivery.rate_limiter import RateLimiter
from bot.telegram.updates.polling import UpdatesBot
from tests.handlers.update_factory import message, press
from tests.incident_harness.station import Clock
from tests.incident_harness.wiring import Clients
from tests.played_days.calls import PlayedCall, Row
from tests.played_days.due import LONG
from tests.played_days.hours import Hours
from tests.played_days.telegram import KeptTelegram

ANNA = 1
# Chats: told of missed calls at any hour, of every call, of voicemail, and of missed calls within hours.
AT_ANY_HOUR, EVERY_CALL, VOICEMAIL, BY_DAY = -100, -200, -300, -400
REMIND_AFTER = timedelta(minutes=15)
CLAIM = "📞 I'll call back"
# Anna takes some of the cards so long after they came.
CLAIM_CHANCE, CLAIM_AFTER = 0.5, timedelta(minutes=5)
STATION, TOKEN = "Head office", "1234567890:" + "A" * 35
PBX_KEY = "deadbeef" * 8
# Transactions after a kill, in which there is no other one.
SPARED = 200
# Half minutes after a message that may be reminded of, after a long call is listed, and after the last one.
QUARTER, AFTER_LONG, AFTERWARDS = 31, (1, 2, 3, 4, 21, 22), (1, 2, 3, 4, 8, 16, 24, 32, 40)


class Killed(BaseException):
    """End of the program at a transaction. No code of the program handles it."""


class Played(CallBook):
    """Calls whose records are inserted by hand: none becomes one by itself."""

    def take_finished(self, before: float) -> list[ActiveCall]:
        super().take_finished(before)
        return []


class Office:
    """Time advances only by `plays`. `kill_chance`: of each transaction to be the last one of the program. `claims`:
    when Anna took which card, by the number of its message."""

    def __init__(
        self, database: Database, clock: Clock, hours: Hours, dialect: Dialect, random: Random, kill_chance: float
    ) -> None:
        self.database, self.clock, self.hours, self.random = database, clock, hours, random
        self.telegram = KeptTelegram(clock)
        self.kills = 0
        self.claims: list[tuple[datetime, int]] = []
        self._spared = 0
        self._kill_chance = kill_chance
        self.station = demo.StandinPbx(
            name=STATION, api_key=PBX_KEY, traffic=False, zone="UTC", dialect=dialect, speed=1e6, now=self._seconds
        )
        self.station.records.remove(lambda row: True)
        self.station.calls = Played()
        self._run_of_database = database.run
        self._updates = count(1)
        self._considered: set[int] = set()
        # What is to happen at the PBX, latest first.
        self._unmade: list[PlayedCall] = []
        self._unlisted: list[tuple[datetime, Row]] = []
        self._unconverted: list[tuple[datetime, Row]] = []

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
        self.program = Application(settings, stations, resources, reread=lambda: stations).program
        self.dispatcher = self.program.build_dispatcher("bot")
        await self.program.fleet.start()
        await self.program.delivery_worker._restore()
        self.program.fleet[STATION].calls._pause = self._passes
        # Until the first poll the zone and the clock of the PBX are not known, and no call is read.
        await self.program.fleet[STATION].poll()

    async def asks(self) -> None:
        """Have each chat told of its calls from now on."""
        await self._types(AT_ANY_HOUR, "missed here", "hours always")
        await self._types(EVERY_CALL, "calls here")
        await self._types(VOICEMAIL, "voicemail here")
        minutes = f"{REMIND_AFTER.seconds // 60}m"
        await self._types(BY_DAY, "missed here", f"hours mon-sun {self.hours}", f"remind {minutes}")
        self.telegram.messages.clear()

    async def plays(self, calls: Sequence[PlayedCall]) -> None:
        """Look every half minute in which anything was listed, for some minutes after a long call, at the end of the
        day, around both openings, and when a reminder may be due: a quarter of an hour after that chat was told."""
        self._prepare(calls)
        listed = {_half(at) + 1 for at, _ in self._unlisted}
        long = {_half(call.listed_first) for call in calls if call.end - call.start > LONG}
        halves = listed | {half + more for half in long for more in AFTER_LONG}
        halves |= {max(halves) + more for more in AFTERWARDS}
        halves |= {_half(moment) + more for moment in (*self.hours.openings, self.hours.closes) for more in (-1, 0, 1)}
        until, due = max(halves) + 2 * QUARTER, [*halves]
        due.sort()
        while due:
            half = heappop(due)
            begin = datetime.fromtimestamp(30 * half, UTC)
            self._becomes(begin)
            await self._looks()
            await self._claims()
            if self.telegram.told_at[BY_DAY] >= begin and half + QUARTER < until:
                heappush(due, half + QUARTER)

    def _prepare(self, calls: Sequence[PlayedCall]) -> None:
        self._unmade = sorted(calls, key=lambda call: call.start, reverse=True)
        for call in calls:
            for at, row in zip(call.listed, call.rows, strict=True):
                listed: Row = row | {"linkedid": call.linkedid}
                if row["recordingfile"] and at < call.converted:
                    listed["recordingfile"] = ""
                    self._unconverted.append((call.converted, listed | {"recordingfile": row["recordingfile"]}))
                self._unlisted.append((at, listed))
        for waiting in (self._unlisted, self._unconverted):
            waiting.sort(key=lambda one: one[0], reverse=True)

    def _becomes(self, moment: datetime) -> None:
        self.clock.now = now = max(self.clock.now, moment)
        while self._unmade and self._unmade[-1].start <= now:
            self.station.calls.add(self._unmade.pop().active())
        while self._unlisted and self._unlisted[-1][0] <= now:
            self.station.records.insert(self._unlisted.pop()[1])
        while self._unconverted and self._unconverted[-1][0] <= now:
            _, converted = self._unconverted.pop()
            for row in self.station.records.rows:
                if all(row[name] == converted[name] for name in ("linkedid", "start", "dst_num")):
                    row["recordingfile"] = converted["recordingfile"]

    async def _looks(self) -> None:
        try:
            self.database.run = self._maybe_killed  # type: ignore[method-assign, assignment]
            await self.program.fleet[STATION].follow_calls()
            await self._delivers()
        except Killed:
            self.kills += 1
            await self._ends()
            self.database.run = self._run_of_database  # type: ignore[method-assign]
            await self.starts()
            await self._looks()
        finally:
            self.database.run = self._run_of_database  # type: ignore[method-assign]

    async def _delivers(self) -> None:
        while await self.program.delivery_worker.deliver_due():
            pass

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

    async def _ends(self) -> None:
        """End what the killed program still does for other chats: it reaches neither Telegram nor the database."""
        workers = [*self.program.delivery_worker._workers.values()]
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _types(self, chat: int, *commands: str) -> None:
        for command in commands:
            await self._takes({"message": message(f"/notify {command}", ANNA, chat, self.clock.now)})

    async def _claims(self) -> None:
        """Let Anna take some of the cards that wait."""
        # A card that is repeated has the same button again, and the newest is the one that changes.
        waiting = {shown.buttons[CLAIM]: shown for shown in self.telegram.of_chat(BY_DAY) if CLAIM in shown.buttons}
        for data, shown in waiting.items():
            if shown.number not in self._considered and self.clock.now - shown.at >= CLAIM_AFTER:
                self._considered.add(shown.number)
                if self.random.random() < CLAIM_CHANCE:
                    pressed = press(data, ANNA, BY_DAY, self.clock.now)
                    pressed["message"]["message_id"] = shown.number
                    self.claims.append((self.clock.now, shown.number))
                    await self._takes({"callback_query": pressed})
        await self._delivers()

    async def _takes(self, update: dict[str, Any]) -> None:
        await self.dispatcher.handle(Update.de_json({"update_id": next(self._updates), **update}, None))

    def _seconds(self) -> float:
        return self.clock.now.timestamp()

    async def _passes(self, seconds: float) -> None:
        # A remainder of less than the clock's microsecond would be waited for without end.
        until = self.clock.now + timedelta(seconds=max(seconds, 0.001))
        # Who waits at the same time has begun, too.
        await asyncio.sleep(0)
        self._becomes(until)


@asynccontextmanager
async def office(
    database: Database, hours: Hours, begin: datetime, dialect: Dialect, random: Random, *, kill_chance: float = 0.0
) -> AsyncIterator[Office]:
    one = Office(database, Clock(begin - timedelta(minutes=1)), hours, dialect, random, kill_chance)
    await database.open()
    await one.starts()
    await one.asks()
    yield one


def _half(moment: datetime) -> int:
    return int(moment.timestamp()) // 30


def _settings() -> Settings:
    written: dict[str, Any] = {
        "telegram_token": TOKEN,
        "pbx_url": "http://127.0.0.1",
        "pbx_api_key": PBX_KEY,
        "pbx_name": STATION,
        "pbx_timezone": "UTC",
        "admins": f"{ANNA}",
        "operators": f"{AT_ANY_HOUR} {EVERY_CALL} {VOICEMAIL} {BY_DAY}",
    }
    return Settings(_env_file=None, **written)
