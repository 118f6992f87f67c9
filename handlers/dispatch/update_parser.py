"""Parse an update into an intent. Pure.

Only a command that a known person typed now, to this bot, counts. Text that is edited, forwarded or posted through a
channel or an inline bot is parsed too, with the reason for its rejection, so that it can be refused and recorded.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from telegram import CallbackQuery, Chat, ChatMember, ChatMemberUpdated, Message, MessageEntity, Update, User
from telegram.constants import ChatType

from bot.messages.sanitize import visible
from bot.text.normalization import normalized
from handlers.dispatch.command_names import cancels, length_of_name
from handlers.dispatch.intents import (
    ANONYMOUS,
    Actor,
    AddedToChat,
    AnonymousText,
    ButtonPressed,
    CommandTyped,
    Document,
    Intent,
    Place,
    TextSent,
    UnreadMessage,
)

# Accounts of Telegram itself in place of a person: service notifications, anonymous administrators, channels.
SERVICE_ACCOUNTS = frozenset({777000, 1087968824, 136817688})
EDITED = "edited"
FORWARDED = "forwarded"
MEDIA = "no text"
UNKNOWN_FIELDS = "in a way not known"
QUOTES = frozenset({MessageEntity.BLOCKQUOTE, MessageEntity.EXPANDABLE_BLOCKQUOTE})
NOT_MEMBER = frozenset({ChatMember.LEFT, ChatMember.BANNED})
BUTTON = re.compile(r"\A([\w-]+):(\d{1,3}):(\d{1,3})", re.ASCII)

# Names of fields newer than the library that contradict a person's own, live input. Most new fields concern display;
# rejecting all of them would stop the bot on the day Telegram adds one. So only names of another time, author or
# audience count, with non-empty values.
REJECTED_FIELD = re.compile(
    r"""(?:\A|_)(?:
      guest|ephemeral|offline|schedule[dr]?|delay(?:ed)?|automation   # another time
    | behalf|business|sponsor(?:ed)?|anonymous(?:ly)?|via
    | (?:written|typed|sent|posted|generated)_(?:by|via|from|as|for)|sender_(?:bot|user|chat|account|app|business)
    | auto(?:matic|matically|mated)?_(?:reply|replied|sent|send|message|response|post|forward)
    | forwarded|forward_(?:origin|from|date|sender|signature)|inline_(?:bot|message|query|result)
    | receivers?|recipients?|visible_(?:to|for|only)|secret           # other readers
    )(?:\Z|_) | \Ais_from_""",
    re.VERBOSE,
)

T = TypeVar("T")


# Kinds of messages in an update, and the reason to reject each.
MESSAGE_KINDS: Mapping[str, str | None] = {
    "message": None,
    "edited_message": EDITED,
    "channel_post": "posted in a channel",
    "edited_channel_post": "posted in a channel",
    "business_message": "through a business account",
    "edited_business_message": "through a business account",
}
# Reasons to reject a message that no person typed now in their own name.
MESSAGE_REJECTIONS: Mapping[str, Callable[[Message], object]] = {
    FORWARDED: lambda message: message.forward_origin,
    "forwarded by itself": lambda message: message.is_automatic_forward,
    "through another bot": lambda message: message.via_bot,
    ANONYMOUS: lambda message: message.sender_chat and message.sender_chat.id == message.chat.id,
    "in the name of a chat": lambda message: message.sender_chat and message.sender_chat.id != message.chat.id,
    "by a business bot": lambda message: message.sender_business_bot,
    "through a business account": lambda message: message.business_connection_id,
    "posted in a channel": lambda message: message.chat.type == ChatType.CHANNEL,
    "by nobody": lambda message: message.from_user is None or message.from_user.id in SERVICE_ACCOUNTS,
    "by another bot": lambda message: message.from_user and message.from_user.is_bot,
    "sent by itself": lambda message: message.is_from_offline,
    "to a guest": lambda message: (
        message.guest_query_id or message.guest_bot_caller_user or message.guest_bot_caller_chat
    ),
    "as a post": lambda message: message.is_paid_post or message.suggested_post_info,
    UNKNOWN_FIELDS: lambda message: _rejected_fields(message.api_kwargs),
    "quoted": lambda message: any(e.type in QUOTES and e.offset == 0 for e in _entities(message)),
}
# The same for a press: Telegram names the person and the message.
PRESS_REJECTIONS: Mapping[str, Callable[[CallbackQuery], object]] = {
    "by nobody": lambda query: query.from_user.id in SERVICE_ACCOUNTS,
    "by another bot": lambda query: query.from_user.is_bot,
    "forwarded": lambda query: isinstance(query.message, Message) and query.message.forward_origin,
    "through another bot": lambda query: isinstance(query.message, Message) and query.message.via_bot,
    # Unknown fields of the message are not checked: it is the bot's own, and looked up.
    UNKNOWN_FIELDS: lambda query: _rejected_fields(query.api_kwargs),
}


def read_intent(update: Update, bot_name: str) -> Intent | None:
    """Parse an update; None if it is neither a command or text to this bot, nor a button press, nor an addition to a
    chat."""
    if update.callback_query is not None:
        return _read_press(update.callback_query)
    if update.my_chat_member is not None:
        return _read_joining(update.my_chat_member)
    for kind, rejection in MESSAGE_KINDS.items():
        if (message := getattr(update, kind)) is not None:
            edited = EDITED if message.edit_date is not None else None
            return _read_message(message, bot_name, rejection or _rejection(MESSAGE_REJECTIONS, message) or edited)
    return None


def unknown_fields(update: Update) -> list[str]:
    """Return the names of unknown fields for which the message or press of the update is rejected."""
    query = update.callback_query
    source = query if query is not None else update.effective_message
    return _rejected_fields(source.api_kwargs) if source is not None else []


def _rejected_fields(unknown: Mapping[str, object]) -> list[str]:
    """Return the names of fields that say that no person typed it now, for these readers."""
    return [name for name, value in unknown.items() if value and REJECTED_FIELD.search(name)]


def _rejection(rejections: Mapping[str, Callable[[T], object]], parsed: T) -> str | None:
    return next((rejection for rejection, applies in rejections.items() if applies(parsed)), None)


def _read_message(
    message: Message, bot_name: str, rejection: str | None
) -> CommandTyped | TextSent | AnonymousText | UnreadMessage | None:
    text = message.text or message.caption or ""
    if not (text or message.document):
        # What Telegram itself tells, such as a pinned message, has no attachment.
        return _unread(message, rejection or MEDIA) if message.effective_attachment else None
    length = _length_of_command(message, text)
    if not length:
        if rejection == ANONYMOUS:
            actor = _actor(message.from_user, message.sender_chat)
            return AnonymousText(text, actor, _place(message.chat, message), message.message_id)
        return _unread(message, rejection) if rejection else _read_text(message, text)
    name, _, addressed = text[1:length].partition("@")
    if not _is_addressed_to(bot_name, addressed):
        if message.chat.type != ChatType.PRIVATE:
            return None
        # Nobody else reads it here: it is answered as a command that is not known.
        name = text[1:length]
    return CommandTyped(
        name=name.lower(),
        arguments=normalized(_with_ids(message, text, length)).strip(),
        actor=_actor(message.from_user, message.sender_chat),
        place=_place(message.chat, message),
        message_id=message.message_id,
        sent_at=message.date,
        document=_document(message),
        reply_author=_author_replied_to(message),
        rejected_because=rejection,
    )


def _unread(message: Message, why: str) -> UnreadMessage | None:
    if message.chat.type != ChatType.PRIVATE or why not in (MEDIA, FORWARDED, EDITED):
        return None
    actor = _actor(message.from_user, message.sender_chat)
    return UnreadMessage(why, actor, _place(message.chat, message), message.message_id, message.media_group_id)


def _length_of_command(message: Message, text: str) -> int:
    """Return the length of the command at the beginning, 0 if there is none. Telegram marks those in Latin letters."""
    marked = next((e for e in _entities(message) if e.type == MessageEntity.BOT_COMMAND and e.offset == 0), None)
    if marked is not None:
        return marked.length
    return length_of_name(text) if message.chat.type == ChatType.PRIVATE else 0


def _is_addressed_to(bot_name: str, addressed: str) -> bool:
    return addressed.lower() in ("", bot_name.lower())


def _read_text(message: Message, text: str) -> CommandTyped | TextSent:
    sent = TextSent(
        text=normalized(text).strip(),
        document=_document(message),
        replied_to=message.reply_to_message.message_id if message.reply_to_message else None,
        actor=_actor(message.from_user),
        place=_place(message.chat, message),
        message_id=message.message_id,
        sent_at=message.date,
    )
    is_private = message.chat.type == ChatType.PRIVATE
    return (cancels(sent) if is_private and sent.document is None else None) or sent


def _entities(message: Message) -> Sequence[MessageEntity]:
    return message.entities or message.caption_entities


def _with_ids(message: Message, text: str, start: int) -> str:
    """Return the text after the command, with the id for a person mentioned without a username. Entities count in
    UTF-16 units."""
    units = text.encode("utf-16-le")
    for entity in reversed(_entities(message)):
        if entity.type == MessageEntity.TEXT_MENTION and entity.user is not None:
            end = entity.offset + entity.length
            units = units[: 2 * entity.offset] + str(entity.user.id).encode("utf-16-le") + units[2 * end :]
    return units[2 * start :].decode("utf-16-le", "replace")


def _author_replied_to(message: Message) -> Actor | None:
    """Return the author of the message replied to. In a topic every message replies to the one that opened it, which is
    ignored."""
    replied = message.reply_to_message
    if replied is None or replied.forum_topic_created or _rejection(MESSAGE_REJECTIONS, replied):
        return None
    return _actor(replied.from_user)


def _document(message: Message) -> Document | None:
    sent = message.document
    return Document(sent.file_id, sent.file_name or "", sent.file_size or 0) if sent else None


def _actor(user: User | None, chat: Chat | None = None) -> Actor:
    """Return the author as named in the update; only a message that is not rejected identifies a person."""
    if user is not None:
        return Actor(user.id, _display_name(user), user.username)
    return Actor(chat.id, chat.title or "") if chat else Actor(0, "")


def _display_name(user: User) -> str:
    """Return the full name, or the username or id if the name has no visible character."""
    return user.full_name if visible(user.full_name) else f"@{user.username}" if user.username else str(user.id)


def _read_press(query: CallbackQuery) -> ButtonPressed:
    message = query.message
    accessible = message if isinstance(message, Message) else None
    button = BUTTON.fullmatch(query.data or "")
    keyboard, row, column = button.groups() if button else ("", 0, 0)
    return ButtonPressed(
        keyboard=keyboard,
        row=int(row),
        column=int(column),
        actor=_actor(query.from_user),
        place=_place(message.chat, accessible) if message else Place(0, None, private=False),
        message_id=message.message_id if message else 0,
        query_id=query.id,
        is_shown=accessible is not None and query.data in _buttons(accessible),
        rejected_because=_rejection(PRESS_REJECTIONS, query),
    )


def _buttons(message: Message) -> set[str | None]:
    """Return the callback data of a message's buttons."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    return {str(button.callback_data) for row in rows for button in row if button.callback_data is not None}


def _read_joining(change: ChatMemberUpdated) -> AddedToChat | None:
    """Parse a change of membership; a private chat reports an unblocked bot in the same way, which is ignored."""
    was_outside = change.old_chat_member.status in NOT_MEMBER
    if change.chat.type == ChatType.PRIVATE or not was_outside or change.new_chat_member.status in NOT_MEMBER:
        return None
    person = change.from_user
    rejection = "by nobody" if person.id in SERVICE_ACCOUNTS else "by another bot" if person.is_bot else None
    return AddedToChat(_actor(person), _place(change.chat), change.chat.type == ChatType.CHANNEL, rejection)


def _place(chat: Chat, message: Message | None = None) -> Place:
    thread = message.message_thread_id if message is not None and message.is_topic_message else None
    return Place(chat.id, thread, chat.type == ChatType.PRIVATE, _title(chat), _public_name(chat))


def _title(chat: Chat) -> str:
    """Return the title; empty without a visible character."""
    return chat.title if chat.title and visible(chat.title) else ""


def _public_name(chat: Chat) -> str:
    return chat.username or "" if chat.type != ChatType.PRIVATE else ""
