"""Bot API methods that edit, delete or pin messages."""

from collections.abc import Callable

from bot.demo.telegram.bot_api import shapes
from bot.demo.telegram.bot_api.entities import units
from bot.demo.telegram.bot_api.keyboards import read_markup
from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.bot_api.refusal import bad_request
from bot.demo.telegram.bot_api.sending import LONGEST_TEXT, reachable_chat, read_caption, read_text, writable_chat
from bot.demo.telegram.model import Chat, ChatMessage, Entity, Json
from bot.demo.telegram.updates import DAY
from bot.demo.telegram.world import Telegram

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
DELETABLE_FOR = 2 * DAY


def _own_message(telegram: Telegram, params: Params) -> ChatMessage:
    chat = writable_chat(telegram, params)
    number = params.integer("message_id")
    if not number:
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(number)
    if message is None:
        raise bad_request("message to edit not found")
    is_own = message.sender is telegram.bot or (chat.type == "channel" and chat.is_admin(telegram.bot.id))
    if not is_own or message.forward_origin is not None or message.service is not None:
        raise bad_request("message can't be edited")
    return message


def _inline_only(params: Params) -> Json | None:
    markup = read_markup(params)
    if markup is not None and "inline_keyboard" not in markup:
        raise bad_request("inline keyboard expected")
    return markup


def _change(telegram: Telegram, message: ChatMessage, text: str, entities: list[Entity], markup: Json | None) -> Json:
    if (text, entities, markup) == (message.text, message.entities, message.markup):
        raise bad_request(NOT_MODIFIED)
    message.text, message.entities, message.markup = text, entities, markup
    message.edit_date = int(telegram.now())
    telegram.bell.ring()
    return shapes.message(message)


def edit_text(telegram: Telegram, params: Params) -> Json:
    message = _own_message(telegram, params)
    text, entities = read_text(telegram, params)
    if units(text) > LONGEST_TEXT:
        raise bad_request("MESSAGE_TOO_LONG")
    if message.file is not None:
        raise bad_request("there is no text in the message to edit")
    return _change(telegram, message, text, entities, _inline_only(params))


def edit_caption(telegram: Telegram, params: Params) -> Json:
    message = _own_message(telegram, params)
    if message.file is None:
        raise bad_request("there is no caption in the message to edit")
    return _change(telegram, message, *read_caption(telegram, params), _inline_only(params))


def edit_reply_markup(telegram: Telegram, params: Params) -> Json:
    message = _own_message(telegram, params)
    return _change(telegram, message, message.text, message.entities, _inline_only(params))


def _deletable(telegram: Telegram, chat: Chat, number: int) -> ChatMessage:
    message = chat.messages.get(number)
    if message is None:
        raise bad_request("message to delete not found")
    is_admin = chat.is_admin(telegram.bot.id)
    if not is_admin and message.sender is not telegram.bot and not chat.is_private:
        raise bad_request("message can't be deleted")
    if telegram.now() - message.date > DELETABLE_FOR and not is_admin:
        raise bad_request("message can't be deleted for everyone")
    return message


def delete_message(telegram: Telegram, params: Params) -> bool:
    chat = reachable_chat(telegram, params)
    del chat.messages[_deletable(telegram, chat, params.required_integer("message_id")).id]
    telegram.bell.ring()
    return True


def delete_messages(telegram: Telegram, params: Params) -> bool:
    """Delete the messages; missing ones are skipped."""
    chat = reachable_chat(telegram, params)
    numbers = params.integers("message_ids")
    if not 1 <= len(numbers) <= 100:
        raise bad_request("there are no messages to delete" if not numbers else "too many messages to delete")
    for message in [_deletable(telegram, chat, number) for number in numbers if number in chat.messages]:
        chat.messages.pop(message.id, None)
    telegram.bell.ring()
    return True


def _right_to_pin(telegram: Telegram, params: Params) -> Chat:
    chat = reachable_chat(telegram, params)
    if not chat.is_private and not chat.is_admin(telegram.bot.id):
        raise bad_request("not enough rights to manage pinned messages in the chat")
    return chat


def pin(telegram: Telegram, params: Params) -> bool:
    chat = _right_to_pin(telegram, params)
    message = chat.messages.get(params.required_integer("message_id"))
    if message is None:
        raise bad_request("message to pin not found")
    chat.pinned = message.id
    service: Json = {"pinned_message": shapes.message(message, quoted=False)}
    telegram.announce(chat, telegram.bot, service, f"{telegram.bot.name} pinned a message", message.thread)
    return True


def unpin(telegram: Telegram, params: Params) -> bool:
    _right_to_pin(telegram, params).pinned = None
    return True


METHODS: dict[str, Callable[[Telegram, Params], object]] = {
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageReplyMarkup": edit_reply_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "pinChatMessage": pin,
    "unpinChatMessage": unpin,
}
