"""Whether an update says that a chat lets the bot in, or has shut it out. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Door(NamedTuple):
    """`shut` is why the chat takes no messages, in Telegram's words for refusing one; None when it takes them."""

    chat: int
    shut: str | None


def door(payload: Mapping[str, Any]) -> Door | None:
    """A group in which people go on writing may still take nothing from the bot; who writes to it in private takes
    its answers."""
    match payload:
        case {"message": {"chat": {"id": int(chat), "type": "private"}}}:
            return Door(chat, None)
        case {"my_chat_member": {"chat": {"id": int(chat), "type": str(kind)}, "new_chat_member": {"status": status}}}:
            return Door(chat, _reason(kind, status, payload["my_chat_member"]["new_chat_member"]))
    return None


def _reason(kind: str, status: str, member: Mapping[str, Any]) -> str | None:
    if status in ("left", "kicked"):
        if kind == "private":
            return "Forbidden: bot was blocked by the user"
        return f"Forbidden: bot was kicked from the {kind} chat"
    if status == "restricted" and not member.get("can_send_messages", True):
        return "CHAT_WRITE_FORBIDDEN"
    return None
