"""Number formats of Excel, as far as they show whole numbers: `0000` shows 101 as 0101. Pure."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

TOKEN = re.compile(
    r"""
      "(?P<quoted>[^"]{0,255})"
    | \\(?P<escaped>.)
    | [_*].
    | \[(?P<bracket>[^\]]{0,40})\]
    | (?P<plain>.)
    """,
    re.DOTALL | re.VERBOSE,
)
CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(\d+)(?:\.0*)?")
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
PLACEHOLDERS = "0#?"
# Shown as they are; other signs need quotes. Excel shows the digits of `+7 000` so too.
LITERALS = frozenset(" +-():!^&'~{}<>=$№\u00a0123456789")
MAX_SECTIONS = 4


@dataclass(slots=True)
class Section:
    """Part of a format. `parts`: a placeholder, or a literal text with True. `whole` is False for dates, percentages,
    powers and everything else that does not show the digits of a number."""

    parts: list[tuple[str, bool]] = field(default_factory=list)
    condition: tuple[str, int] | None = None
    whole: bool = True

    def covers(self, value: int) -> bool:
        return self.condition is None or COMPARISONS[self.condition[0]](value, self.condition[1])

    def shows(self, value: int) -> str:
        digits = str(value)
        places = sum(not literal for _, literal in self.parts)
        if not self.whole or not places:
            return digits
        padded = digits.rjust(places)
        # Digits for which there is no place stand before the first.
        ahead, filled = padded[: len(padded) - places], iter(padded[len(padded) - places :])
        shown = []
        for text, literal in self.parts:
            if literal:
                shown.append(text)
                continue
            digit = next(filled)
            shown.append(ahead + ("" if digit == " " and text != "0" else digit.replace(" ", "0")))
            ahead = ""
        return "".join(shown).strip()


def shown(value: int, number_format: str) -> str:
    """Return the number as a cell shows it, without decimals and thousands separators."""
    sections = _sections(number_format)
    if value < 0 or not sections:
        return str(value)
    if sections[0].condition is None:
        return sections[2 if value == 0 and len(sections) > 2 else 0].shows(value)
    return next((section for section in sections if section.covers(value)), sections[-1]).shows(value)


@lru_cache(maxsize=256)
def _sections(number_format: str) -> list[Section]:
    sections = [Section()]
    decimals = False
    for token in TOKEN.finditer(number_format):
        section, kind, text = sections[-1], token.lastgroup, token[token.lastgroup] if token.lastgroup else ""
        if kind == "plain" and text == ";":
            sections.append(Section())
            decimals = False
        elif kind == "bracket":
            if found := CONDITION.fullmatch(text):
                section.condition = found[1], int(found[2])
        elif kind in ("quoted", "escaped") or text in LITERALS:
            section.parts.append((text, True))
        elif text and text in PLACEHOLDERS:
            if not decimals:
                section.parts.append((text, False))
        elif text == ".":
            section.whole &= not decimals
            decimals = True
        elif text != ",":
            section.whole = not text and section.whole
    return sections[:MAX_SECTIONS]
