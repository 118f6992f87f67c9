"""Facts of the Unicode CLDR, from cldr.json: what the bot needs of the 30 MB that Babel has. `make messages` extracts
them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

EXTRACT = Path(__file__).with_name("cldr.json")


@dataclass(frozen=True, slots=True)
class LocaleFacts:
    """How a language writes dates and numbers. `patterns`: by CLDR skeleton, with {weekday}, {day}, {month}, {year}."""

    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    patterns: Mapping[str, str]
    decimal_mark: str

    def formatted(self, skeleton: str, value: date) -> str:
        return self.patterns[skeleton].format(
            weekday=self.weekdays[value.weekday()],
            day=value.day,
            month=self.months[value.month - 1],
            year=value.year,
        )


@cache
def locale_facts(language: str) -> LocaleFacts:
    found = _extract()["languages"][language]
    return LocaleFacts(tuple(found["months"]), tuple(found["weekdays"]), dict(found["patterns"]), found["decimal_mark"])


@cache
def zone_territories() -> Mapping[str, str]:
    """Return the two-letter country of each IANA zone that is in one."""
    return dict(_extract()["zone_territories"])


@cache
def windows_zones() -> Mapping[str, str]:
    """Return the IANA zone of each Windows name."""
    return dict(_extract()["windows_zones"])


@cache
def _extract() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(EXTRACT.read_text("utf-8"))
    return content
