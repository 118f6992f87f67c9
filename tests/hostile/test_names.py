"""Names of strangers: blank, with stacked marks, or imitating the bot's own texts."""

import sys
import time
import unicodedata
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from telegram import Update

from bot.messages import masking
from bot.messages.renderer import Renderer
from bot.messages.sanitize import sanitize, unmarked, unsanitize, visible
from bot.text.normalization import BLANKS, INVISIBLE_CHARS
from handlers.dispatch.intents import CommandTyped
from handlers.dispatch.update_parser import read_intent

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
BLANK = (
    "\u3164",
    "\u115f\u1160\uffa0",
    "\u2800\u2800",
    "\U000e0041\U000e0042\U000e007f",
    "\u200b\u200d\ufe0f",
    "\ufe01\U000e0100",
    "\u202e\u2066",
    "\u00a0\u3000 ",
    "\u034f\u17b4\u180e\u180b",
    "\ufff0\ufff9",
    "\U0001bca0\U0001bca3",
    "\U00013430\U00013438",
    "\u070f",
)
# Visible characters of category Cf: number signs, and the joiner that emoji need.
SEEN = {*map(chr, range(0x600, 0x606)), *"\u06dd\u0890\u0891\u08e2\U000110bd\U000110cd\u200d"}


@pytest.mark.parametrize("name", BLANK)
def test_a_name_of_which_nothing_is_seen_is_none(name: str) -> None:
    assert visible(name) == sanitize(name) == ""
    assert visible(f"An{name}na").replace("\u200d", "").replace("\ufe0f", "").split() in (["Anna"], ["An", "na"])


def test_whatever_only_formats_other_writing_is_taken_out() -> None:
    formats = {sign for sign in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(sign) == "Cf"}
    assert len(formats) > 160
    assert {sign for sign in formats if not INVISIBLE_CHARS.match(sign)} == SEEN


def test_what_people_write_stays() -> None:
    for name in ("Anna 👨‍👩‍👧", "❤️ Ivan", "Ёжик Йод", "สวัสดี น้ำ", "José", "이순신", "नमस्ते"):
        assert unsanitize(sanitize(name)) == name


def test_marks_are_not_piled_up() -> None:
    piled = "Z" + "\u0351\u0489\u1dc0\u20d0\ufe20" * 100 + "o"
    assert len(visible(piled)) == len("Zo") + 3
    assert sanitize(sanitize(piled)) == sanitize(piled)


@pytest.mark.parametrize("part", ["\u0301", "\u3164", "\u200d", "→", "а\u0301", "✅ ", "\U000e0041", "passw"])
def test_a_long_name_takes_no_time(part: str) -> None:
    """Time grows linearly up to 400,000 characters, a name from a PBX."""
    begun = time.perf_counter()
    for length in (4_000, 400_000):
        text = part * (length // len(part))
        unmarked(visible(text))
    assert time.perf_counter() - begun < 20
    assert set(BLANKS) <= set(masking.ALIKE)


CALLER = "✅ +7 916 111-11-11 → 202 · 9:99"


def line(language: str, number: str, name: str, **more: Any) -> str:
    record = {
        "start": "2026-11-24 12:00:00",
        "incoming": True,
        "internal": False,
        "answered": True,
        "after_hours": False,
        "source": number,
        "source_name": name,
        "target": "202",
        "target_name": "Boris",
        "talk": 60,
    }
    facts = {
        "station": "Office",
        "first": "2026-11-24",
        "last": "2026-11-24",
        "one_day": False,
        "times": False,
        "wanted": {},
        "total": 1,
        "answered": 1,
        "missed": 0,
        "after_hours": 0,
        "not_reached": 0,
        "average": 60,
        "begin": 1,
        "until": 1,
        "records": [record | more],
    }
    shown = Renderer(language).text("cdr", facts, zone=ZoneInfo("UTC"), now=NOW)
    return next(one for one in unsanitize(shown).splitlines() if "→" in one)


@pytest.mark.parametrize(
    ("language", "opens", "closes", "outside"), [("en", "“", "”", "(from outside)"), ("ru", "«", "»", "(внешний)")]
)
def test_a_callers_name_is_set_apart_from_the_bots_own_words(
    language: str, opens: str, closes: str, outside: str
) -> None:
    shown = line(language, "+74950001122", CALLER)
    assert f"{opens}+7 916 111-11-11 202 9:99{closes} → 202 Boris · 1:00" in shown
    assert shown.count("→") == shown.count("✅") + 1 == 1
    assert opens not in line(language, "+74950001122", "→ · ✅"), "nothing is left of it"
    assert line(language, "+74950001122", f"x{closes} → 999 {opens}y").count(closes) == 1
    assert f"201 {outside} " in line(language, "201", "Anna")
    assert f"{outside}" not in line(language, "201", "Anna", incoming=False, internal=True)
    assert " 201 Anna →" in line(language, "201", "Anna", incoming=False, internal=True)
    assert line(language, "✅ 9 → 202", "").count("→") == 1


def typed(**person: str) -> CommandTyped:
    message = {
        "message_id": 1,
        "date": 1,
        "chat": {"id": -5, "type": "group", "title": "\u3164"},
        "from": {"id": 77, "is_bot": False, **person},
        "text": "/id",
        "entities": [{"type": "bot_command", "offset": 0, "length": 3}],
    }
    update = Update.de_json({"update_id": 1, "message": message}, None)
    found = read_intent(update, "bot") if update else None
    assert isinstance(found, CommandTyped)
    return found


def test_somebody_with_a_blank_name_is_called_by_what_tells_them_apart() -> None:
    assert typed(first_name="\u3164").actor.name == "77"
    assert typed(first_name="\u2800", last_name="\U000e0041", username="eve").actor.name == "@eve"
    assert typed(first_name="\u3164", last_name="Ivanova").actor.name == "\u3164 Ivanova"
    assert typed(first_name="Eve").place.title == ""
