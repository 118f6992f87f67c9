"""Which release the stand-in plays. They are told apart by what they answer; none of them says its number.

`2026.1` is the one most of the recordings are of; `2026.9` has the trunk states that came with 2026.3.40.
"""

from typing import Final, Literal, get_args

Dialect = Literal["2026.1", "2026.9"]
DIALECTS: Final[tuple[Dialect, ...]] = get_args(Dialect)
NEWEST: Final[Dialect] = "2026.9"
