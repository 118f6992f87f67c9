"""Names that are no settings, with the nearest one that is."""

import difflib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from bot.config.station_settings import SECRET_OF
from bot.text.normalization import decoded

# Of the file .env, which is the bot's own: every unknown name is an error.
NEAR = 0.6
# Of the environment, which other programs share: only a name that is nearly a setting is worth a word.
NEARLY_THE_SAME = 0.88
# A name that may be shown: of something else it could be the rest of a key that was broken into two lines.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,20}(_[A-Za-z0-9]{1,20}){0,5}")


def unknown_in_file(written: Iterable[str], settings: Iterable[str], stations_file: str) -> list[str]:
    """Return a line for each name in .env that is neither a setting nor the key of a PBX in the file of stations."""
    known = {name.upper() for name in settings}
    keys = _keys_of_stations(stations_file)
    if keys is None:
        return []
    return [
        f".env: {_complaint(name, known)}"
        for name in written
        if name.upper() not in known | keys and not name.upper().startswith("ROLE_")
    ]


def misspelt_in_environment(environment: Iterable[str], settings: Iterable[str]) -> list[str]:
    """Return a line for each variable that is nearly a setting."""
    known = {name.upper() for name in settings}
    return [
        f"environment: {name} is not a setting; did you mean {near[0]}?"
        for name in environment
        if name.upper() not in known and (near := difflib.get_close_matches(name.upper(), known, 1, NEARLY_THE_SAME))
    ]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like this one."""
    return next(iter(difflib.get_close_matches(name, list(known), 1, NEAR)), None)


def _complaint(name: str, known: Iterable[str]) -> str:
    if not NAME.fullmatch(name):
        return "a line that is no setting; write NAME=value, the value on the same line"
    if (near := nearest(name.upper(), known)) is not None:
        return f"{name} is not a setting; did you mean {near}?"
    return f"{name} is not a setting; take it out, or set it in the environment if another program needs it"


def _keys_of_stations(file: str) -> set[str] | None:
    """Return the names of variables that the file gives, as in `key_env`; None if it cannot be read, which has to be
    told first."""
    if not file:
        return set()
    if not Path(file).is_file():
        return None
    try:
        tables = tomllib.loads(decoded(Path(file).read_bytes())).get("station")
    except (OSError, ValueError, RecursionError):
        return None
    tables = tables if isinstance(tables, list) else []
    return {
        str(table[name]).upper() for table in tables if isinstance(table, dict) for name in SECRET_OF if name in table
    }
