"""The program as assembled by its own code, on simulated time: monitor, ticker, checks, delivery worker, commands,
retention.

Only the PBX and Telegram are simulated.
"""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import DateTime, bindparam, text

from bot.app.application import Application
from bot.app.program import Resources
from bot.app.retention_job import run_retention
from bot.app.station_monitor import StationMonitor
from bot.config.settings import Settings
from bot.oncall.rotation import Rotation, Shift, Unit
from bot.pbx import Answer, CallLeg, ExtensionStatus, NotFound, PeerStatus
from bot.runtime.clock import MonotonicClock
from bot.store.database import Database
from bot.telegram.delivery.rate_limiter import RateLimiter
from bot.telegram.updates.polling import UpdatesBot
from tests.handlers.update_factory import message, press
from tests.incident_harness.station import UP, Clock, FakePbx
from tests.incident_harness.wiring import Clients
from tests.soak.telegram import BLOCKED, SoakTelegram

ANNA, BORIS, VERA = 1, 2, 3
GROUP = -100
TRUNKS = [f"SIP-{number}" for number in range(1, 9)]
TOKEN = "1234567890:" + "A" * 35
# Number of changes of a trunk that a real PBX keeps.
NOTED = 100
ROUND = timedelta(hours=2)
DUE = text("SELECT 1 FROM outbox WHERE state NOT IN ('sent', 'dead', 'dropped') AND not_before <= :now LIMIT 1")
DUE = DUE.bindparams(bindparam("now", type_=DateTime))


@dataclass
class SoakPbx:
    """The part of the client that the monitor and the commands of a soak use."""

    trunks: FakePbx
    wait_seconds: float = 0.0
    online: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(("201", "202", "203"), True))

    def __post_init__(self) -> None:
        self.extensions, self.calls = Phones(self), Calls(self)
        self.routing = self.firewall = self.trunks
        self.records = self.employees = Unplayed()

    async def time_zone(self) -> str:
        return "Europe/Berlin"

    def raise_if_away(self) -> None:
        if self.trunks.error is not None:
            raise self.trunks.error


@dataclass
class Phones:
    pbx: SoakPbx

    async def statuses(self, *_: Any) -> Answer[dict[str, ExtensionStatus]]:
        self.pbx.raise_if_away()
        states = {number: "Available" if on else "Unavailable" for number, on in self.pbx.online.items()}
        return Answer(
            {n: ExtensionStatus.model_validate({"extension": n, "status": state}) for n, state in states.items()}
        )

    async def peers(self, *_: Any) -> Answer[tuple[PeerStatus, ...]]:
        return await self.pbx.trunks.peers()


class Unplayed:
    """Topic of the PBX that a soak does not simulate."""

    def __getattr__(self, name: str) -> Any:
        async def refuse(*_: Any, **__: Any) -> None:
            raise NotFound("not played")

        return refuse


class Trunks(FakePbx, Unplayed):
    pass


@dataclass
class Calls:
    pbx: SoakPbx

    async def active(self) -> Answer[tuple[CallLeg, ...]]:
        self.pbx.raise_if_away()
        return Answer(())


