"""Changes of people and chats: create, join, leave, migrate to a supergroup, open and close topics."""

from bot.demo.telegram.bot_api import shapes
from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.bot_api.refusal import BotApiRefused, bad_request
from bot.demo.telegram.client import view
from bot.demo.telegram.model import GENERAL, IN_CHAT, STATUSES, Chat, Json, Member, Person, Topic
from bot.demo.telegram.wording import Note, note
from bot.demo.telegram.world import Telegram

ICON_COLOR = 7322096


def _chat(telegram: Telegram, params: Params) -> Chat:
    chat = telegram.chats.get(params.required_integer("chat"))
    if chat is None or chat.is_private or chat.migrated_to is not None:
        raise BotApiRefused(404, "there is no such group")
    return chat


def new_person(telegram: Telegram, params: Params) -> Json:
    if not params.text("first_name"):
        raise bad_request("first_name is empty")
    person_id = params.integer("id")
    if person_id is not None and (person_id <= 0 or person_id in telegram.people or person_id == telegram.bot.id):
        raise bad_request(f"{person_id} cannot be the id of a new person")
    one = telegram.new_person(
        params.text("first_name"),
        params.text("last_name") or None,
        params.text("username") or None,
        params.text("language_code") or None,
        person_id,
    )
    return view.person(one)


def new_chat(telegram: Telegram, params: Params) -> Json:
    kind, forum = params.text("type") or "group", params.flag("forum")
    if kind not in {"group", "supergroup", "channel"} or (forum and kind != "supergroup"):
        raise bad_request("type is group, supergroup or channel; only a supergroup has topics")
    creator = telegram.person(params.required_integer("creator"))
    members = [telegram.person(user) for user in params.integers("members")]
    chat_id = params.integer("id")
    if chat_id is not None and (chat_id >= 0 or chat_id in telegram.chats):
        raise bad_request(f"{chat_id} cannot be the id of a new chat")
    chat = telegram.new_chat(params.text("title") or "New group", kind, chat_id, forum)
    chat.members = {user.id: Member(user.id, "member") for user in [creator, *members] if user is not telegram.bot}
    chat.members[creator.id].status = "creator"
    if forum:
        chat.topics[GENERAL] = Topic(GENERAL, "General")
    if kind != "channel":
        telegram.announce(
            chat,
            creator,
            {f"{kind}_chat_created": True},
            note(telegram.language, "created", creator.name, chat.title),
        )
    if params.flag("with_bot", default=True):
        _move(
            telegram,
            chat,
            creator,
            telegram.bot,
            Member(telegram.bot.id, "member" if kind != "channel" else "administrator"),
        )
    return view.chat(chat)


def set_member(telegram: Telegram, params: Params) -> Json:
    chat = _chat(telegram, params)
    by, user = telegram.person(params.required_integer("by")), telegram.person(params.required_integer("user"))
    old = chat.members.get(user.id)
    status = params.text("status") or (old.status if old else "member")
    if status not in STATUSES:
        raise bad_request(f"there is no status {status}")
    new = Member(user.id, status, params.flag("anonymous", old.anonymous if old else False))
    _move(telegram, chat, by, user, new)
    return {"user_id": user.id, "status": new.status, "anonymous": new.anonymous}


def _move(telegram: Telegram, chat: Chat, by: Person, user: Person, new: Member) -> None:
    old = chat.members.get(user.id)
    was_in, is_in = chat.has(user.id), new.status in IN_CHAT
    if was_in and not is_in and user is not telegram.bot:
        _tell_left(telegram, chat, by, user)
    chat.members[user.id] = new
    telegram.tell_membership(chat, by, user, old, new)
    if is_in and not was_in and chat.type != "channel":
        text = note(telegram.language, "joined" if by is user else "added", by.name, user.name)
        telegram.announce(chat, by, {"new_chat_members": [shapes.person(user)]}, text)
    elif was_in and not is_in and user is telegram.bot:
        _tell_left(telegram, chat, by, user)
    telegram.bell.ring()


def _tell_left(telegram: Telegram, chat: Chat, by: Person, user: Person) -> None:
    if chat.type != "channel":
        text = note(telegram.language, "left" if by is user else "removed", by.name, user.name)
        telegram.announce(chat, by, {"left_chat_member": shapes.person(user)}, text)


def topics(telegram: Telegram, params: Params) -> Json:
    chat = _chat(telegram, params)
    if not chat.is_forum:
        raise bad_request("this chat has no topics")
    number = params.integer("id")
    if number is None:
        return {"id": _open_topic(telegram, chat, params.text("name") or "New topic").id}
    if number not in chat.topics:
        raise BotApiRefused(404, f"there is no topic {number}")
    if params.flag("deleted"):
        _delete_topic(chat, number)
    else:
        _close_topic(telegram, chat, chat.topics[number], params.flag("closed"))
    telegram.bell.ring()
    return {"id": number}


def _owner(telegram: Telegram, chat: Chat) -> Person:
    creator = next((member for member in chat.members.values() if member.status == "creator"), None)
    return telegram.person(creator.user_id) if creator else telegram.bot


def _open_topic(telegram: Telegram, chat: Chat, name: str) -> Topic:
    """Open a topic; its number is that of the service message that opened it."""
    owner, number = _owner(telegram, chat), chat.last_id + 1
    chat.topics[number] = Topic(number, name)
    service: Json = {"forum_topic_created": {"name": name, "icon_color": ICON_COLOR}}
    telegram.announce(chat, owner, service, note(telegram.language, "opened", owner.name, name), number)
    return chat.topics[number]


def _close_topic(telegram: Telegram, chat: Chat, topic: Topic, closed: bool) -> None:
    if topic.closed == closed:
        return
    topic.closed = closed
    owner = _owner(telegram, chat)
    word: Note = "closed" if closed else "reopened"
    thread = None if topic.id == GENERAL else topic.id
    telegram.announce(
        chat, owner, {f"forum_topic_{word}": {}}, note(telegram.language, word, owner.name, topic.name), thread
    )


def _delete_topic(chat: Chat, number: int) -> None:
    if number == GENERAL:
        raise bad_request("the topic General cannot be deleted")
    del chat.topics[number]
    for message in [message for message in chat.messages.values() if message.thread == number]:
        del chat.messages[message.id]


def migrate(telegram: Telegram, params: Params) -> Json:
    """Close the group and move its people to a supergroup, whose messages count from 1 again."""
    old = _chat(telegram, params)
    if old.type != "group":
        raise bad_request("only a group can become a supergroup")
    new = telegram.new_chat(old.title, "supergroup")
    new.members, owner = old.members, _owner(telegram, old)
    migrated = note(telegram.language, "migrated")
    telegram.announce(old, owner, {"migrate_to_chat_id": new.id}, migrated)
    telegram.announce(new, owner, {"migrate_from_chat_id": old.id}, migrated)
    old.migrated_to = new.id
    return {"new_id": new.id}
