"""Bot API methods that send messages."""

from collections.abc import Callable

from bot.demo.telegram.bot_api import shapes
from bot.demo.telegram.bot_api.entities import detect, read_html, strip, units
from bot.demo.telegram.bot_api.keyboards import read_markup
from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.bot_api.refusal import bad_request, forbidden, migrated
from bot.demo.telegram.model import GENERAL, Chat, ChatMessage, Entity, Json, StoredFile
from bot.demo.telegram.world import Telegram

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
# Bytes, before the entities are parsed.
LONGEST_SOURCE = 32_768
MOST_ENTITIES = 100
Formatted = tuple[str, list[Entity]]


def reachable_chat(telegram: Telegram, params: Params, name: str = "chat_id") -> Chat:
    """Return the chat of a call. Raises BotApiRefused with the server's text if the bot has no access."""
    if not params.text(name):
        raise bad_request(f"{name} is empty")
    chat = telegram.chats.get(params.chat_id(name) or 0)
    if chat is None:
        raise bad_request("chat not found")
    if chat.migrated_to is not None:
        raise migrated(chat.migrated_to)
    if chat.person is not None:
        if chat.person.blocked:
            raise forbidden("bot was blocked by the user")
        if not chat.person.started:
            raise forbidden("bot can't initiate conversation with a user")
        return chat
    if chat.status(telegram.bot.id) == "kicked":
        raise forbidden(f"bot was kicked from the {chat.type} chat")
    if not chat.has(telegram.bot.id):
        raise forbidden(f"bot is not a member of the {chat.type} chat")
    return chat


def writable_chat(telegram: Telegram, params: Params) -> Chat:
    chat = reachable_chat(telegram, params)
    if chat.status(telegram.bot.id) == "restricted":
        raise bad_request("not enough rights to send text messages to the chat")
    if chat.type == "channel" and not chat.is_admin(telegram.bot.id):
        raise bad_request("need administrator rights in the channel chat")
    return chat


def read_text(telegram: Telegram, params: Params) -> Formatted:
    text, entities = _formatted(telegram, params, "text", "entities")
    if not params.text("text"):
        raise bad_request("message text is empty")
    if not text:
        raise bad_request("text must be non-empty")
    return text, entities


def read_caption(telegram: Telegram, params: Params) -> Formatted:
    text, entities = _formatted(telegram, params, "caption", "caption_entities")
    if units(text) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return text, entities


def _formatted(telegram: Telegram, params: Params, name: str, entities_name: str) -> Formatted:
    source = params.text(name)
    if len(source.encode()) > LONGEST_SOURCE:
        raise bad_request("text is too long")
    match params.text("parse_mode").lower():
        case "html":
            text, entities = strip(*read_html(source))
        case "" | "none":
            text, entities = strip(source, [_entity(item) for item in params.items(entities_name)])
        case _:
            raise bad_request("unsupported parse_mode")
    # Telegram drops the rest silently.
    return text, [_with_person(telegram, entity) for entity in detect(text, entities)[:MOST_ENTITIES]]


def _entity(item: object) -> Entity:
    if not isinstance(item, dict):
        raise bad_request("can't parse MessageEntity: expected an Object")
    fields = Params(item)
    details = tuple((key, value) for key, value in item.items() if key not in {"type", "offset", "length"})
    return Entity(fields.text("type"), fields.required_integer("offset"), fields.required_integer("length"), details)


def _with_person(telegram: Telegram, entity: Entity) -> Entity:
    user = dict(entity.details).get("user")
    if entity.type != "text_mention" or not isinstance(user, str):
        return entity
    known = telegram.people.get(int(user))
    details = (("user", shapes.person(known)),) if known else (("url", f"tg://user?id={user}"),)
    return Entity("text_mention" if known else "text_link", entity.offset, entity.length, details)


