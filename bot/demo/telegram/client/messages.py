"""Write, edit, delete, press, forward and upload, as a person."""

from bot.demo.telegram.bot_api import shapes
from bot.demo.telegram.bot_api.entities import detect, units
from bot.demo.telegram.bot_api.keyboards import button_at, inline_rows
from bot.demo.telegram.bot_api.params import Params, Upload
from bot.demo.telegram.bot_api.refusal import BotApiRefused, bad_request
from bot.demo.telegram.bot_api.sending import LONGEST_CAPTION, LONGEST_TEXT, origin
from bot.demo.telegram.client.view import chat_of
from bot.demo.telegram.files import PICTURES, UploadedFiles
from bot.demo.telegram.model import (
    ANONYMOUS_ADMIN,
    ANOTHER_BOT,
    GENERAL,
    SEND_AS_CHANNEL,
    TELEGRAM,
    Chat,
    ChatMessage,
    Json,
    Person,
    StoredFile,
)
from bot.demo.telegram.updates import CALLBACK_LIFETIME
from bot.demo.telegram.world import Telegram

PRESS_WAIT = 10.0


def actor(telegram: Telegram, params: Params) -> Person:
    return telegram.person(params.required_integer("as"))


def _place(telegram: Telegram, params: Params) -> tuple[Person, Chat]:
    user = actor(telegram, params)
    return user, chat_of(telegram, user, params.required_integer("chat"))


def _message(chat: Chat, params: Params) -> ChatMessage:
    number = params.required_integer("message")
    if number not in chat.messages:
        raise BotApiRefused(404, f"there is no message {number}")
    return chat.messages[number]


def start(telegram: Telegram, params: Params) -> Json:
    """Open the private chat with its Start button; `payload` is the parameter of a deep link."""
    user = actor(telegram, params)
    payload = params.text("payload")
    if user.blocked:
        set_blocked(telegram, user, False)
    text = f"/start {payload}" if payload else "/start"
    return {"message_id": _say(telegram, user, telegram.chats[user.id], Params({"text": text})).id}


def block(telegram: Telegram, params: Params) -> Json:
    user = actor(telegram, params)
    set_blocked(telegram, user, params.flag("blocked"))
    return {"blocked": user.blocked}


def set_blocked(telegram: Telegram, user: Person, blocked: bool) -> None:
    if user.blocked == blocked:
        return
    user.blocked = blocked
    telegram.tell_blocked(user)
    telegram.bell.ring()


def send(telegram: Telegram, params: Params) -> Json:
    user, chat = _place(telegram, params)
    return {"message_id": _say(telegram, user, chat, params).id}


def upload(telegram: Telegram, params: Params) -> Json:
    user, chat = _place(telegram, params)
    sent = params.upload("file")
    if sent is None:
        raise bad_request("file is missing")
    file = _shelve(telegram.shelf, sent)
    return {"message_id": _say(telegram, user, chat, Params(params.values | {"text": params.text("caption")}), file).id}


def _shelve(shelf: UploadedFiles, sent: Upload) -> StoredFile:
    """Store a file. A picture that Telegram cannot read becomes a document."""
    try:
        return shelf.add("photo" if sent.mime in PICTURES else "document", sent)
    except BotApiRefused:
        return shelf.add("document", sent)


def _say(telegram: Telegram, user: Person, chat: Chat, params: Params, file: StoredFile | None = None) -> ChatMessage:
    text = params.text("text").strip()
    if not text and file is None:
        raise bad_request("the message is empty")
    if units(text) > (LONGEST_TEXT if file is None else LONGEST_CAPTION):
        raise bad_request("the message is too long")
    thread, reply_to = _thread(chat, user, params), params.integer("reply_to")
    if reply_to is not None and reply_to not in chat.messages:
        raise BotApiRefused(404, f"there is no message {reply_to}")
    _open(user, chat)
    date = int(telegram.now() - params.number("age", 0))
    message = ChatMessage(
        chat, user, date, text=text, entities=detect(text, []), file=file, thread=thread, reply_to=reply_to
    )
    _disguise(telegram, message, params.mapping("forge") or Params({}))
    telegram.tell_bot(telegram.post(message))
    return message


def _open(user: Person, chat: Chat) -> None:
    if chat.is_private:
        if user.blocked:
            raise bad_request("you have blocked the bot")
        user.started = True


