"""Local times as the PBX writes them: without an offset everywhere except `meta.timestamp`."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def text(moment: float, zone: ZoneInfo) -> str:
    """Format as `2026-11-23 20:53:21.607`."""
    return datetime.fromtimestamp(moment, zone).isoformat(" ", "milliseconds")[:23]


def text_or_empty(moment: float | None, zone: ZoneInfo) -> str:
    return "" if moment is None else text(moment, zone)


def seconds_text(moment: float, zone: ZoneInfo) -> str:
    """Format as `2026-11-23 20:53:21`."""
    return datetime.fromtimestamp(moment, zone).isoformat(" ", "seconds")[:19]


def timestamp(moment: float, zone: ZoneInfo) -> str:
    """Format as `2026-11-23T20:53:21+03:00`, the only form with an offset."""
    return datetime.fromtimestamp(moment, zone).isoformat(timespec="seconds")


def offset_text(moment: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(moment, zone).isoformat()[-6:]


def utc(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def ago(seconds: float) -> str:
    """Format as `16 seconds ago`, `1 minute ago`."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return _counted(int(seconds // size), unit)
    return _counted(int(seconds), "second")


def uptime(seconds: float) -> str:
    """Format as Busybox does: `12 days,  3:04`, ` 1:45`, `3 min`. The form with hours is measured."""
    minutes = int(seconds) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    before = f"{days} day{'' if days == 1 else 's'}, " if days else ""
    return before + (f"{hours:2}:{minutes % 60:02}" if hours else f"{minutes % 60} min")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'} ago"
