"""Cells as text: values read and written, and the apostrophe in front of a cell that a spreadsheet would take for a
formula. Pure."""

import re

from bot.text.normalization import INVISIBLE

SEPARATORS = ";\t,"
# Characters that begin a formula, also those of Asian keyboards; and those that a spreadsheet skips before them.
FORMULA_SIGNS = "=+@＝＋－＠﹦﹢﹣﹫−-"
SKIPPED = rf"(?:(?![\r\n{SEPARATORS}])[\s{INVISIBLE}'\"`‘’“”„«»＇＂])*"
# A spreadsheet that splits at another separator, or a line break that loses its quotes, makes a new cell of the rest.
BEGINNING = rf"(?:\A|(?<=[\r\n{SEPARATORS}]))"
TO_ESCAPE = re.compile(rf"{BEGINNING}(?={SKIPPED}[{FORMULA_SIGNS}])")
ESCAPE = re.compile(rf"{BEGINNING}'(?={SKIPPED}[{FORMULA_SIGNS}])")
# Excel's format has no place for these; the line ends of other systems become its own.
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LINE_END = re.compile(r"\r\n?")
# A cell of Excel's holds no more.
MAX_EXCEL_CELL = 32_767


def escaped(text: str) -> str:
    return TO_ESCAPE.sub("'", text)


def unescaped(text: str) -> str:
    return ESCAPE.sub("", text)


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
    return escaped(storable)[:MAX_EXCEL_CELL]
