"""Cells that a spreadsheet would take for a formula, and the apostrophe that keeps it from that. Pure."""

import re

from bot.text.invisible import INVISIBLE

SEPARATORS = ";\t,"
# What begins a formula, also as Asian keyboards write it; and what a spreadsheet overlooks in front of it.
SIGNS = "=+@＝＋－＠﹦﹢﹣﹫−-"
OVERLOOKED = rf"(?:(?![\r\n{SEPARATORS}])[\s{INVISIBLE}'\"`‘’“”„«»＇＂])*"
# A spreadsheet that splits at another separator, or a line break that loses its quotes, makes a new cell of the rest.
BEGINNING = rf"(?:\A|(?<=[\r\n{SEPARATORS}]))"
TO_GUARD = re.compile(rf"{BEGINNING}(?={OVERLOOKED}[{SIGNS}])")
GUARD = re.compile(rf"{BEGINNING}'(?={OVERLOOKED}[{SIGNS}])")


def guarded(text: str) -> str:
    return TO_GUARD.sub("'", text)


def unguarded(text: str) -> str:
    return GUARD.sub("", text)
