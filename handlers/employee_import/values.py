"""Cells of a table as people and programs leave them: read right, or reported. Pure."""

import re
from collections.abc import Mapping

from bot.messages.message import mark
from bot.messages.sanitize import visible
from bot.text import phone_numbers
from bot.text.normalization import normalized, normalized_figures
from handlers.employees.fields import FIELDS
from handlers.parsing.fields import PASSWORD, Problem

# Kept as they are.
VERBATIM = frozenset({PASSWORD, "extra", "dial"})
FIGURES = frozenset({"number", "mobile", "ring", "forward", "busy", "unavailable", "filter"})
WITH_ZERO_FRACTION = re.compile(r"(\d{1,30})[.,]0{1,9}")
SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d{1,30}))?[EeЕе]\+?(\d{1,2})")
# Written by an old export of this bot, for 89261111111.
PLUS_BEFORE_8 = re.compile(r"\+8\d{10}")
SPREADSHEET_ERROR = re.compile(r"#{2,}|#[A-ZА-Я]{1,9}(?:/[A-ZА-Я0])?[!?]?")
LOST_LETTERS = re.compile(r"\ufffd|\?{2,}")
OF_OTHER_CELLS = re.compile(r"[\d;\t]")
LOST_FIGURES = mark("its last digits are lost; format the column as text and write it again")


def read_cells(written: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """Return the cells by key as they are meant, and a problem instead of each that does not tell. Unknown fields and
    verbatim ones stay as written."""
    cells: dict[str, str] = {}
    problems = []
    for word, text in written.items():
        field = FIELDS.find(word)
        if field is None or field.key in VERBATIM:
            cells[word] = text
        elif problem := _problem(field.key, text):
            problems.append(Problem(field.label, problem, text))
        else:
            cells[field.key] = _figures(text) if field.key in FIGURES else visible(normalized(text)).strip()
    return cells, problems


def _problem(key: str, text: str) -> str:
    if SPREADSHEET_ERROR.fullmatch(text.strip()):
        return mark("the spreadsheet has an error in place of a value")
    if LOST_LETTERS.search(text):
        return mark("its letters are lost; save the table as Excel (.xlsx), or as “CSV UTF-8”")
    if key == "name" and len(text.splitlines()) > 1 and OF_OTHER_CELLS.search(text):
        return mark("goes over several lines; is a quotation mark not closed?")
    found = SCIENTIFIC.fullmatch(text.strip()) if key in FIGURES else None
    return LOST_FIGURES if found and not _is_complete(found) else ""


def _figures(text: str) -> str:
    """Return a number without an apostrophe ahead, decimals and powers, and typographic spaces and hyphens."""
    plain = normalized_figures(visible(text)).strip().lstrip("'").strip()
    if found := SCIENTIFIC.fullmatch(plain):
        return found[1] + (found[2] or "").ljust(int(found[3]), "0")
    if found := WITH_ZERO_FRACTION.fullmatch(plain):
        return found[1]
    digits = re.sub(r"[\s().-]", "", plain)
    if PLUS_BEFORE_8.fullmatch(digits) and not phone_numbers.readings(digits, ""):
        return digits.removeprefix("+")
    return plain


def _is_complete(found: re.Match[str]) -> bool:
    """Return True if no digit was rounded away."""
    return len(found[2] or "") == int(found[3])
