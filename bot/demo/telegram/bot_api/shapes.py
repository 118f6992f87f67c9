"""Bot API JSON of people, chats, members and messages."""

import zlib

from bot.demo.telegram.bot_api.keyboards import inline_rows
from bot.demo.telegram.files import file_fields
from bot.demo.telegram.model import GENERAL, Chat, ChatMessage, Json, Member, Person

ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_manage_topics",
    "can_manage_tags",
)
PERMISSIONS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)


def _present(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value not in (None, False, "")}


def person(one: Person) -> Json:
    optional: Json = {"last_name": one.last_name, "username": one.username, "language_code": one.language_code}
    return {"id": one.id, "is_bot": one.is_bot, "first_name": one.first_name} | _present(optional)


def chat(one: Chat) -> Json:
    if one.person is not None:
        optional: Json = {"last_name": one.person.last_name, "username": one.person.username}
        return {"id": one.id, "type": "private", "first_name": one.person.first_name} | _present(optional)
    return {"id": one.id, "type": one.type, "title": one.title} | _present(
        {"is_forum": one.is_forum, "username": one.username}
    )


def full_chat(one: Chat) -> Json:
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    full = chat(one) | {
        "accent_color_id": abs(one.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }
    if one.is_group:
        full["permissions"] = dict.fromkeys(PERMISSIONS, True)
    if one.pinned in one.messages:
        full["pinned_message"] = message(one.messages[one.pinned], quoted=False)
    return full


def chat_instance(one: Chat) -> str:
    return str(zlib.crc32(str(one.id).encode()) * 4_000_000_007)


def member(one: Person, membership: Member | None) -> Json:
    status = membership.status if membership else "left"
    anonymous = membership.anonymous if membership else False
    base: Json = {"status": status, "user": person(one)}
    match status:
        case "creator":
            return base | {"is_anonymous": anonymous}
        case "administrator":
            return base | dict.fromkeys(ADMIN_RIGHTS, True) | {"can_be_edited": False, "is_anonymous": anonymous}
        case "restricted":
            return base | dict.fromkeys(PERMISSIONS, False) | {"is_member": True, "until_date": 0}
        case "kicked":
            return base | {"until_date": 0}
    return base


def message(one: ChatMessage, quoted: bool = True) -> Json:
    """`quoted`: include the replied-to message; Telegram shows that one without its own quotation."""
    fields: Json = {"message_id": one.id, "date": one.date, "chat": chat(one.chat)}
    fields |= _present(
        {
            "from": person(one.sender) if one.sender else None,
            "sender_chat": chat(one.sender_chat) if one.sender_chat else None,
            "edit_date": one.edit_date,
            "forward_origin": one.forward_origin,
            "via_bot": person(one.via_bot) if one.via_bot else None,
            "is_automatic_forward": one.automatic_forward,
            "has_protected_content": one.protected,
            "link_preview_options": one.link_preview,
            "reply_markup": {"inline_keyboard": inline_rows(one)} if inline_rows(one) else None,
        }
    )
    return fields | _place(one) | _content(one) | _quotation(one, quoted)


def _content(one: ChatMessage) -> Json:
    entities = [entity.as_json() for entity in one.entities]
    if one.service is not None:
        return one.service
    if one.file is None:
        return {"text": one.text} | _present({"entities": entities or None})
    return file_fields(one.file) | _present({"caption": one.text, "caption_entities": entities or None})


def _place(one: ChatMessage) -> Json:
    """Return the fields of the thread. In a supergroup without topics the thread of a reply is the first message of the
    conversation."""
    if one.thread is None or one.thread == GENERAL:
        return {}
    return {"message_thread_id": one.thread} | _present({"is_topic_message": one.chat.is_forum})


def _quotation(one: ChatMessage, quoted: bool) -> Json:
    target = one.reply_to
    if target is None and one.chat.is_forum and one.thread != one.id:
        # A message in a topic is a reply to the service message that opened the topic.
        target = one.thread
    if not quoted or target is None or target not in one.chat.messages:
        return {}
    return {"reply_to_message": message(one.chat.messages[target], quoted=False)}
