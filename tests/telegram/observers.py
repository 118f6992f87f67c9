"""Observers of updates and of their source, with the hooks that a test gives them."""

from typing import Any, TypeVar

from bot.telegram.updates.observer import UpdateObserver
from bot.telegram.updates.source import SourceObserver

T = TypeVar("T")


def observing(**hooks: Any) -> UpdateObserver:
    return _with(UpdateObserver(), hooks)


def source_observing(**hooks: Any) -> SourceObserver:
    return _with(SourceObserver(), hooks)


def _with(observer: T, hooks: dict[str, Any]) -> T:
    assert all(hasattr(observer, name) for name in hooks), f"no such hook among {list(hooks)}"
    vars(observer).update(hooks)
    return observer
