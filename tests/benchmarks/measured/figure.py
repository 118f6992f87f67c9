"""Figures of a benchmark and their goals. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Effort:
    """Number of runs; `quick` shortens the series, to try a figure out."""

    runs: int = 3
    quick: bool = False


@dataclass(frozen=True)
class Row:
    """Row of a figure's table: a value from each run, beside the reference's from the same run.

    `most` is the goal, in units or, if `relative`, as a multiple of the reference; None: no goal.
    """

    what: str
    unit: str
    values: Sequence[float]
    references: Sequence[float] = ()
    most: float | None = None
    relative: bool = False

    @property
    def ratio(self) -> float | None:
        """Return the ratio of the medians."""
        return median(self.values) / median(self.references) if self.references else None

    @property
    def met(self) -> bool | None:
        reached = self.ratio if self.relative else median(self.values)
        return None if self.most is None or reached is None else reached <= self.most


@dataclass(frozen=True)
class Figure:
    """`name` is the value for ONLY=, and marks the table in docs/benchmarks.md."""

    name: str
    run: Callable[[Effort], list[Row]]
