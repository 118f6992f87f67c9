from dataclasses import dataclass
from typing import Literal

Kind = Literal["lost", "unexplained", "double", "end state", "collapsed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Violation found by an audit."""

    kind: Kind
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"
