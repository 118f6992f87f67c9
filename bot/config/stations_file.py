"""PBXs to monitor: the one in the settings, or those of STATIONS_FILE (TOML, one table each).

[[station]]
name = "acme"
url = "https://pbx.acme.example"
key_env = "ACME_KEY"
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.access.policy import FLEET_WORD
from bot.config import ami_account
from bot.config.environment_file import read_env_file
from bot.config.errors import WrongSettings, sentence
from bot.config.settings import Settings
from bot.config.station_settings import SECRET_OF, SHORTEST_AMI_SECRET, StationSettings
from bot.config.unknown_names import NAME, nearest, unknown_in_file
from bot.http import urls
from bot.text.normalization import decoded

KNOWN = {*StationSettings.model_fields, *SECRET_OF}
# Where a variable is missing, so that nothing else is said of its secret.
IN_PLACE_OF_SECRET = "-" * SHORTEST_AMI_SECRET
MISSING = {
    "name": 'is missing; write a short word that people can type: name = "acme"',
    "url": 'is missing; write the address of the MikoPBX: url = "https://pbx.example.com"',
    "key": 'is missing; write key = "…", or key_env = "ACME_KEY" and put ACME_KEY into the environment or .env',
}


def read_stations(settings: Settings, environment: Mapping[str, str]) -> tuple[StationSettings, ...]:
    """Return all stations; raises WrongSettings with every complaint.

    `environment` holds the variables of `key_env` and `ami_secret_env`.
    """
    if settings.stations_file is None:
        return (settings.only_station(),)
    path = settings.stations_file
    stations = _checked(path, _tables(path), settings.station_defaults(), environment)
    # At a reload: a key that was left behind would be found by the next start only.
    if unknown := unknown_in_file(read_env_file(), Settings.model_fields, str(path)):
        raise WrongSettings(unknown)
    return stations


def _tables(path: Path) -> list[dict[str, Any]]:
    # A device or a pipe may never end.
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise WrongSettings([f"STATIONS_FILE: {path} is no file; write the path of one, like stations.toml"])
    try:
        content = tomllib.loads(decoded(path.read_bytes()))
    except OSError as error:
        remedy = "give it to this account: chown" if isinstance(error, PermissionError) else "write its whole path"
        raise WrongSettings([f"STATIONS_FILE: {path} cannot be read: {error.strerror}; {remedy}"]) from None
    except UnicodeDecodeError:
        raise WrongSettings([f"STATIONS_FILE: {path} is not UTF-8; save it anew as that"]) from None
    except tomllib.TOMLDecodeError as error:
        # The parser's message does not quote a malformed key.
        raise WrongSettings([f"STATIONS_FILE: {path} is not TOML: {error}; text stands in quotes"]) from None
    except RecursionError:
        raise WrongSettings(
            [f"STATIONS_FILE: {path} is not TOML: its lists are nested too deep; take some out"]
        ) from None
    tables = content.pop("station", None)
    if content:
        raise WrongSettings([f"STATIONS_FILE: {path}: {name} belongs into a [[station]]" for name in content])
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise WrongSettings([f"STATIONS_FILE: {path} names no PBX; begin each with a line [[station]]"])
    return tables


def _checked(
    path: Path, tables: Iterable[dict[str, Any]], defaults: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[StationSettings, ...]:
    stations: list[StationSettings] = []
    errors: list[str] = []
    for number, table in enumerate(tables, 1):
        prefix = f"STATIONS_FILE: {path}: {table.get('name') or f'PBX no. {number}'}"
        try:
            stations.append(_station(table, defaults, environment))
        except WrongSettings as wrong:
            errors += (f"{prefix}: {line}" for line in wrong.lines)
    for field in ("name", "title", "url", "formerly", "ami_url"):
        taken = Counter(found for station in stations if (found := getattr(station, field)) is not None)
        errors += (
            f"STATIONS_FILE: {path}: two have the same {field}: {one}; give each its own"
            for one, n in taken.items()
            if n > 1
        )
    names = {station.name for station in stations}
    errors += (
        f"STATIONS_FILE: {path}: {one.name}: formerly: {one.formerly} is the name of another PBX now; take it out"
        for one in stations
        if one.formerly in names
    )
    if errors:
        raise WrongSettings(errors)
    return tuple(stations)


def _station(table: Mapping[str, Any], defaults: Mapping[str, Any], environment: Mapping[str, str]) -> StationSettings:
    written = {**defaults, **table}
    wrong = list[str]()
    for name, field in SECRET_OF.items():
        if (variable := written.pop(name, None)) is None:
            continue
        if field in written:
            wrong.append(f"has both {field} and {name}; take one of them out")
        elif not variable:
            wrong.append(f"{name}: names no variable; write one, like ACME_KEY, or the secret itself as {field}")
        elif not environment.get(str(variable)):
            # Some write the secret itself there.
            shown = variable if NAME.fullmatch(str(variable)) else "what it names"
            wrong.append(f"{name}: {shown} is not set; put it into the environment or .env")
        written[field] = environment.get(str(variable)) or IN_PLACE_OF_SECRET
    try:
        station = StationSettings.model_validate({"title": str(written.get("name") or "-"), **written})
    except ValidationError as error:
        lines = (
            _error_line(e["loc"], e["type"], sentence(e["type"], e["msg"], e.get("ctx", {}))) for e in error.errors()
        )
        raise WrongSettings([*wrong, *lines]) from None
    wrong += _contradictions(station)
    if wrong:
        raise WrongSettings(wrong)
    return station


def _contradictions(station: StationSettings) -> list[str]:
    """Return the complaints about values that are valid alone."""
    wrong = []
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", station.name):
        wrong.append("name: is not a short word; write it with small letters, digits, - and _, like acme-2")
    if station.name == FLEET_WORD:
        wrong.append(f"name: {FLEET_WORD} means all PBXs together; take another word")
    if (refusal := urls.refusal(station.url, station.allow_http)) is not None:
        wrong.append(f"url: {refusal}")
    if station.tls_fingerprint and station.url.startswith("http://"):
        wrong.append("tls_fingerprint: url is plain http, which shows no certificate; write https there")
    calls = {field: getattr(station, field) for field in ami_account.FIELDS}
    names = {field: field for field in ami_account.FIELDS}
    wrong += ami_account.complaints(calls, names, station.allow_http, pinned=bool(station.tls_fingerprint))
    if station.no_calls_after >= station.no_calls_hours.longest:
        longest = station.no_calls_hours.longest
        wrong.append(f"no_calls_after: no_calls_hours never last that long; write less than {longest} (minutes)")
    return wrong


def _error_line(location: tuple[int | str, ...], kind: str, text: str) -> str:
    field = str(location[0]) if location else "the table"
    if kind == "missing":
        return f"{field}: {MISSING[field]}"
    if kind == "extra_forbidden":
        near = nearest(field, KNOWN)
        remedy = f"did you mean {near}?" if near else f"known are {', '.join(sorted(KNOWN))}"
        return f"{field}: is no setting of a PBX; {remedy}"
    return f"{field}: {text}"
