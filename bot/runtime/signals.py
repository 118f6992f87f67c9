"""Signals by which one part of the program notifies others of a change, without a reference to them."""

from collections.abc import Callable
from typing import Any


class Signal:
    """Call the connected receivers, in order, when something is sent."""

    def __init__(self, *receivers: Callable[..., object]) -> None:
        self._receivers = list(receivers)

    def connect(self, *receivers: Callable[..., object]) -> None:
        self._receivers += receivers

    def send(self, *what: Any) -> None:
        for receiver in self._receivers:
            receiver(*what)
