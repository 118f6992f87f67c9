"""What is done in a process of its own, and how much it may take. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

MEGABYTE = 1_000_000


class Refusal(ValueError):
    """A task does not want what it was given; `said` is why. Raised by a task, it comes out of `process.run` too."""

    def __init__(self, said: str = "") -> None:
        super().__init__(said)
        self.said = said


class Failure(StrEnum):
    """Why a task came to no end of its own."""

    TIME = "took too long"
    MEMORY = "took too much memory"
    RESULT = "gave too much"
    CROWD = "too many are waiting"
    BROKEN = "failed"


class TaskFailed(Exception):
    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(str(failure))


@dataclass(frozen=True, slots=True)
class Task:
    """A function that is called with bytes and with plain facts by name, and gives plain data or bytes.

    `seconds` are of the processor, so that a busy machine refuses nothing honest; `within` are seconds of the clock,
    for what only waits. `memory` is all that the process may have, `most` what it may give back; both in bytes.
    """

    module: str
    function: str
    seconds: int
    most: int
    within: float = 120.0
    memory: int = 512 * MEGABYTE

    def here(self, content: bytes, /, **facts: Any) -> Any:
        """Do it in this process, without any limit."""
        return getattr(import_module(self.module), self.function)(content, **facts)
