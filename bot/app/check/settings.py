"""Check of the settings: those that are wrong, and those that are a risk. Pure apart from modes of files."""

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.app.check.findings import Finding, fault, ok, warning
from bot.config.errors import WrongSettings
from bot.config.settings import Settings
from bot.config.startup_warnings import ROOT, Risk, startup_risks
from bot.config.station_settings import StationSettings
from bot.config.unknown_names import misspelt_in_environment
from bot.runtime import file_modes


def wrong(error: WrongSettings) -> list[Finding]:
    """Return a fault for each wrong or missing setting. Each line of the error names its remedy."""
    found = []
    for line in error.lines:
        text, parted, remedy = line.partition("; ")
        name, named, _ = text.partition(": ")
        otherwise = f"correct {name} in .env or the environment" if named else "correct it"
        found.append(fault("settings.value", text, remedy if parted else otherwise, subject=name if named else ""))
    return found


def check_settings(
    settings: Settings, stations: Sequence[StationSettings], files: Iterable[Path], *, as_root: bool
) -> list[Finding]:
    """Return the risks of settings that are valid, and slips in the environment. `files` hold secrets."""
    found = [
        _of_risk(risk)
        for risk in startup_risks(stations, settings.telegram_api_url, settings.health_address, as_root=as_root)
    ]
    found += [one for path in files if path.exists() for one in _mode(path)]
    found += map(_misspelt, misspelt_in_environment(os.environ, type(settings).model_fields))
    number = f"{len(stations)} PBX{'s' if len(stations) > 1 else ''}"
    return [ok("settings.value", f"the settings can be read, and describe {number}"), *found]


def _of_risk(risk: Risk) -> Finding:
    name = "service.root" if risk.name == ROOT else "settings.risk"
    return warning(name, risk.text, risk.remedy, subject=risk.name)


def _misspelt(line: str) -> Finding:
    text, _, remedy = line.partition("; ")
    return warning("settings.name", text, remedy, subject=text.split()[1])


def _mode(path: Path) -> list[Finding]:
    if not file_modes.is_loose(path):
        return []
    mode = stat.S_IMODE(path.stat().st_mode)
    remedy = f"run {file_modes.remedy(path)}"
    return [warning("settings.mode", f"{path} holds secrets and others can read it ({mode:04o})", remedy)]
