"""Guard cells that a spreadsheet would take for a formula with an apostrophe. Pure."""

import re

from bot.text.invisible import INVISIBLE

SEPARATORS = ";\t,"
# Beginnings of a formula, full-width ones included; and characters that a spreadsheet skips before them.
SIGNS = "=+@＝＋－＠﹦﹢﹣﹫−-"
OVERLOOKED = rf"(?:(?![\r\n{SEPARATORS}])[\s{INVISIBLE}'\"`‘’“”„«»＇＂])*"
# Another separator, or a line break that loses its quotes, starts a new cell.
BEGINNING = rf"(?:\A|(?<=[\r\n{SEPARATORS}]))"
TO_GUARD = re.compile(rf"{BEGINNING}(?={OVERLOOKED}[{SIGNS}])")
GUARD = re.compile(rf"{BEGINNING}'(?={OVERLOOKED}[{SIGNS}])")


def guarded(text: str) -> str:
    return TO_GUARD.sub("'", text)


def unguarded(text: str) -> str:
    return GUARD.sub("", text)