class Season:
    """Time advances only by `pass_until`."""

    def __init__(
        self, app: Application, clock: Clock, pbx: SoakPbx, telegram: SoakTelegram, step: timedelta, kept: timedelta
    ) -> None:
        self.app = app
        self.clock = clock
        self.pbx = pbx
        self.telegram = telegram
        self.looks = 0
        self.updates = 0
        self._step = step
        self._kept = kept
        self._update = itertools.count(1)
        self._next_round = clock.now

    @property
    def database(self) -> Database:
        return self.app.program.database

    def counted(self) -> tuple[int, int, int, int]:
        """Return the numbers of polls, updates, and Telegram calls accepted and refused."""
        return self.looks, self.updates, self.telegram.answered, self.telegram.refused

    async def pass_until(self, moment: datetime) -> None:
        while self.clock.now < moment:
            await self._moment()
            self.clock.now = min(moment, self.clock.now + self._step)

    async def types(self, text: str, person: int, chat: int) -> None:
        await self._takes({"message": message(text, person, chat, self.clock.now)})

    async def presses(self, chat: int, message_id: int, data: str, person: int) -> None:
        pressed = press(data, person, chat, self.clock.now)
        pressed["message"]["message_id"] = message_id
        await self._takes({"callback_query": pressed})

    async def settles(self) -> None:
        """Wait until all tasks are done."""
        updates, dispatcher = self.app.program.listener._updates, self.app._dispatcher
        assert updates
        assert dispatcher
        await updates.drain(60)
        await dispatcher.finish(60)
        await self._delivers()

    async def _takes(self, update: dict[str, Any]) -> None:
        self.updates += 1
        assert self.app.program.listener._updates
        await self.app.program.listener._updates.enqueue([{"update_id": next(self._update), **update}])
        await self.settles()

    @property
    def station(self) -> StationMonitor:
        return self.app.program.fleet["Head office"]

    async def _moment(self) -> None:
        self.looks += 1
        await self.station.watch.poll()
        while await self.app.program.fleet.ticker.tick():
            pass
        if self.clock.now >= self._next_round:
            self._next_round = self.clock.now + ROUND
            await self._goes_round()
        await self._delivers()

    async def _goes_round(self) -> None:
        """Run the periodic checks; less often than in production, since each run is the same."""
        await self.station.checks.phones.run_once()
        await self.station.oncall_check.run_once()
        await run_retention(self.database, self.clock.now, self._kept, self._kept)
        for events in self.pbx.trunks.noted.values():
            del events[:-NOTED]

    async def _delivers(self) -> None:
        """Deliver as the delivery worker does when it is woken or a message is due."""
        with self.database.begin() as session:
            due = session.scalar(DUE, {"now": self.clock.now.replace(tzinfo=None)})
        while due and await self.app.program.delivery_worker.deliver_due():
            pass


@asynccontextmanager
async def season(database: Database, chance: Random, *, step: timedelta, kept: timedelta) -> AsyncIterator[Season]:
    """Poll the PBX every `step`. History and audit are `kept` for less time than the settings allow."""
    settings = _settings(step)
    clock = Clock()
    pbx = SoakPbx(Trunks(clock))
    for trunk in TRUNKS:
        pbx.trunks.shows(trunk, UP)
    telegram = SoakTelegram(chance)
    bot = UpdatesBot(TOKEN, request=telegram, get_updates_request=telegram)
    resources = Resources(
        clock=MonotonicClock(clock, lambda: clock.now.timestamp()),
        database=database,
        bot=bot,
        rate_limiter=_pace(clock),
        clients=Clients({settings.pbx_name: pbx}),  # type: ignore[arg-type]
    )
    stations = (settings.only_station(),)
    app = Application(settings, stations, resources, reread=lambda: stations)
    await app.program.database.open()
    await app.program.fleet.start()
    app.program.listener._updates = await app.answer("bot")
    shift = Shift(Unit.DAYS, 1, clock.now.replace(tzinfo=None) - timedelta(days=1), "Europe/Berlin")
    await app.program._shared.oncall.set_rotation("Head office", Rotation(1, (ANNA, BORIS, VERA), shift), "Anna")

    yield Season(app, clock, pbx, telegram, step, kept)
    await app.program.database.close()


def _settings(step: timedelta) -> Settings:
    written: dict[str, Any] = {
        "telegram_token": TOKEN,
        "pbx_url": "https://pbx.example",
        "pbx_api_key": "key",
        "pbx_name": "Head office",
        "pbx_timezone": "Europe/Berlin",
        "admins": f"{ANNA} {BORIS}",
        "operators": f"{VERA} {GROUP}",
        "alert_chats": f"{GROUP} {BLOCKED}",
        "poll_interval": step.total_seconds(),
    }
    return Settings(_env_file=None, **written)


def _pace(clock: Clock) -> RateLimiter:
    """Return a rate limiter that does not wait: only its own clock advances."""
    waited = 0.0

    def seconds() -> float:
        return clock.now.timestamp() + waited

    async def wait(more: float) -> None:
        nonlocal waited
        waited += more + 0.01

    return RateLimiter(seconds, wait)
