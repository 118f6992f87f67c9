"""Tables on a terminal, without colours."""

import textwrap
from collections.abc import Sequence
from itertools import zip_longest

GAP = "  "
# A column keeps this much of a terminal that is too narrow.
MIN_WIDTH = 10


class TextTable:
    """Table of text; the widest columns are wrapped to the given width."""

    def __init__(self, title: str, *columns: str) -> None:
        self._title, self._columns = title, columns
        self._rows: list[Sequence[str]] = []

    def add_row(self, *cells: str) -> None:
        self._rows.append(cells)

    def rendered(self, width: int) -> str:
        widths = self._widths(width)
        rule = ["-" * one for one in widths]
        lines = [self._title, *(line for row in (self._columns, rule, *self._rows) for line in _wrapped(row, widths))]
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def _widths(self, width: int) -> list[int]:
        widths = [max(map(len, column)) for column in zip(self._columns, *self._rows, strict=True)]
        room = width - len(GAP) * (len(widths) - 1)
        while sum(widths) > room and max(widths) > MIN_WIDTH:
            widths[widths.index(max(widths))] -= 1
        return widths


def _wrapped(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    folded = [textwrap.wrap(cell, width) if width else [""] for cell, width in zip(cells, widths, strict=True)]
    return [
        GAP.join(part.ljust(width) for part, width in zip(parts, widths, strict=True))
        for parts in zip_longest(*folded, fillvalue="")
    ] or [""]
