"""What is said to a person, before it has a language or a look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Facts = Mapping[str, Any]


class Own(str):
    """The bot's own words. No stranger has written in them, so no number in them is hidden from anybody."""

    __slots__ = ()


def mark(text: str) -> Own:
    """Marks a text for translation without translating it yet: the language is known only when it is shown."""
    return Own(text)


@dataclass(frozen=True, slots=True)
class Button:
    """`action` and `data` stay in the store; Telegram is given an opaque id. `label` is translated when shown."""

    label: str
    action: str
    data: Mapping[str, Any] = field(default_factory=dict)


Rows = tuple[tuple[Button, ...], ...]


def stored(rows: Rows) -> list[list[dict[str, Any]]]:
    """Buttons as the store keeps them."""
    return [[{"label": one.label, "action": one.action, "data": dict(one.data)} for one in row] for row in rows]


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


@dataclass(frozen=True, slots=True)
class Rendered:
    """Telegram HTML that was made before it could be sent."""

    html: str
    template: str = ""
    silent: bool = False
    protected: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """Something to send as a file. `caption` is at most 1024 units long when it is shown; the last three are for audio:
    what a player calls it, and how many seconds it lasts."""

    name: str
    content: bytes
    kind: Literal["document", "audio", "photo"] = "document"
    caption: Message | None = None
    title: str = ""
    performer: str = ""
    seconds: int | None = None
