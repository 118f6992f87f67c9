"""Warm up the fork server: run the program for a minute, so that forks need not compile statements and templates, build
models and load data.
"""

import asyncio
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from prometheus_client.metrics import MetricWrapperBase
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

import bot.app.application
from bot.config.loading import environment, load_settings
from bot.config.settings import Settings
from bot.config.station_settings import StationSettings
from bot.config.stations_file import read_stations
from bot.runtime import metrics
from bot.store import postgresql, sqlite
from tests.end_to_end.clock import Clock
from tests.end_to_end.harness import ANNA, VERA, Standins, ordinary_settings, running_standins
from tests.fixtures import postgresql as postgresql_server

ASKED = """/start /help /id /status /status zadarma /status 201 /calls /cdr today /cdr вчера входящие /missed /stats
/employees /trunks /trunks zadarma /oncall /oncall set daily 09:00 1001 /incidents /history /mutes /mute mango 1m
/audit /access /add_employee 299 Warm Up"""
LANGUAGES = ("en", "ru")
SPEED = 4.0
DIALECTS = (SQLiteDialect_pysqlite, PGDialect_psycopg)


def share_compiled_statements() -> None:
    """Share compiled statements between engines. The cache key contains the dialect, of which each engine has its own:
    make them equal.
    """
    for kind in DIALECTS:
        vars_of: Any = kind
        vars_of.__hash__ = lambda self: hash(type(self))
        vars_of.__eq__ = lambda self, other: type(self) is type(other)
    compiled: LRUCache[Any, Any] = LRUCache(2000)
    for module in (sqlite, postgresql):
        vars(module)["create_engine"] = partial(_created, compiled, vars(module)["create_engine"])


def _created(compiled: Any, create: Callable[..., Any], *args: Any, **more: Any) -> Any:
    engine = create(*args, **more)
    engine._compiled_cache = compiled
    return engine


def warm(live_by: Callable[[Clock | None], None]) -> None:
    """Run the program and leave no thread, open file or counted metric behind. `live_by` sets the program's clock."""
    environment_before, folder_before, leave = (
        dict(os.environ),
        Path.cwd(),
        vars(bot.app.application)["force_exit_after"],
    )
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    vars(bot.app.application)["force_exit_after"] = lambda _code: None
    try:
        with tempfile.TemporaryDirectory() as folder, running_standins(SPEED) as standins:
            os.chdir(folder)
            os.environ.update(ordinary_settings(standins.address, Path(folder)))
            live_by(standins.clock)
            _live(standins)
            os.chdir(folder_before)
    finally:
        live_by(None)
        postgresql_server.end()
        vars(bot.app.application)["force_exit_after"] = leave
        os.environ.clear()
        os.environ.update(environment_before)
        structlog.reset_defaults()
        for metric in vars(metrics).values():
            if isinstance(metric, MetricWrapperBase):
                metric.clear() if metric._labelnames else metric._metric_init()  # type: ignore[no-untyped-call]


async def _run(settings: Settings, stations: Sequence[StationSettings]) -> None:
    resources = bot.app.application.resources_of(settings)
    await bot.app.application.Application(settings, stations, resources, reread=lambda: stations).run()


def _live(standins: Standins) -> None:
    settings = load_settings()
    stations = read_stations(settings, environment())
    people = threading.Thread(target=_people, args=(standins,))
    people.start()
    asyncio.run(_run(settings, stations))
    people.join()


def _people(standins: Standins) -> None:
    """Use the bot as people do. A timeout on a busy machine only leaves some parts cold."""
    try:
        for words in " ".join(ASKED.split()).split(" /"):
            text = "/" + words.removeprefix("/")
            number = standins.says(ANNA, text)
            standins.wait_for(lambda number=number: standins.from_bot(ANNA, ANNA, number), text)  # type: ignore[misc]
        standins.asks(VERA, "/status")
        standins.breaks("Zadarma")
        alert = standins.wait_for_message("🔴.*Zadarma")
        standins.presses(ANNA, alert, alert.buttons[0][0])
        standins.mends("Zadarma")
        standins.wait_for_message("🟢.*Zadarma")
    except AssertionError as missing:
        print(missing, file=sys.stderr)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
