"""Command line: run the bot, or a demo without a PBX and without Telegram.

Imports are inside the commands, so that each loads only its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import resource
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.config.settings import Settings
    from bot.config.station_settings import StationSettings

app = typer.Typer(
    name="mikopbx-bot",
    help="A Telegram bot for MikoPBX: ask the PBX from a group chat, and be woken when a trunk dies.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # tracebacks would print local variables, which hold secrets
)
demo_app = typer.Typer(help="Try the bot in the browser, or run one of the stand-ins alone.", add_completion=False)
app.add_typer(demo_app, name="demo")
database_app = typer.Typer(help="Work on the database while the bot is stopped.", add_completion=False)
app.add_typer(database_app, name="database")

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")]

DialectOption = Annotated[
    Literal["2026.1", "2026.9"], typer.Option(help="The release of MikoPBX that the stand-ins play.")
]

EXIT_WRONG_SETTINGS = 2


@app.callback()
def before_all_else() -> None:
    _load_without_extras()
    from bot.runtime.file_modes import restrict_umask

    restrict_umask()


def _load_without_extras() -> None:
    """Load structlog and httpx without their optional imports (rich tracebacks, the command line of httpx).
    Measured: 67 ms and 5 MB."""
    extras = {"rich", "httpx._main"} - sys.modules.keys()
    sys.modules.update(dict.fromkeys(extras))  # type: ignore[arg-type]  # None: it cannot be imported
    import httpx  # noqa: F401
    import structlog  # noqa: F401

    for name in extras:
        del sys.modules[name]


@app.command()
def run() -> None:
    """Run the bot with the settings from the environment and from .env."""
    # Measured: garbage collection took a fifth of the start, without any garbage to free.
    gc.disable()
    # pydantic would search every installed package for plugins.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

    from bot.config.errors import WrongSettings
    from bot.config.settings import load_settings
    from bot.runtime.file_modes import warn_of_loose_modes

    try:
        settings = load_settings()
        stations = _stations(settings)
    except WrongSettings as wrong:
        for line in wrong.lines:
            typer.echo(line, err=True)
        raise typer.Exit(EXIT_WRONG_SETTINGS) from None
    warn_of_loose_modes(path for path in (Path(".env"), settings.stations_file) if path is not None)
    allow_many_files()
    raise typer.Exit(asyncio.run(_run(settings, stations)))


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


async def _run(settings: Settings, stations: Sequence[StationSettings]) -> int:
    from bot.app.application import Application, resources_of  # parts of them bind to the running event loop

    gc.freeze()
    gc.enable()
    return await Application(settings, stations, resources_of(settings), reread=partial(_stations, settings)).run()


@app.command()
def access(
    who: Annotated[
        str, typer.Argument(help="A numeric id, or a @username that the bot has met; everybody without it.")
    ] = "",
    station: Annotated[str, typer.Option(help="The PBX to look at, by its name in STATIONS_FILE.")] = "",
) -> None:
    """Print each person's permissions; for one person, every rule, and why it allows or denies."""
    from bot.app.access_report import NotMet, print_report
    from bot.config.errors import WrongSettings
    from bot.config.settings import environment, load_settings
    from bot.config.stations_file import read_stations

    try:
        settings = load_settings()
        asyncio.run(print_report(settings, read_stations(settings, environment()), who, station))
    except WrongSettings as wrong:
        for line in wrong.lines:
            typer.echo(line, err=True)
        raise typer.Exit(EXIT_WRONG_SETTINGS) from None
    except NotMet as not_met:
        typer.echo(str(not_met), err=True)
        raise typer.Exit(1) from None


@database_app.command("copy")
def copy_database(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Address of the database to copy, as in DATABASE_URL.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Address of an empty database.")],
) -> None:
    """Copy a database to another one, e.g. from SQLite to PostgreSQL. Stop the bot first. Row counts and checksums of
    both are compared; on any difference nothing is kept of the copy."""
    from bot.app.database_copy import copy_with_report
    from bot.store.copying import CopyRefused
    from bot.store.database import DatabaseError
    from bot.store.database_errors import database_message

    try:
        asyncio.run(copy_with_report(source, target))
    except (CopyRefused, ValueError) as refused:
        typer.echo(f"Not copied: {refused}", err=True)
        raise typer.Exit(1) from None
    except DatabaseError as error:
        typer.echo(f"Not copied, database error: {database_message(error)}", err=True)
        raise typer.Exit(1) from None


@demo_app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    port: Port = 8765,
    language: Annotated[Literal["en", "ru"], typer.Option(help="What the bot speaks: en or ru.")] = "en",
    pbxs: Annotated[int, typer.Option(min=1, max=20, help="How many stand-in PBXs the bot looks after.")] = 1,
    dialect: DialectOption = "2026.9",
) -> None:
    """Run a stand-in PBX, a stand-in Telegram with a web page, and the real bot between them."""
    if context.invoked_subcommand is None:
        from bot.demo.launcher import stage

        raise typer.Exit(asyncio.run(stage(port, language, pbxs, dialect)))


@demo_app.command("pbx")
def demo_pbx(
    port: Port,
    api_key: Annotated[str, typer.Option(help="The key that has all rights.")],
    speed: Annotated[float, typer.Option(min=0.1, help="Divides the PBX's own delays.")] = 1,
    dialect: DialectOption = "2026.9",
) -> None:
    """Run the stand-in MikoPBX alone."""
    from bot.demo.launcher import serve_pbx

    asyncio.run(serve_pbx(port, api_key, speed, dialect))


@demo_app.command("telegram")
def demo_telegram(
    port: Port,
    token: Annotated[
        str | None, typer.Option(help="The only bot token accepted; without it any well-formed one.")
    ] = None,
) -> None:
    """Run the stand-in Telegram alone, with its web page."""
    from bot.demo.launcher import serve_telegram

    asyncio.run(serve_telegram(port, token))


def main() -> None:
    app()
