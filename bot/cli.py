"""Command line: run the bot, or a demo without a PBX and without Telegram.

Imports are inside the commands, so that each loads only its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import resource
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.config.settings import Settings
    from bot.config.station_settings import StationSettings

    AddParser = Callable[..., argparse.ArgumentParser]

EXIT_REFUSED = 1
EXIT_WRONG_SETTINGS = 2

DIALECTS = ("2026.1", "2026.9")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command of these arguments, by default the process's; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return EXIT_WRONG_SETTINGS
    if options.command is run:
        # Measured: garbage collection took a fifth of the start, without any garbage to free.
        gc.disable()
    _load_without_extras()
    from bot.runtime.file_modes import restrict_umask

    restrict_umask()
    code: int = options.command(options)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mikopbx-bot",
        description="A Telegram bot for MikoPBX: ask the PBX from a group chat, and be woken when a trunk dies.",
    )
    parser.set_defaults(command=None)
    add = parser.add_subparsers(title="commands", metavar="COMMAND").add_parser
    ran = _command(add, "run", run)
    # The demo's: there it is always a Tuesday.
    ran.add_argument("--behind", type=float, default=0.0, help=argparse.SUPPRESS)
    asked = _command(add, "access", access)
    asked.add_argument(
        "who", nargs="?", default="", help="A numeric id, or a @username that the bot has met; everybody without it."
    )
    asked.add_argument("--station", default="", help="The PBX to look at, by its name in STATIONS_FILE.")
    _add_demo(add)
    database = add("database", help="Work on the database while the bot is stopped.")
    add_database = database.add_subparsers(title="commands", metavar="COMMAND", required=True).add_parser
    copied = _command(add_database, "copy", copy_database)
    copied.add_argument("source", metavar="FROM", help="Address of the database to copy, as in DATABASE_URL.")
    copied.add_argument("target", metavar="TO", help="Address of an empty database.")
    return parser


def _add_demo(add: AddParser) -> None:
    shown = _command(add, "demo", demo)
    shown.add_argument("--port", type=port_number, default=8765, help="Port on 127.0.0.1; 0 takes a free one.")
    shown.add_argument("--language", choices=("en", "ru"), default="en", help="What the bot and the page speak.")
    shown.add_argument("--pbxs", type=pbx_number, default=1, metavar="N", help="How many stand-in PBXs: 1 to 1000.")
    add_part = shown.add_subparsers(title="one of the stand-ins alone", metavar="STAND-IN").add_parser
    pbx, telegram = _command(add_part, "pbx", demo_pbx), _command(add_part, "telegram", demo_telegram)
    for part in (pbx, telegram):
        part.add_argument("--port", type=port_number, required=True, help="Port on 127.0.0.1; 0 takes a free one.")
    pbx.add_argument("--api-key", required=True, help="The key that has all rights.")
    pbx.add_argument("--speed", type=speed_factor, default=1.0, help="Divides the PBX's own delays; at least 0.1.")
    for part in (shown, pbx):
        part.add_argument("--dialect", choices=DIALECTS, default=DIALECTS[-1], help="The release of MikoPBX to play.")
    telegram.add_argument("--token", help="The only bot token accepted; without it any well-formed one.")


def _command(add: AddParser, name: str, command: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    """Declare a command; its docstring is its help."""
    parser = add(name, help=command.__doc__, description=command.__doc__, allow_abbrev=False)
    parser.set_defaults(command=command)
    return parser


def port_number(text: str) -> int:
    if not 0 <= (port := int(text)) <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def pbx_number(text: str) -> int:
    if not 1 <= (number := int(text)) <= 1000:
        raise argparse.ArgumentTypeError("the demo has 1 to 1000 PBXs")
    return number


def speed_factor(text: str) -> float:
    if not (speed := float(text)) >= 0.1:
        raise argparse.ArgumentTypeError("the least speed is 0.1")
    return speed


def _load_without_extras() -> None:
    """Load structlog and httpx without their optional imports (rich tracebacks, the command line of httpx).
    Measured: 67 ms and 5 MB."""
    extras = {"rich", "httpx._main"} - sys.modules.keys()
    sys.modules.update(dict.fromkeys(extras))  # type: ignore[arg-type]  # None: it cannot be imported
    import httpx  # noqa: F401
    import structlog  # noqa: F401

    for name in extras:
        del sys.modules[name]


def run(options: argparse.Namespace) -> int:
    """Run the bot with the settings from the environment and from .env."""
    # pydantic would search every installed package for plugins.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

    from bot.config.errors import WrongSettings
    from bot.config.settings import load_settings
    from bot.runtime.file_modes import warn_of_loose_modes

    try:
        settings = load_settings()
        stations = _stations(settings)
    except WrongSettings as wrong:
        return _refused(wrong.lines, EXIT_WRONG_SETTINGS)
    warn_of_loose_modes(path for path in (Path(".env"), settings.stations_file) if path is not None)
    allow_many_files()
    return asyncio.run(_run(settings, stations, timedelta(seconds=options.behind)))


def allow_many_files() -> None:
    """Raise the limit of open files to the maximum: each PBX takes one or two connections, and the default is 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # The reported maximum is not always granted.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _stations(settings: Settings) -> Sequence[StationSettings]:
    """Read the stations and configure logging to redact their keys."""
    from bot.config.settings import environment
    from bot.config.startup_warnings import startup_warnings
    from bot.config.stations_file import read_stations
    from bot.runtime.logs import configure_logging

    stations = read_stations(settings, environment())
    configure_logging(settings.log_level, [*settings.secrets(), *(one.key.get_secret_value() for one in stations)])
    as_root = os.geteuid() == 0
    for line in startup_warnings(stations, settings.telegram_api_url, settings.health_address, as_root=as_root):
        logging.getLogger(__name__).warning(line)
    return stations


