"""Access of the bot to a chat: open, or closed and for which reason. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class BlockReason(StrEnum):
    """Reason for which a chat takes no messages."""

    BLOCKED = "blocked"
    # A person that never pressed Start.
    NEVER_STARTED = "never_started"
    REMOVED = "removed"
    MUTED = "silenced"
    # The General topic of a forum, in which every message lands that names no other.
    GENERAL_CLOSED = "general closed"
    DELETED = "gone"
    # Telegram knows of no such chat, or none that the bot has ever been in: its id may be wrong.
    UNKNOWN = "unknown"


# Exact texts, in lower case because the library changes their case. An unknown text is never taken for permanent.
BLOCK_REASONS = {
    "forbidden: bot was blocked by the user": BlockReason.BLOCKED,
    "forbidden: bot can't initiate conversation with a user": BlockReason.NEVER_STARTED,
    "forbidden: user is deactivated": BlockReason.DELETED,
    "forbidden: bot can't send messages to bots": BlockReason.DELETED,
    "forbidden: the group chat was deleted": BlockReason.DELETED,
    "forbidden: bot was kicked from the group chat": BlockReason.REMOVED,
    "forbidden: bot was kicked from the supergroup chat": BlockReason.REMOVED,
    "forbidden: bot was kicked from the channel chat": BlockReason.REMOVED,
    "forbidden: bot is not a member of the group chat": BlockReason.REMOVED,
    "forbidden: bot is not a member of the supergroup chat": BlockReason.REMOVED,
    "forbidden: bot is not a member of the channel chat": BlockReason.REMOVED,
    "chat not found": BlockReason.UNKNOWN,
    "user not found": BlockReason.UNKNOWN,
    "group chat was deactivated": BlockReason.DELETED,
    "peer_id_invalid": BlockReason.UNKNOWN,
    "chat_write_forbidden": BlockReason.MUTED,
    "chat_restricted": BlockReason.MUTED,
    "have no rights to send a message": BlockReason.MUTED,
    "not enough rights to send text messages to the chat": BlockReason.MUTED,
    "need administrator rights in the channel chat": BlockReason.MUTED,
    "chat_send_plain_forbidden": BlockReason.MUTED,
}
# For messages to General: these errors do not apply to other topics.
GENERAL_REASONS = dict.fromkeys(
    ("topic_closed", "topic_deleted", "message thread not found"), BlockReason.GENERAL_CLOSED
)


class ChatAccess(NamedTuple):
    """Access to a chat. `blocked` is Telegram's error text if the chat takes no messages, else None."""

    chat: int
    blocked: str | None


class ChatInfo(NamedTuple):
    """Title of a chat, or the reason for which it takes no messages; neither when getChat gave no answer."""

    title: str | None = None
    blocked: str | None = None


def chat_access(payload: Mapping[str, Any]) -> ChatAccess | None:
    """Return the access that an update shows, None when it shows none.

    A message in a group proves no access, one in a private chat does. General is reopened by a service message without
    a topic."""
    match payload:
        case {"message": {"chat": {"id": int(chat), "type": "private"}}}:
            return ChatAccess(chat, None)
        case {"message": {"message_thread_id": _}}:
            return None
        case {"message": {"chat": {"id": int(chat)}, "forum_topic_reopened": _}}:
            return ChatAccess(chat, None)
        case {"my_chat_member": {"chat": {"id": int(chat), "type": str(kind)}, "new_chat_member": {"status": status}}}:
            return ChatAccess(chat, _reason(kind, status, payload["my_chat_member"]["new_chat_member"]))
    return None


def block_reason(reason: str) -> BlockReason:
    """Map the text of Telegram's error; an unknown one counts as GONE."""
    return (BLOCK_REASONS | GENERAL_REASONS).get(reason.lower(), BlockReason.DELETED)


def _reason(kind: str, status: str, member: Mapping[str, Any]) -> str | None:
    if status in ("left", "kicked"):
        if kind == "private":
            return "Forbidden: bot was blocked by the user"
        return f"Forbidden: bot was kicked from the {kind} chat"
    if status == "restricted" and not member.get("can_send_messages", True):
        return "CHAT_WRITE_FORBIDDEN"
    return None
