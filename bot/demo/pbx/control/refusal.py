"""Parse and validate the control page's requests."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

Word = TypeVar("Word", bound=str)


class ControlRefused(Exception):
    def __init__(self, reason: str, status: int = 422) -> None:
        super().__init__(reason)
        self.status = status


def boolean(body: Mapping[str, object], name: str, *, otherwise: bool | None = None) -> bool:
    value = body.get(name, otherwise)
    if not isinstance(value, bool):
        raise ControlRefused(f"{name} is true or false")
    return value


def number(body: Mapping[str, object], name: str, *, otherwise: float | None = None) -> float:
    value = body.get(name, otherwise)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ControlRefused(f"{name} is a number")
    return float(value)


def word(body: Mapping[str, object], name: str, known: Sequence[Word], *, otherwise: str = "") -> Word:
    value = body.get(name, otherwise)
    for option in known:
        if option == value:
            return option
    raise ControlRefused(f"{name} is one of {', '.join(known)}")