def read_reply(chat: Chat, params: Params) -> int | None:
    """Return the message replied to. Raises BotApiRefused for a reply to a deleted message, unless the call allows
    sending without the reply."""
    reply = params.mapping("reply_parameters") or params
    target = reply.integer("message_id" if reply is not params else "reply_to_message_id")
    if not target:
        return None
    if target in chat.messages:
        return target
    if reply.flag("allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


def read_thread(telegram: Telegram, chat: Chat, params: Params, reply_to: int | None) -> int | None:
    """Return the thread. A group without topics ignores it, a private chat has none; the General topic has no number
    that may be used."""
    thread = params.integer("message_thread_id")
    if chat.is_private and thread is not None:
        raise bad_request("message thread not found")
    if not chat.is_forum:
        return None
    if thread is None and reply_to is not None:
        thread = chat.messages[reply_to].thread
    elif thread is not None and (thread == GENERAL or thread not in chat.topics):
        raise bad_request("message thread not found")
    topic = chat.topics.get(thread or GENERAL)
    if topic is not None and topic.closed and not chat.is_admin(telegram.bot.id):
        raise bad_request("TOPIC_CLOSED")
    return thread


def post(
    telegram: Telegram, chat: Chat, params: Params, formatted: Formatted, file: StoredFile | None = None
) -> ChatMessage:
    reply_to = read_reply(chat, params)
    preview = params.mapping("link_preview_options")
    return telegram.post(
        ChatMessage(
            chat,
            None if chat.type == "channel" else telegram.bot,
            int(telegram.now()),
            text=formatted[0],
            entities=formatted[1],
            file=file,
            sender_chat=chat if chat.type == "channel" else None,
            reply_to=reply_to,
            thread=read_thread(telegram, chat, params, reply_to),
            markup=read_markup(params),
            protected=params.flag("protect_content"),
            silent=params.flag("disable_notification"),
            link_preview=preview.values if preview else None,
        )
    )


def send_message(telegram: Telegram, params: Params) -> Json:
    chat = writable_chat(telegram, params)
    formatted = read_text(telegram, params)
    if units(formatted[0]) > LONGEST_TEXT:
        raise bad_request("message is too long")
    return shapes.message(post(telegram, chat, params, formatted))


def sender_of(kind: str) -> Callable[[Telegram, Params], Json]:
    """Return sendDocument, sendPhoto, sendAudio or sendVoice: takes a new file, or the id of a stored one."""

    def send(telegram: Telegram, params: Params) -> Json:
        chat = writable_chat(telegram, params)
        caption = read_caption(telegram, params)
        return shapes.message(post(telegram, chat, params, caption, _read_file(telegram, params, kind)))

    return send


def _read_file(telegram: Telegram, params: Params, kind: str) -> StoredFile:
    upload = params.upload(kind)
    if upload is not None:
        is_sound = kind in ("audio", "voice")
        return telegram.shelf.add_sound(kind, upload, params) if is_sound else telegram.shelf.add(kind, upload)
    file_id = params.text(kind)
    if not file_id:
        raise bad_request(f"there is no {kind} in the request")
    if file_id.startswith(("http://", "https://")):
        raise bad_request("wrong type of the web page content")
    return telegram.shelf.find(file_id)


def _original(telegram: Telegram, params: Params, verb: str) -> ChatMessage:
    source = reachable_chat(telegram, params, "from_chat_id")
    message = source.messages.get(params.required_integer("message_id"))
    if message is None:
        raise bad_request(f"message to {verb} not found")
    if message.protected or message.service is not None:
        raise bad_request(f"the message can't be {'forwarded' if verb == 'forward' else 'copied'}")
    return message


def origin(message: ChatMessage) -> tuple[Json, str]:
    """Return the original sender, as `forward_origin` and as a name."""
    if message.forward_origin is not None:
        return message.forward_origin, message.forwarded_from or ""
    if message.sender_chat is not None:
        kind = "channel" if message.sender_chat.type == "channel" else "chat"
        field = "chat" if kind == "channel" else "sender_chat"
        number: Json = {"message_id": message.id} if kind == "channel" else {}
        place: Json = {field: shapes.chat(message.sender_chat)}
        return {"type": kind, "date": message.date} | place | number, message.sender_chat.title
    sender = message.sender
    if sender is None:
        return {"type": "hidden_user", "date": message.date, "sender_user_name": "Unknown"}, "Unknown"
    return {"type": "user", "date": message.date, "sender_user": shapes.person(sender)}, sender.name


def forward_message(telegram: Telegram, params: Params) -> Json:
    chat = writable_chat(telegram, params)
    original = _original(telegram, params, "forward")
    copy = post(telegram, chat, params, (original.text, original.entities), original.file)
    copy.forward_origin, copy.forwarded_from = origin(original)
    return shapes.message(copy)


def copy_message(telegram: Telegram, params: Params) -> Json:
    chat = writable_chat(telegram, params)
    original = _original(telegram, params, "copy")
    own_caption = original.file is not None and "caption" in params.values
    formatted = read_caption(telegram, params) if own_caption else (original.text, original.entities)
    return {"message_id": post(telegram, chat, params, formatted, original.file).id}


METHODS: dict[str, Callable[[Telegram, Params], object]] = {
    "sendMessage": send_message,
    **{f"send{kind.capitalize()}": sender_of(kind) for kind in ("document", "photo", "audio", "voice")},
    "forwardMessage": forward_message,
    "copyMessage": copy_message,
}
