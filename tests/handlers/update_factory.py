"""Updates as Telegram builds them."""

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def person_of(number: int) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": "A"}


def place_of(chat: int) -> dict[str, Any]:
    return {"id": chat, "type": "private" if chat > 0 else "supergroup", "title": "Office"}


def message(
    text: str, person: int, chat: int, sent: datetime, *, replied_to: int | None = None, **more: Any
) -> dict[str, Any]:
    """Build a message as Telegram does: a text that begins with a slash is a command."""
    entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}] if text.startswith("/") else []
    made: dict[str, Any] = {
        "message_id": 7,
        "date": int(sent.timestamp()),
        "chat": place_of(chat),
        "from": person_of(person),
        "text": text,
        "entities": entities,
    }
    if replied_to is not None:
        reply = {"message_id": replied_to, "date": int(NOW.timestamp()), "chat": place_of(chat)}
        made["reply_to_message"] = reply
    return made | more


def press(data: str, person: int, chat: int, now: datetime, **more: Any) -> dict[str, Any]:
    """Build a button press as Telegram does: with the message and its buttons."""
    shown = shown_with(data, chat, now)
    return {
        "id": "q",
        "from": person_of(person),
        "chat_instance": "c",
        "data": data,
        "message": shown,
    } | more


def shown_with(data: str, chat: int, now: datetime, **more: Any) -> dict[str, Any]:
    """Build a message of the bot with one button; without `data` it has none."""
    shown = {"message_id": 7, "date": int(now.timestamp()), "chat": place_of(chat), "text": "Delete 243?"}
    if data:
        shown["reply_markup"] = {"inline_keyboard": [[{"text": "x", "callback_data": data}]]}
    return shown | more
