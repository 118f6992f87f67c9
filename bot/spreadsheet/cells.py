"""Cells as text: values read and written, and the apostrophe in front of a cell that a spreadsheet would take for a
formula. Pure."""

import re

from bot.messages.sanitize import INVISIBLE

SEPARATORS = ";\t,"
# Characters that begin a formula, also those of Asian keyboards; and those that a spreadsheet skips before them.
SIGNS = "=+@＝＋－＠﹦﹢﹣﹫−-"
OVERLOOKED = rf"(?:(?![\r\n{SEPARATORS}])[\s{INVISIBLE}'\"`‘’“”„«»＇＂])*"
# A spreadsheet that splits at another separator, or a line break that loses its quotes, makes a new cell of the rest.
BEGINNING = rf"(?:\A|(?<=[\r\n{SEPARATORS}]))"
TO_GUARD = re.compile(rf"{BEGINNING}(?={OVERLOOKED}[{SIGNS}])")
GUARD = re.compile(rf"{BEGINNING}'(?={OVERLOOKED}[{SIGNS}])")
# Excel's format has no place for these; the line ends of other systems become its own.
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LINE_END = re.compile(r"\r\n?")
# A cell of Excel's holds no more.
LONGEST_IN_EXCEL = 32_767


def guarded(text: str) -> str:
    return TO_GUARD.sub("'", text)


def unguarded(text: str) -> str:
    return GUARD.sub("", text)


def text_of(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def for_excel(value: object) -> str:
    storable = UNSTORABLE.sub("", LINE_END.sub("\n", str(value)))
    return guarded(storable)[:LONGEST_IN_EXCEL]
