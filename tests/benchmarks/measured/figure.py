"""What is measured, and what it is held against. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Effort:
    """How often everything is measured; `quick` is for trying a figure out, with short series."""

    runs: int = 3
    quick: bool = False


@dataclass(frozen=True)
class Row:
    """One line of a figure's table: a value from each run, beside the reference's from the same run.

    `most` is the goal: in units, or, when it is `relative`, in times of the reference. None: it only tells."""

    what: str
    unit: str
    values: Sequence[float]
    references: Sequence[float] = ()
    most: float | None = None
    relative: bool = False

    @property
    def ratio(self) -> float | None:
        """Of the medians."""
        return median(self.values) / median(self.references) if self.references else None

    @property
    def met(self) -> bool | None:
        reached = self.ratio if self.relative else median(self.values)
        return None if self.most is None or reached is None else reached <= self.most


@dataclass(frozen=True)
class Figure:
    """`name` is what ONLY= takes, and what its table stands under in docs/benchmarks.md."""

    name: str
    run: Callable[[Effort], list[Row]]