def _thread(chat: Chat, user: Person, params: Params) -> int | None:
    thread = params.integer("thread")
    thread = None if thread == GENERAL or not chat.is_forum else thread
    topic = chat.topics.get(thread or GENERAL) if chat.is_forum else None
    if chat.is_forum and topic is None:
        raise BotApiRefused(404, f"there is no topic {thread}")
    if topic is not None and topic.closed and not chat.is_admin(user.id):
        raise BotApiRefused(403, "the topic is closed")
    return thread


def _disguise(telegram: Telegram, message: ChatMessage, forge: Params) -> None:
    """Set the sender shown, which need not be the person that writes."""
    chat, user = message.chat, message.sender
    member = chat.members.get(user.id) if user else None
    channel_id = forge.integer("sender_chat")
    if forge.flag("automatic_forward") or channel_id is not None:
        message.sender = TELEGRAM if forge.flag("automatic_forward") else SEND_AS_CHANNEL
        message.automatic_forward = forge.flag("automatic_forward")
        message.sender_chat = _channel(telegram, channel_id)
        if message.automatic_forward:
            message.forward_origin, message.forwarded_from = origin(message)
    elif chat.type == "channel":
        message.sender, message.sender_chat = None, chat
    elif forge.flag("anonymous") or (member is not None and member.anonymous):
        message.sender, message.sender_chat = ANONYMOUS_ADMIN, chat
    elif forge.flag("from_bot"):
        message.sender = ANOTHER_BOT
    if forge.flag("via_bot"):
        message.via_bot = ANOTHER_BOT
    if forge.flag("forwarded"):
        said = {"type": "hidden_user", "date": message.date - 60, "sender_user_name": "Somebody else"}
        message.forward_origin, message.forwarded_from = dict(said), "Somebody else"


def _channel(telegram: Telegram, channel_id: int | None) -> Chat:
    known = telegram.chats.get(channel_id) if channel_id is not None else None
    return known or Chat(channel_id or -1009999999999, "channel", "A channel")


def edit(telegram: Telegram, params: Params) -> Json:
    user, chat = _place(telegram, params)
    message = _message(chat, params)
    if message.sender is not user or message.service is not None:
        raise BotApiRefused(403, "only one's own messages can be edited")
    text = params.text("text").strip()
    if not text:
        raise bad_request("the message is empty")
    message.text, message.entities, message.edit_date = text, detect(text, []), int(telegram.now())
    telegram.bell.ring()
    telegram.tell_bot(message, edited=True)
    return {"message_id": message.id}


def delete(telegram: Telegram, params: Params) -> Json:
    user, chat = _place(telegram, params)
    message = _message(chat, params)
    if message.sender is not user and not chat.is_admin(user.id) and not chat.is_private:
        raise BotApiRefused(403, "only one's own messages can be deleted")
    del chat.messages[message.id]
    telegram.bell.ring()
    return {"deleted": message.id}


def forward(telegram: Telegram, params: Params) -> Json:
    user = actor(telegram, params)
    original = _message(chat_of(telegram, user, params.required_integer("from_chat")), params)
    if original.protected or original.service is not None:
        raise BotApiRefused(403, "this message is protected: it cannot be forwarded")
    chat = chat_of(telegram, user, params.required_integer("to_chat"))
    _open(user, chat)
    thread = _thread(chat, user, params)
    source, name = origin(original)
    entities = list(original.entities)
    copy = ChatMessage(
        chat, user, int(telegram.now()), text=original.text, entities=entities, file=original.file, thread=thread
    )
    copy.forward_origin, copy.forwarded_from = source, name
    telegram.tell_bot(telegram.post(copy))
    return {"message_id": copy.id}


async def press(telegram: Telegram, params: Params) -> Json:
    """Wait for the bot's answer. `data` imitates a client that sends data that no button carries."""
    user, chat = _place(telegram, params)
    message = _message(chat, params)
    button = button_at(inline_rows(message), params.required_integer("row"), params.required_integer("column"))
    if button is None:
        raise BotApiRefused(404, "there is no such button")
    if "callback_data" not in button:
        raise bad_request("no press of this button reaches the bot")
    if chat.is_private and user.blocked:
        raise bad_request("you have blocked the bot")
    query_id = telegram.presses.add(user.id)
    query: Json = {
        "id": query_id,
        "from": shapes.person(user),
        "message": shapes.message(message),
        "chat_instance": shapes.chat_instance(chat),
        "data": params.text("data") or button["callback_data"],
    }
    telegram.queue.put("callback_query", query, lifetime=CALLBACK_LIFETIME)
    return {"query_id": query_id, "answer": await telegram.presses.wait(query_id, params.number("wait", PRESS_WAIT))}
