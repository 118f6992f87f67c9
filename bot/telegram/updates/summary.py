"""Summary of an update for rate limiting and routing, read from its raw JSON without the library's parser. Pure.

An update that cannot be read counts as a request.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

# Fields of a message about people that join or leave.
MEMBER_FIELDS = ("new_chat_members", "left_chat_member")
MAX_COMMAND = 64
# A keyboard's id and the place of a button in it.
BUTTON = re.compile(r"([\w-]{1,24}):\d{1,3}:\d{1,3}", re.ASCII)
# Limits of the database's integers, and of dates.
MAX_ID, MAX_TIMESTAMP = 2**63 - 1, 2**33


class UpdateKind(IntEnum):
    """Kind of an update, by the work that it needs."""

    # A command to any bot, a press of a button, or an unknown update.
    REQUEST = 0
    # Text or a file that is no command. In a group only a reply to a message of a bot.
    TEXT = 1
    # The bot is added to or removed from a chat, or the id of a chat changes.
    CHAT = 2
    # A person joins or leaves: recorded only.
    MEMBER = 3
    # A photo, a pinned message: it is not about the bot.
    OTHER = 4


@dataclass(frozen=True, slots=True)
class UpdateSummary:
    """`person` is 0 where no person is named. `old_chat` is the former id of the chat, `new_chat` its new one, in a
    message of a migration. `replies_to_bot`: it replies to a message of a bot."""

    kind: UpdateKind
    chat: int = 0
    person: int = 0
    name: str = ""
    private: bool = False
    anonymous: bool = False
    thread: int | None = None
    message: int = 0
    sent_at: int | None = None
    command: str = ""
    text: str = ""
    pressed: bool = False
    # Id of the keyboard that was pressed, "" for data of another form.
    keyboard: str = ""
    replies_to_bot: bool = False
    old_chat: int | None = None
    new_chat: int | None = None


UNREADABLE = UpdateSummary(UpdateKind.REQUEST)


def summarize(update: Mapping[str, Any]) -> UpdateSummary:
    try:
        return _read(update)
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration):
        return UNREADABLE


def _read(update: Mapping[str, Any]) -> UpdateSummary:
    name, content = next((name, content) for name, content in update.items() if isinstance(content, dict))
    if name == "callback_query":
        return _press(content)
    if name in ("my_chat_member", "chat_member"):
        kind = UpdateKind.CHAT if name == "my_chat_member" else UpdateKind.MEMBER
        return UpdateSummary(kind, **_where(content["chat"]), **_sender(content))
    return _message(content, typed=name == "message")


def _press(press: Mapping[str, Any]) -> UpdateSummary:
    message = press.get("message") or {}
    where = _where(message["chat"]) if message else {}
    button = BUTTON.fullmatch(str(press.get("data") or ""))
    return UpdateSummary(
        UpdateKind.REQUEST,
        **where,
        **_sender(press),
        thread=_thread(message),
        message=_id(message),
        pressed=True,
        keyboard=button[1] if button else "",
    )


def _message(message: Mapping[str, Any], *, typed: bool) -> UpdateSummary:
    where, sender = _where(message["chat"]), message.get("sender_chat") or {}
    text = str(message.get("text") or message.get("caption") or "")
    command = _command(message, text)
    old_chat, new_chat = message.get("migrate_from_chat_id"), message.get("migrate_to_chat_id")
    if old_chat or new_chat or "forum_topic_reopened" in message:
        kind = UpdateKind.CHAT
    elif command or not typed:
        kind = UpdateKind.REQUEST
    elif text or "document" in message:
        kind = UpdateKind.TEXT
    else:
        kind = UpdateKind.MEMBER if any(name in message for name in MEMBER_FIELDS) else UpdateKind.OTHER
    replied = message.get("reply_to_message") or {}
    return UpdateSummary(
        kind,
        **where,
        **_sender(message),
        anonymous=bool(sender) and sender.get("id") == where["chat"],
        thread=_thread(message),
        message=_id(message),
        sent_at=_timestamp(message.get("date")),
        command=command,
        text=text,
        replies_to_bot=bool((replied.get("from") or {}).get("is_bot")),
        old_chat=None if old_chat is None else _number(old_chat),
        new_chat=None if new_chat is None else _number(new_chat),
    )


def _command(message: Mapping[str, Any], text: str) -> str:
    entities = message.get("entities") or message.get("caption_entities") or ()
    entity = next((e for e in entities if e.get("type") == "bot_command" and e.get("offset") == 0), None)
    if entity is None:
        return ""
    # A command without a name is passed on, and its handler refuses it.
    return text[1 : min(int(entity["length"]), MAX_COMMAND)].partition("@")[0].lower() or "?"


def _where(chat: Mapping[str, Any]) -> dict[str, Any]:
    return {"chat": _number(chat["id"]), "private": chat.get("type") == "private"}


def _sender(content: Mapping[str, Any]) -> dict[str, Any]:
    user = content.get("from") or {}
    names = (str(user[part]) for part in ("first_name", "last_name") if user.get(part))
    return {"person": _number(user.get("id", 0)), "name": " ".join(names)}


def _thread(message: Mapping[str, Any]) -> int | None:
    thread = message.get("message_thread_id") if message.get("is_topic_message") else None
    return _number(thread) if thread is not None else None


def _id(message: Mapping[str, Any]) -> int:
    return _number(message.get("message_id") or 0)


def _number(value: Any) -> int:
    """Return the number. Raises ValueError for none of Telegram's."""
    if not isinstance(value, int) or abs(value) > MAX_ID:
        raise ValueError("not an id")
    return value


def _timestamp(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 < value < MAX_TIMESTAMP else None
