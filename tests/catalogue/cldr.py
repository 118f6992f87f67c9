"""The extract of the Unicode CLDR that the bot carries, made with Babel."""

import json
import re
from typing import Any

from babel import Locale
from babel.core import get_global

from bot.messages.i18n import SOURCE_LANGUAGE
from bot.text.cldr import EXTRACT
from tests.catalogue.texts import LANGUAGES

SKELETONS = ("MMMd", "MMMEd", "yMMMd", "yMMMEd")
FIELDS = {"E": "{weekday}", "ccc": "{weekday}", "d": "{day}", "MMM": "{month}", "y": "{year}"}
# Text in quotes, or a run of one letter.
PART = re.compile(r"'([^']*)'|(([A-Za-z])\3*)")


def write() -> bool:
    """Write the extract; return True if it has changed."""
    after = extract()
    changed = not EXTRACT.is_file() or EXTRACT.read_text("utf-8") != after
    if changed:
        EXTRACT.write_text(after, "utf-8")
    return changed


def extract() -> str:
    content = {
        "languages": {language: _language(Locale.parse(language)) for language in (SOURCE_LANGUAGE, *LANGUAGES)},
        "windows_zones": dict(get_global("windows_zone_mapping")),
        "zone_territories": dict(get_global("zone_territories")),
    }
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _language(locale: Locale) -> dict[str, Any]:
    months, weekdays = locale.months["format"]["abbreviated"], locale.days["format"]["abbreviated"]
    return {
        "months": [months[number] for number in range(1, 13)],
        "weekdays": [weekdays[number] for number in range(7)],
        "patterns": {name: _pattern(locale.datetime_skeletons[name].pattern) for name in SKELETONS},
        "decimal_mark": locale.number_symbols["latn"]["decimal"],
    }


def _pattern(written: str) -> str:
    """Return `{day} {month} {year} г.` for `d MMM y 'г'.`."""
    return PART.sub(lambda part: part[1] if part[2] is None else FIELDS[part[2]], written)
