"""`mikopbx-bot run`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import resource
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.refusals import EXIT_WRONG_SETTINGS, refused

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from bot.config.settings import Settings
    from bot.config.station_settings import StationSettings


def run(options: argparse.Namespace) -> int:
    """Run the bot with the settings from the environment and from .env."""
    # pydantic would search every installed package for plugins.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

    from bot.config.errors import WrongSettings
    from bot.config.loading import load_settings
    from bot.runtime.file_modes import warn_of_loose_modes

    try:
        settings = load_settings()
        stations = _stations(settings)
    except WrongSettings as wrong:
        return refused(wrong.lines, EXIT_WRONG_SETTINGS)
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
    from bot.config.loading import environment
    from bot.config.startup_warnings import startup_warnings
    from bot.config.stations_file import read_stations
    from bot.config.unknown_names import misspelt_in_environment
    from bot.runtime.logs import configure_logging

    stations = read_stations(settings, environment())
    configure_logging(
        settings.log_level, [*settings.secrets(), *(secret for one in stations for secret in one.secrets())]
    )
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
