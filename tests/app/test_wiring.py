"""Composition of the program: every task runs, every check is scheduled, and shared services exist once."""

import ast
import types
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.app.program import Program, Resources
from bot.app.wiring.shared_services import SharedServices
from bot.runtime.clock import MonotonicClock
from bot.runtime.waiting import Signal
from bot.store.database import Database
from bot.telegram.delivery.rate_limiter import RateLimiter
from bot.telegram.updates.polling import UpdatesBot
from tests.fixtures.paths import ROOT
from tests.handlers.dispatcher_harness import ordinary_settings
from tests.incident_harness.station import Clock, FakePbx
from tests.incident_harness.wiring import Clients, station_settings
from tests.soak.telegram import SoakTelegram

STATIONS = ("Berlin", "Tver")
OURS = ("bot.", "handlers.")
# Built when the bot's name is known, from settings that few have, or not at all: a base class.
BUILT_LATER = {"Polling", "Webhook", "Heartbeat", "PushedCheck"}
# Run by the task that owns them.
OWNED = {"FleetChecks", "StationSelection"}
SHARED = {one.name for one in fields(SharedServices)} - {"fleet_chats", "last_resort", "clients"}
ONE_OF_EACH = {"Membership", "KnownSenders", "Denials", "RateLimiter", "Renderer", "HealthMonitor", "UpdateListener"}


def program_of(
    database: Database,
    names: tuple[str, ...],
    *,
    clock: MonotonicClock | None = None,
    pbx: FakePbx | None = None,
    **given: object,
) -> Program:
    """Build the program over PBXs of these names, all of them `pbx`, with these settings; one of them is a program
    without a STATIONS_FILE."""
    settings = ordinary_settings().model_copy(update=given)
    if len(names) > 1:
        settings = settings.model_copy(update={"stations_file": Path("stations.toml")})
    telegram = SoakTelegram(Random(0))
    wall = Clock()
    resources = Resources(
        clock=clock or MonotonicClock(wall, lambda: wall.now.timestamp()),
        database=database,
        bot=UpdatesBot(settings.telegram_token.get_secret_value(), request=telegram, get_updates_request=telegram),
        rate_limiter=RateLimiter(),
        clients=Clients({name: pbx or FakePbx(wall) for name in ("", *names)}),  # type: ignore[arg-type]
    )
    stations = [station_settings(name) for name in names]
    return Program(settings, stations, resources, lambda: stations)


@pytest.fixture(params=[STATIONS[:1], STATIONS], ids=["one PBX", "several PBXs"])
async def program(database: Database, request: pytest.FixtureRequest) -> Program:
    program = program_of(database, request.param)
    await program.fleet.start()
    return program


def parts_of(*roots: object) -> Iterator[object]:
    """Yield the objects of the bot's own classes that are reachable through attributes, containers and callables."""
    seen = dict[int, object]()
    todo = list(roots)
    while todo:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if type(thing).__module__.startswith(OURS) and not isinstance(thing, type):
            yield thing
        todo.extend(_held_by(thing))


def _held_by(thing: object) -> list[object]:
    match thing:
        case dict():
            return list(thing.values())
        case list() | tuple() | set() | frozenset():
            return list(thing)
        case partial():
            return [thing.func, *thing.args, *thing.keywords.values()]
        case types.MethodType():
            return [thing.__self__]
        case types.FunctionType():
            return [cell.cell_contents for cell in thing.__closure__ or ()]
    if not type(thing).__module__.startswith(OURS) or isinstance(thing, type):
        return []
    slots = [getattr(thing, one.name) for one in fields(thing)] if is_dataclass(thing) else []
    return [*slots, *getattr(thing, "__dict__", {}).values()]


@cache
def task_classes() -> frozenset[str]:
    """Return the classes of the product with a `run(stop)`."""
    return frozenset(
        node.name
        for package in ("bot", "handlers")
        for path in sorted((ROOT / package).rglob("*.py"))
        if "demo" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and any(_is_task(method) for method in node.body)
    )


def _is_task(method: ast.stmt) -> bool:
    return (
        isinstance(method, ast.AsyncFunctionDef)
        and method.name == "run"
        and [one.arg for one in method.args.args] in (["self", "stop"], ["self", "sock", "stop"])
    )


def runs_of(program: Program) -> list[Callable[..., Any]]:
    return [*program.jobs().values(), *program.telegram_jobs().values()]


async def test_every_task_of_the_program_is_run(program: Program) -> None:
    running = {id(run.__self__) for run in runs_of(program) if isinstance(run, types.MethodType)}
    tasks = [part for part in parts_of(program) if type(part).__name__ in task_classes() | {"DuplicateInstanceCheck"}]
    owners = [vars(part) for part in tasks if type(part).__name__ in OWNED]
    owned = {id(held) for owner in owners for value in owner.values() for held in (value, *_held_by(value))}
    idle = {type(part).__name__ for part in tasks if id(part) not in running | owned}
    of_a_fleet = {"Correlator", "FindingGatherer"}
    assert idle - (of_a_fleet if program.fleet.one else set()) == set()


async def test_every_class_of_a_task_has_its_place_in_the_program(program: Program) -> None:
    assert task_classes() - BUILT_LATER - {type(part).__name__ for part in parts_of(program)} == set()


async def test_every_station_is_polled_checked_and_ticked(program: Program) -> None:
    fleet, names = program.fleet, set(program.fleet.stations.names)
    whole = {""} - {fleet.one and ""}
    assert names
    assert set(fleet.schedule._polls) == names
    assert set(fleet.ticker._stations) == names | whole
    assert set(fleet.reachability_checks._schedule._polls) == names | whole
    for selection in fleet.checks._selections.values():
        assert set(selection._schedule._polls) == names


async def test_every_check_of_a_station_exists_for_each(program: Program) -> None:
    made = Counter(type(part).__name__ for part in parts_of(program))
    stations = len({*program.fleet, program.fleet.whole})
    for check in ("TrunkMonitor", "ClockDriftCheck", "ExtensionCheck", "NoCallsCheck", "ReachabilityCheck"):
        assert made[check] == stations, check
    assert made["DuplicateInstanceCheck"] == made["ChatReachabilityCheck"] == 1


async def test_no_signal_is_sent_to_nobody(program: Program) -> None:
    dispatcher = program.build_dispatcher("bot")
    signals = [part for part in parts_of(program, dispatcher) if isinstance(part, Signal)]
    assert signals
    assert [one for one in signals if not one._receivers] == []


async def test_shared_services_exist_once(program: Program) -> None:
    """A part that was not given one of them builds its own: it sees no pause and no common cause of the others."""
    queue = program.build_update_queue(program.build_dispatcher("bot"))
    made = Counter(type(part).__name__ for part in parts_of(program, queue))
    shared = {type(getattr(program._shared, name)).__name__ for name in SHARED} - {"Signal", "bool"}
    assert {name: made[name] for name in shared | ONE_OF_EACH if made[name] != 1} == {}


@pytest.mark.parametrize(
    ("address", "wanted", "counted"),
    [("127.0.0.1:8080", True, True), ("127.0.0.1:8080", False, False), (None, True, False)],
)
async def test_calls_are_counted_where_metrics_are_served_and_wanted(
    database: Database, address: str | None, wanted: bool, counted: bool
) -> None:
    program = program_of(database, STATIONS, health_address=address, call_metrics=wanted)
    await program.fleet.start()
    assert {one.name for one in program.fleet if one.calls.counter} == (set(STATIONS) if counted else set())
    assert await program.fleet._stations_to_follow() == (set(STATIONS) if counted else set())
