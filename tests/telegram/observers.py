"""Observers of updates and of their source, with the hooks that a test gives them."""

from typing import Any

from bot.telegram.updates.observer import UpdateObserver
from bot.telegram.updates.source import SourceObserver


def observing(**hooks: Any) -> UpdateObserver:
    observer = UpdateObserver()
    vars(observer).update(hooks)
    return observer


def source_observing(**hooks: Any) -> SourceObserver:
    observer = SourceObserver()
    vars(observer).update(hooks)
    return observer
