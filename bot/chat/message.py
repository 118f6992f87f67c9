"""What is said to a person, before it has a language or a look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Facts = Mapping[str, Any]


def mark(text: str) -> str:
    """Marks a text for translation without translating it yet: the language is known only when it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Button:
    """`action` and `data` stay in the store; Telegram is given an opaque id. `label` is translated when shown."""

    label: str
    action: str
    data: Mapping[str, Any] = field(default_factory=dict)


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A template, the facts it shows (plain JSON values when it goes through the outbox), and its buttons.

    `silent` arrives without a sound; `protected` cannot be forwarded or copied.
    """

    template: str
    facts: Facts = field(default_factory=dict)
    buttons: Rows = ()
    silent: bool = False
    protected: bool = False
