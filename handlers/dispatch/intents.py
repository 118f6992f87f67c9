"""Intents: the meanings of an update, with its author and place."""

from dataclasses import dataclass
from datetime import datetime

# Author of a message posted in the name of its group; also the reason to reject it.
ANONYMOUS = "an anonymous administrator"


@dataclass(frozen=True, slots=True)
class Actor:
    """Person. Only `id` is used for decisions; name and username are shown."""

    id: int
    name: str
    username: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    chat: int
    thread: int | None
    private: bool
    title: str = ""
    # Of a public group: anybody that knows it can join.
    username: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """File in a message; `size` in bytes."""

    file_id: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class CommandTyped:
    """Command in a message or a file's caption. `reply_author`: author of the message replied to.
    `rejected_because`: the reason if the update itself is not acceptable."""

    name: str
    arguments: str
    actor: Actor
    place: Place
    message_id: int
    sent_at: datetime
    document: Document | None = None
    reply_author: Actor | None = None
    rejected_because: str | None = None


@dataclass(frozen=True, slots=True)
class TextSent:
    """Text or file that is no command, possibly an answer. `replied_to`: id of a message."""

    text: str
    document: Document | None
    replied_to: int | None
    actor: Actor
    place: Place
    message_id: int
    sent_at: datetime
    # A rejected text is not parsed at all.
    rejected_because: None = None


@dataclass(frozen=True, slots=True)
class AnonymousText:
    """Text of an anonymous administrator: no answer, but a secret in it is deleted."""

    text: str
    actor: Actor
    place: Place
    message_id: int
    rejected_because: str = ANONYMOUS


@dataclass(frozen=True, slots=True)
class UnreadMessage:
    """Message in private that is not read: a photo, a voice message, or text that was forwarded or edited.
    `album`: id of the messages that Telegram shows as one."""

    why: str
    actor: Actor
    place: Place
    message_id: int
    album: str | None = None
    rejected_because: None = None


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """Button press. `keyboard`: id in the database; `row` and `column`: position. The client chooses these, while
    Telegram names the message: `is_shown` is True if that message has this button."""

    keyboard: str
    row: int
    column: int
    actor: Actor
    place: Place
    message_id: int
    query_id: str
    is_shown: bool = False
    rejected_because: str | None = None


@dataclass(frozen=True, slots=True)
class AddedToChat:
    """Addition of the bot to a chat."""

    actor: Actor
    place: Place
    channel: bool = False
    rejected_because: str | None = None


Intent = CommandTyped | TextSent | ButtonPressed | AddedToChat | AnonymousText | UnreadMessage
