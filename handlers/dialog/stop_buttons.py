"""Long work that is going on, and that its asker may stop."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class StopButton:
    """Button of one piece of work; `pressed` is set by its asker."""

    asker: int
    key: str = field(default_factory=lambda: uuid4().hex)
    pressed: asyncio.Event = field(default_factory=asyncio.Event)


class StopButtons:
    """Buttons of the work of this run."""

    def __init__(self) -> None:
        self._buttons: dict[str, StopButton] = {}

    @contextmanager
    def shown_to(self, asker: int) -> Iterator[StopButton]:
        """Yield the button of work that goes on until the exit."""
        button = StopButton(asker)
        self._buttons[button.key] = button
        try:
            yield button
        finally:
            del self._buttons[button.key]

    def going_on(self, asker: int) -> int:
        return sum(button.asker == asker for button in self._buttons.values())

    def find(self, key: str) -> StopButton | None:
        """Return the button; None if its work has ended."""
        return self._buttons.get(key)
