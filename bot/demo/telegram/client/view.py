"""State that one person sees, for the web page."""

from bot.demo.telegram.bot_api.keyboards import copied_text, inline_rows
from bot.demo.telegram.bot_api.refusal import BotApiRefused
from bot.demo.telegram.model import Chat, ChatMessage, Json, Person
from bot.demo.telegram.world import Telegram

MESSAGES_SHOWN = 200


def state(telegram: Telegram, user: Person, chat_id: int | None) -> Json:
    current = telegram.chats.get(chat_id or user.id)
    menu = telegram.menus.offered(current, user.id, user.language_code or "") if current else []
    return {
        "seq": telegram.bell.seq,
        "me": person(user),
        "bot": {"id": telegram.bot.id, "username": telegram.bot.username, "first_name": telegram.bot.first_name},
        "people": [person(one) for one in telegram.people.values()],
        "commands": menu,
        "chats": [chat(one) for one in telegram.chats.values() if belongs(one, user)],
        "toasts": telegram.presses.toasts(user.id),
    }


def belongs(one: Chat, user: Person) -> bool:
    if one.person is not None:
        return one.person is user and user.started
    return one.migrated_to is None and one.has(user.id)


def person(one: Person) -> Json:
    return {
        "id": one.id,
        "first_name": one.first_name,
        "last_name": one.last_name,
        "username": one.username,
        "language_code": one.language_code,
    }


def chat(one: Chat) -> Json:
    return {
        "id": one.id,
        "type": one.type,
        "title": one.title,
        "is_forum": one.is_forum,
        "topics": [{"id": topic.id, "name": topic.name, "closed": topic.closed} for topic in one.topics.values()],
        "members": [
            {"user_id": member.user_id, "status": member.status, "anonymous": member.anonymous}
            for member in one.members.values()
        ],
        "messages": [message(shown) for shown in list(one.messages.values())[-MESSAGES_SHOWN:]],
        "blocked": one.person.blocked if one.person else False,
    }


def message(one: ChatMessage) -> Json:
    return {
        "id": one.id,
        "date": one.date,
        "edit_date": one.edit_date,
        "from": _sender(one.sender) if one.sender else None,
        "sender_chat": {"id": one.sender_chat.id, "title": one.sender_chat.title} if one.sender_chat else None,
        "text": "" if one.file else one.text,
        "entities": [entity.as_json() for entity in one.entities],
        "caption": one.text if one.file else "",
        "reply_to": one.reply_to,
        "thread": one.thread if one.chat.is_forum else None,
        "force_reply": _force_reply(one),
        "buttons": [[_button(button) for button in row] for row in inline_rows(one)],
        "service": one.service_text,
        "protected": one.protected,
        "silent": one.silent,
        "forwarded_from": one.forwarded_from,
    } | _file(one)


def _force_reply(one: ChatMessage) -> Json | None:
    markup = one.markup or {}
    if not markup.get("force_reply"):
        return None
    return {
        "selective": bool(markup.get("selective")),
        "placeholder": str(markup.get("input_field_placeholder") or ""),
    }


def _sender(one: Person) -> Json:
    return {"id": one.id, "name": one.name, "is_bot": one.is_bot, "username": one.username}


def _button(button: Json) -> Json:
    if "url" in button:
        return {"text": button["text"], "kind": "url", "url": button["url"]}
    if (copies := copied_text(button)) is not None:
        return {"text": button["text"], "kind": "copy", "copies": copies}
    return {"text": button["text"], "kind": "callback", "style": button.get("style")}


def _file(one: ChatMessage) -> Json:
    """Return the three fields of a file, of which one is set."""
    none: Json = {"document": None, "photo": None, "audio": None}
    if one.file is None:
        return none
    url = f"/client/file/{one.file.unique_id}"
    file: Json = {"name": one.file.name, "size": len(one.file.content), "mime": one.file.mime, "url": url}
    match one.file.kind:
        case "photo":
            return none | {"photo": {"url": url}}
        case "audio" | "voice":
            reported = {"title": one.file.title, "performer": one.file.performer, "duration": one.file.duration}
            return none | {"audio": file | reported}
        case _:
            return none | {"document": file}


def chat_of(telegram: Telegram, user: Person, chat_id: int) -> Chat:
    """Return a chat that this person may write to. Raises BotApiRefused 404 or 403."""
    one = telegram.chats.get(chat_id)
    if one is None or (one.person is not None and one.person is not user):
        raise BotApiRefused(404, f"there is no chat {chat_id}")
    if one.migrated_to is not None:
        raise BotApiRefused(403, f"the group became the supergroup {one.migrated_to}")
    if one.person is None and not one.has(user.id):
        raise BotApiRefused(403, f"{user.name} is not in this chat")
    return one
