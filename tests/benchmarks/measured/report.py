"""Table of a figure in docs/benchmarks.md. Pure."""

from collections.abc import Sequence
from statistics import median

from tests.benchmarks.measured.figure import Row

HEAD = (
    "| | value: median (range) | reference: median (range) | ratio | goal | |",
    "|---|--:|--:|--:|--:|---|",
)


def table(rows: Sequence[Row]) -> str:
    return "\n".join((*HEAD, *map(_line, rows)))


def _line(row: Row) -> str:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    met = {True: "met", False: "**missed**", None: ""}[row.met]
    cells = (row.what, _spread(row.values, row.unit), _spread(row.references, row.unit), ratio, _goal(row), met)
    return "| " + " | ".join(cells) + " |"


def _spread(values: Sequence[float], unit: str) -> str:
    if not values:
        return ""
    return f"{_shown(median(values))} ({_shown(min(values))}–{_shown(max(values))}) {unit}".rstrip()


def _goal(row: Row) -> str:
    if row.most is None:
        return ""
    return f"≤ {row.most:g}×" if row.relative else f"≤ {row.most:g} {row.unit}".rstrip()


def _shown(value: float) -> str:
    """Three digits suffice."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