async def _run(settings: Settings, stations: Sequence[StationSettings], behind: timedelta) -> int:
    from bot.app.application import Application, resources_of  # parts of them bind to the running event loop

    gc.freeze()
    gc.enable()
    resources = resources_of(settings, behind)
    return await Application(settings, stations, resources, reread=partial(_stations, settings)).run()


def _refused(lines: Sequence[str], code: int) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    return code


def access(options: argparse.Namespace) -> int:
    """Print each person's permissions; for one person, every rule, and why it allows or denies."""
    from bot.app.access_report import NotMet, print_report
    from bot.config.errors import WrongSettings
    from bot.config.settings import environment, load_settings
    from bot.config.stations_file import read_stations

    try:
        settings = load_settings()
        asyncio.run(print_report(settings, read_stations(settings, environment()), options.who, options.station))
    except WrongSettings as wrong:
        return _refused(wrong.lines, EXIT_WRONG_SETTINGS)
    except NotMet as not_met:
        return _refused([str(not_met)], EXIT_REFUSED)
    return 0


def copy_database(options: argparse.Namespace) -> int:
    """Copy a database to another one, e.g. from SQLite to PostgreSQL. Stop the bot first. Row counts and checksums of
    both are compared; on any difference nothing is kept of the copy."""
    from bot.app.database_copy import copy_with_report
    from bot.store.copying import CopyRefused
    from bot.store.database import DatabaseError
    from bot.store.database_errors import database_message

    try:
        asyncio.run(copy_with_report(options.source, options.target))
    except (CopyRefused, ValueError) as refused:
        return _refused([f"Not copied: {refused}"], EXIT_REFUSED)
    except DatabaseError as error:
        return _refused([f"Not copied, database error: {database_message(error)}"], EXIT_REFUSED)
    return 0


def demo(options: argparse.Namespace) -> int:
    """Run a stand-in PBX, a stand-in Telegram with a web page, and the real bot between them."""
    from bot.demo.launcher import stage

    return asyncio.run(stage(options.port, options.language, options.pbxs, options.dialect))


def demo_pbx(options: argparse.Namespace) -> int:
    """Run the stand-in MikoPBX alone."""
    from bot.demo.launcher import serve_pbx

    asyncio.run(serve_pbx(options.port, options.api_key, options.speed, options.dialect))
    return 0


def demo_telegram(options: argparse.Namespace) -> int:
    """Run the stand-in Telegram alone, with its web page."""
    from bot.demo.launcher import serve_telegram

    asyncio.run(serve_telegram(options.port, options.token))
    return 0
