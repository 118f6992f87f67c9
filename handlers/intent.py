"""What a person meant by an update, if a person meant anything at all. Pure.

Telegram sends the same text for many reasons: typed, edited, forwarded, posted through a channel or an inline bot.
Only what a known person typed now, as a command to this bot, counts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from telegram import CallbackQuery, Chat, Message, MessageEntity, Update, User
from telegram.constants import ChatType

AGE_LIMIT = timedelta(minutes=5)
# Accounts Telegram itself uses in place of a person: service notices, anonymous administrators, channels.
NOBODY = frozenset({777000, 1087968824, 136817688})


@dataclass(frozen=True, slots=True)
class Actor:
    """A person. `id` decides; `name` is only shown."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    chat: int
    thread: int | None
    private: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A file someone sent; `size` in bytes."""

    file_id: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Typed:
    """A command someone typed, or wrote under a file."""

    name: str
    arguments: str
    actor: Actor
    place: Place
    message_id: int
    sent_at: datetime
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """Words or a file that are no command: perhaps the answer to a question. `replied_to` is a message's id."""

    text: str
    document: Document | None
    replied_to: int | None
    actor: Actor
    place: Place
    message_id: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button someone pressed. `keyboard` is an opaque id to look up; `row` and `column` its place."""

    keyboard: str
    row: int
    column: int
    actor: Actor
    place: Place
    message_id: int
    query_id: str


def read_intent(update: Update, bot_name: str) -> Typed | Said | Pressed | None:
    """None for everything that is not typed here and now by a person, and not a press of a button."""
    if update.callback_query is not None:
        return _read_press(update.callback_query)
    if update.message is not None:
        return _read_message(update.message, bot_name)
    return None


def too_old(sent_at: datetime, now: datetime) -> bool:
    return now - sent_at > AGE_LIMIT


def _read_message(message: Message, bot_name: str) -> Typed | Said | None:
    text = message.text or message.caption or ""
    if (actor := _author(message)) is None or not (text or message.document):
        return None
    entities = message.entities or message.caption_entities
    place = _place(message.chat, message.message_thread_id if message.is_topic_message else None)
    command = next((e for e in entities if e.type == MessageEntity.BOT_COMMAND and e.offset == 0), None)
    if command is None:
        replied_to = message.reply_to_message.message_id if message.reply_to_message else None
        return Said(text.strip(), _document(message), replied_to, actor, place, message.message_id, message.date)
    name, _, addressed = text[1 : command.length].partition("@")
    if addressed and addressed.lower() != bot_name.lower():
        return None
    return Typed(
        name=name.lower(),
        arguments=text[command.length :].strip(),
        actor=actor,
        place=place,
        message_id=message.message_id,
        sent_at=message.date,
        document=_document(message),
    )


def _document(message: Message) -> Document | None:
    sent = message.document
    return Document(sent.file_id, sent.file_name or "", sent.file_size or 0) if sent else None


def _author(message: Message) -> Actor | None:
    """The person who typed this message here and now, or None."""
    borrowed = (
        message.forward_origin
        or message.via_bot
        or message.sender_chat
        or message.sender_business_bot
        or message.business_connection_id
        or message.is_automatic_forward
        or message.chat.type == ChatType.CHANNEL
    )
    return None if borrowed else _person(message.from_user)


def _person(user: User | None) -> Actor | None:
    if user is None or user.is_bot or user.id in NOBODY:
        return None
    return Actor(user.id, user.full_name)


def _read_press(query: CallbackQuery) -> Pressed | None:
    actor = _person(query.from_user)
    where = query.message
    if actor is None or where is None or not query.data:
        return None
    keyboard, _, position = query.data.partition(":")
    row, _, column = position.partition(":")
    if not (row.isdecimal() and column.isdecimal()):
        return None
    thread = where.message_thread_id if isinstance(where, Message) and where.is_topic_message else None
    return Pressed(
        keyboard=keyboard,
        row=int(row),
        column=int(column),
        actor=actor,
        place=_place(where.chat, thread),
        message_id=where.message_id,
        query_id=query.id,
    )


def _place(chat: Chat, thread: int | None) -> Place:
    return Place(chat.id, thread, chat.type == ChatType.PRIVATE)
