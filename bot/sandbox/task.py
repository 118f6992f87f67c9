"""Task for the sandbox, and its limits. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

MEGABYTE = 1_000_000


class TaskRefused(ValueError):
    """Input refused by a task; `reason` is the reason. Raised by a task, it is raised by `process.run` too."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class TaskFailure(StrEnum):
    """Reason of a failed task."""

    TIME = "took too long"
    MEMORY = "took too much memory"
    RESULT = "gave too much"
    QUEUE_FULL = "too many are waiting"
    BROKEN = "failed"


class TaskFailed(Exception):
    def __init__(self, failure: TaskFailure) -> None:
        self.failure = failure
        super().__init__(str(failure))


@dataclass(frozen=True, slots=True)
class Task:
    """Function that takes bytes and plain facts by name, and returns plain data or bytes.

    `seconds` limit processor time, so that a busy machine does not time out honest input; `within` is the timeout in
    wall time. `memory` limits the process, `max_result` its result; both in bytes.
    """

    module: str
    function: str
    seconds: int
    max_result: int
    within: float = 120.0
    memory: int = 512 * MEGABYTE

    def here(self, content: bytes, /, **facts: Any) -> Any:
        """Run in this process, without limits."""
        return getattr(import_module(self.module), self.function)(content, **facts)
