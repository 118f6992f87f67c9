"""Message to a person, before translation and rendering."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Facts = Mapping[str, Any]


class TrustedText(str):
    """Text of the bot itself, without user input: never masked."""

    __slots__ = ()


def mark(text: str) -> TrustedText:
    """Mark a text for translation; it is translated when rendered."""
    return TrustedText(text)


@dataclass(frozen=True, slots=True)
class Button:
    """Button.

    `action` and `data` stay in the database; Telegram gets an opaque id. `label` is translated when rendered.
    """

    label: str
    action: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CopyButton:
    """Button that copies `text` on the person's device; no press reaches the bot.

    Readers from whom phone numbers are masked do not get one that has a number.
    """

    label: str
    text: str


Rows = tuple[tuple[Button | CopyButton, ...], ...]


def stored(rows: Rows) -> list[list[dict[str, Any]]]:
    return [[_stored(button) for button in row] for row in rows]


def _stored(button: Button | CopyButton) -> dict[str, Any]:
    if isinstance(button, CopyButton):
        return {"label": button.label, "copy": button.text}
    return {"label": button.label, "action": button.action, "data": dict(button.data)}


@dataclass(frozen=True, slots=True)
class Message:
    """Template, its facts (plain JSON values when queued in the outbox), and buttons.

    `silent` sends without a sound; `protected` prevents forwarding and copying.
    """

    template: str
    facts: Facts = field(default_factory=dict)
    buttons: Rows = ()
    silent: bool = False
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """Rendered Telegram HTML."""

    html: str
    template: str = ""
    silent: bool = False
    protected: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """File to send.

    `caption` renders to at most 1024 UTF-16 units; the last three fields are an audio file's metadata, `seconds` its
    duration.
    """

    name: str
    content: bytes
    kind: Literal["document", "audio", "photo"] = "document"
    caption: Message | None = None
    title: str = ""
    performer: str = ""
    seconds: int | None = None


def grid(buttons: Sequence[Button], width: int) -> Rows:
    """Return the buttons in rows of `width`."""
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))
