"""`mikopbx-bot check`: check the installation, print the report, return the exit code."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.app.check.findings import Level, worst
from bot.app.check.inspection import Installation, inspect
from bot.app.check.report import as_json, lines
from bot.app.check.settings import wrong
from bot.config.errors import WrongSettings
from bot.config.loading import environment, load_settings
from bot.config.station_settings import StationSettings
from bot.config.stations_file import read_stations
from bot.runtime.logs import Redaction, configure_logging

WELL, FAULTY, WRONG_SETTINGS = 0, 1, 2


def utc_now() -> datetime:
    return datetime.now(UTC)


def check_installation(only: str, *, json: bool) -> int:
    """Print the report; return WELL, FAULTY for a fault, or WRONG_SETTINGS. `only` is the PBX to ask, all if empty."""
    secrets: list[str] = []
    try:
        settings = load_settings()
        stations = read_stations(settings, environment())
        secrets = [*settings.secrets(), *(secret for one in stations for secret in one.secrets())]
        checked = Installation(settings, _chosen(stations, only), utc_now)
    except WrongSettings as error:
        findings, code = wrong(error), WRONG_SETTINGS
    else:
        # Log lines of libraries would stand in the report, and break its JSON.
        configure_logging("CRITICAL", secrets)
        findings = asyncio.run(inspect(checked))
        code = FAULTY if worst(findings) is Level.FAULT else WELL
    report = as_json(findings, settings_wrong=code == WRONG_SETTINGS) if json else "\n".join(lines(findings))
    print(Redaction(secrets).clean(report))
    return code


def _chosen(stations: Sequence[StationSettings], only: str) -> Sequence[StationSettings]:
    """Raises WrongSettings for an unknown name."""
    chosen = [one for one in stations if only in ("", one.name, one.title)]
    if not chosen:
        known = ", ".join(one.name for one in stations)
        raise WrongSettings([f"--station {only}: there is no such PBX in the settings; write one of {known}"])
    return chosen
