"""Bot API methods about chats, their members and command menus."""

from collections.abc import Callable

from bot.demo.telegram.bot_api import shapes
from bot.demo.telegram.bot_api.commands import read_commands, read_language, read_scope
from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.bot_api.refusal import bad_request
from bot.demo.telegram.bot_api.sending import reachable_chat
from bot.demo.telegram.model import ADMINS, IN_CHAT, Chat, Json, Member, Person
from bot.demo.telegram.world import Telegram


def get_chat(telegram: Telegram, params: Params) -> Json:
    """Return a chat. A person who blocked the bot is still found; one who never started it is not."""
    chat = telegram.chats.get(params.chat_id() or 0)
    if chat is None or chat.person is None:
        return shapes.full_chat(reachable_chat(telegram, params))
    if not chat.person.started:
        raise bad_request("chat not found")
    return shapes.full_chat(chat)


def _user(telegram: Telegram, params: Params) -> Person:
    user_id = params.integer("user_id")
    one = telegram.bot if user_id == telegram.bot.id else telegram.people.get(user_id or 0)
    if one is None:
        raise bad_request("invalid user_id specified" if not user_id else "PARTICIPANT_ID_INVALID")
    return one


def get_chat_member(telegram: Telegram, params: Params) -> Json:
    chat, user = reachable_chat(telegram, params), _user(telegram, params)
    if chat.is_private:
        return shapes.member(user, Member(user.id, "member"))
    return shapes.member(user, chat.members.get(user.id))


def get_chat_administrators(telegram: Telegram, params: Params) -> list[Json]:
    """Return the administrators without other bots, as Telegram does."""
    chat = reachable_chat(telegram, params)
    if chat.is_private:
        raise bad_request("there are no administrators in the private chat")
    admins = [member for member in chat.members.values() if member.status in ADMINS]
    return [shapes.member(telegram.person(admin.user_id), admin) for admin in admins]


def get_chat_member_count(telegram: Telegram, params: Params) -> int:
    chat = reachable_chat(telegram, params)
    return 2 if chat.is_private else sum(member.status in IN_CHAT for member in chat.members.values())


def leave_chat(telegram: Telegram, params: Params) -> bool:
    chat = reachable_chat(telegram, params)
    if chat.is_private:
        raise bad_request("chat member status can't be changed in private chats")
    old, new = chat.members[telegram.bot.id], Member(telegram.bot.id, "left")
    telegram.announce(
        chat, telegram.bot, {"left_chat_member": shapes.person(telegram.bot)}, f"{telegram.bot.name} left"
    )
    chat.members[telegram.bot.id] = new
    telegram.tell_membership(chat, telegram.bot, telegram.bot, old, new)
    return True


def send_chat_action(telegram: Telegram, params: Params) -> bool:
    reachable_chat(telegram, params)
    if not params.text("action"):
        raise bad_request("wrong parameter action in request")
    return True


def set_commands(telegram: Telegram, params: Params) -> bool:
    scope, language = read_scope(params), read_language(params)
    _known_chat(telegram, scope[1])
    telegram.menus.set(scope, language, read_commands(params))
    telegram.bell.ring()
    return True


def get_commands(telegram: Telegram, params: Params) -> list[Json]:
    return telegram.menus.get(read_scope(params), read_language(params))


def delete_commands(telegram: Telegram, params: Params) -> bool:
    scope = read_scope(params)
    _known_chat(telegram, scope[1])
    telegram.menus.delete(scope, read_language(params))
    telegram.bell.ring()
    return True


def _known_chat(telegram: Telegram, chat_id: int | None) -> Chat | None:
    return None if chat_id is None else reachable_chat(telegram, Params({"chat_id": chat_id}))


METHODS: dict[str, Callable[[Telegram, Params], object]] = {
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_chat_administrators,
    "getChatMemberCount": get_chat_member_count,
    "leaveChat": leave_chat,
    "sendChatAction": send_chat_action,
    "setMyCommands": set_commands,
    "getMyCommands": get_commands,
    "deleteMyCommands": delete_commands,
}
