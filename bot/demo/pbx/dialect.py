"""Releases that the stand-in emulates. Answers differ; no release reports its number.

Most recordings are of `2026.1`; `2026.9` has the trunk states introduced in 2026.3.40.
"""

from typing import Final, Literal, get_args

Dialect = Literal["2026.1", "2026.9"]
DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)
NEWEST: Final[Dialect] = "2026.9"
