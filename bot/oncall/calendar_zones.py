"""Time zones as calendar programs name them. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from bot.text.cldr import windows_zones
from bot.text.normalization import normalized_figures

MAX_PARTS = 6
NAME_LIMIT = 100
UNIVERSAL = frozenset({"utc", "gmt", "z", "coordinated universal time"})
MICROSOFT = "tzone://microsoft/"
# `GMT+0500`, `UTC+5`, `+05:00`. Unlike in IANA's `Etc/GMT+5`, plus is east.
OFFSET = re.compile(r"(?:UTC|GMT)? ?([+-])(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
# `(UTC+05:00) Islamabad, Karachi`, as Windows shows its zones.
SHOWN = re.compile(r"\((?:UTC|GMT)(?:([+-])(\d{1,2}):?(\d{2}))?\) ?(.+)", re.IGNORECASE)
LONGEST_OFFSET = timedelta(hours=14)
NO_LENGTH = timedelta(0)


class UnknownZone(tzinfo):
    """Zone of a name that means nothing here; times in it must not be used."""

    def __init__(self, name: str) -> None:
        self.name = name[:NAME_LIMIT]

    def utcoffset(self, _at: datetime | None, /) -> timedelta:
        return NO_LENGTH

    def dst(self, _at: datetime | None, /) -> timedelta:
        return NO_LENGTH

    def tzname(self, _at: datetime | None, /) -> str:
        return self.name


def zone_written(name: str) -> tzinfo:
    """Return the zone of an IANA name in any case, also at the end of a path, of a Windows name, or of an offset."""
    written = " ".join(normalized_figures(name).strip(" \"'/").split())
    if written.lower().startswith(MICROSOFT):
        written = written[len(MICROSOFT) :]
    if written.lower() in UNIVERSAL:
        return UTC
    if (offset := OFFSET.fullmatch(written)) is not None:
        return _fixed(*offset.groups()) or UnknownZone(name)
    shown = SHOWN.fullmatch(written)
    found = next(_named(written), None) if shown is None else _shown(*shown.groups())
    return found or UnknownZone(name)


def _named(written: str) -> Iterator[tzinfo]:
    # No zone has more parts; a prefix stands before some.
    parts = written.lower().split("/")[-MAX_PARTS:]
    for first in range(max(1, len(parts) - 1)):
        if (key := _keys().get("/".join(parts[first:]))) is not None:
            yield ZoneInfo(key)


def _shown(sign: str | None, hours: str | None, minutes: str | None, cities: str) -> tzinfo | None:
    """Return the zone of one of the cities, if its standard time has that offset."""
    offset = _fixed(sign or "+", hours or "0", minutes)
    if cities.lower() in UNIVERSAL:
        return UTC
    for city in cities.lower().split(","):
        key = _keys().get(f"{city.strip()} standard time") or _cities().get(city.strip().replace(" ", "_"))
        if key and offset and _standard_offset(ZoneInfo(key)) == offset.utcoffset(None):
            return ZoneInfo(key)
    return None


def _standard_offset(zone: tzinfo) -> timedelta:
    summer_and_winter = (datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in (1, 7))
    return min(offset for offset in summer_and_winter if offset is not None)


def _fixed(sign: str, hours: str, minutes: str | None) -> timezone | None:
    length = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if length > LONGEST_OFFSET:
        return None
    return timezone(-length if sign == "-" else length)


@cache
def _keys() -> Mapping[str, str]:
    """Return IANA keys by every known name in lower case."""
    return {name.lower(): key for name, key in windows_zones().items()} | {
        key.lower(): key for key in available_timezones()
    }


@cache
def _cities() -> Mapping[str, str]:
    return {key.rpartition("/")[2].lower(): key for key in sorted(available_timezones()) if "/" in key}
