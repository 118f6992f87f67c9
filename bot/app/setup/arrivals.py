"""Who writes to the bot, and from which group, read from raw updates. Pure.

A code that the terminal shows proves that a message comes from whoever runs the setup: anybody can find the bot first.
"""

import hmac
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bot.telegram.updates.member_changes import is_in

# Without letters and digits that look alike. Eight of them cannot be guessed by messages to a bot.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    name: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Group, or a topic of a forum, as in ALERT_CHATS."""

    id: int
    title: str
    thread: int | None = None

    @property
    def destination(self) -> str:
        return f"{self.id}:{self.thread}" if self.thread else str(self.id)


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def writer(update: Mapping[str, Any]) -> Person | None:
    """Return who wrote in private, None for any other update."""
    match update:
        case {"message": {"chat": {"type": "private"}, "from": {"id": int(person), "is_bot": False} as user}}:
            names = (user.get("first_name"), user.get("last_name"))
            name = " ".join(str(part) for part in names if part)
            return Person(person, name, str(user.get("language_code") or ""))
    return None


def has_code(update: Mapping[str, Any], code: str) -> bool:
    """Return True if a word of the message is the code."""
    text = str((update.get("message") or {}).get("text") or "")
    return any(hmac.compare_digest(word.lower().encode(), code.encode()) for word in text.split())


def group(update: Mapping[str, Any], code: str, admins: Collection[int]) -> Group | None:
    """Return the group that an update names: a command in it by an administrator, a message with the code, or the bot
    added by an administrator. The last names no topic, so that in a forum it names nothing."""
    match update:
        case {"message": {"chat": {"id": int(chat), "type": "group" | "supergroup"} as place} as message}:
            person = (message.get("from") or {}).get("id")
            is_command = str(message.get("text") or "").startswith("/") and "sender_chat" not in message
            if has_code(update, code) or (is_command and person in admins and "forward_origin" not in message):
                thread = message.get("message_thread_id") if message.get("is_topic_message") else None
                return Group(chat, _title(place), thread if isinstance(thread, int) else None)
        case {
            "my_chat_member": {
                "chat": {"id": int(chat), "type": "group" | "supergroup"} as place,
                "from": {"id": int(person)},
                "new_chat_member": {"status": status} as member,
            }
        } if person in admins and is_in(status, member.get("is_member")) and not place.get("is_forum"):
            return Group(chat, _title(place))
    return None


def _title(chat: Mapping[str, Any]) -> str:
    return str(chat.get("title") or "")
