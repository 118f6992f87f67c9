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

from bot.app.setup.options import declare as declare_setup

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
    if options.version:
        from bot.app.operation.version import described

        print(described())
        return 0
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
    parser.add_argument("--version", action="store_true", help="Print the version, the commit and that of Python.")
    parser.set_defaults(command=None)
    add = parser.add_subparsers(title="commands", metavar="COMMAND").add_parser
    ran = _command(add, "run", run)
    # The demo's: there it is always a Tuesday.
    ran.add_argument("--behind", type=float, default=0.0, help=argparse.SUPPRESS)
    declare_setup(_command(add, "setup", setup))
    asked = _command(add, "access", access)
    asked.add_argument(
        "who", nargs="?", default="", help="A numeric id, or a @username that the bot has met; everybody without it."
    )
    asked.add_argument("--station", default="", help="The PBX to look at, by its name in STATIONS_FILE.")
    checked = _command(add, "check", check)
    checked.add_argument("--station", default="", help="Ask this PBX alone, by its name in STATIONS_FILE.")
    checked.add_argument("--json", action="store_true", help="Print one JSON object, for programs.")
    service = _command(add, "install-service", install_service)
    service.add_argument("--user", action="store_true", help="A service of this account, settings from this folder.")
    service.add_argument("--dry-run", action="store_true", help="Print the unit and write nothing.")
    _add_demo(add)
    database = add("database", help="Back up the database, or copy it to another one.")
    add_database = database.add_subparsers(title="commands", metavar="COMMAND", required=True).add_parser
    backed_up = _command(add_database, "backup", back_up_database)
    backed_up.add_argument("file", metavar="FILE", type=Path, help="The copy to make; it must not exist.")
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
    from bot.config.unknown_names import misspelt_in_environment
    from bot.runtime.logs import configure_logging

    stations = read_stations(settings, environment())
    configure_logging(settings.log_level, [*settings.secrets(), *(one.key.get_secret_value() for one in stations)])
    as_root = os.geteuid() == 0
    risks = startup_warnings(stations, settings.telegram_api_url, settings.health_address, as_root=as_root)
    for line in (*misspelt_in_environment(os.environ, type(settings).model_fields), *risks):
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


def setup(options: argparse.Namespace) -> int:
    """Ask for the token, the PBX, its key, the administrator and the group, check each, and write .env."""
    from bot.app.setup.command import run

    return run(options, install_service)


def access(options: argparse.Namespace) -> int:
    """Print each person's permissions; for one person, every rule, and why it allows or denies."""
    from bot.app.access_report import NotMet, print_report
    from bot.config.errors import WrongSettings
    from bot.config.settings import environment, load_settings
    from bot.config.stations_file import read_stations
    from bot.store.database import DatabaseError
    from bot.store.database_errors import database_message, database_remedy

    try:
        settings = load_settings()
        asyncio.run(print_report(settings, read_stations(settings, environment()), options.who, options.station))
    except WrongSettings as wrong:
        return _refused(wrong.lines, EXIT_WRONG_SETTINGS)
    except DatabaseError as error:
        return _refused([f"DATABASE_URL: {database_remedy(error) or database_message(error)}"], EXIT_WRONG_SETTINGS)
    except NotMet as not_met:
        return _refused([str(not_met)], EXIT_REFUSED)
    return 0


def check(options: argparse.Namespace) -> int:
    """Check the installation: settings, Telegram, people and groups, PBXs, database, service. Each fault is told with
    one remedy; nothing is changed, and the bot may run meanwhile. Exit code 0; 1 if something is wrong; 2 if the
    settings are."""
    from bot.app.check.command import check_installation

    return check_installation(options.station, json=options.json)


def back_up_database(options: argparse.Namespace) -> int:
    """Copy the SQLite database of the settings into a file, also while the bot runs."""
    from bot.app.operation.backup import back_up_with_report
    from bot.config.errors import WrongSettings
    from bot.config.settings import load_settings
    from bot.store.backup import BackupRefused

    try:
        back_up_with_report(load_settings().database_url, options.file)
    except WrongSettings as wrong:
        return _refused(wrong.lines, EXIT_WRONG_SETTINGS)
    except BackupRefused as refused:
        return _refused([f"Not backed up: {refused}"], EXIT_REFUSED)
    return 0


def install_service(options: argparse.Namespace) -> int:
    """Write a systemd unit for the bot as it is installed here, and print the commands that are left."""
    from bot.app.operation.service import ServiceRefused, install

    try:
        print(install(user=options.user, dry_run=options.dry_run))
    except ServiceRefused as refused:
        return _refused([f"Not installed: {refused}"], EXIT_REFUSED)
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
    from importlib.util import find_spec

    if find_spec("python_multipart") is None:
        return _refused(
            ["The demo needs the extra of that name: pipx inject mikopbx-bot python-multipart"], EXIT_REFUSED
        )
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
