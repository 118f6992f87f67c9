"""People and chats of the demo."""

import time
from collections.abc import Callable

from bot.demo.telegram.model import GENERAL, Chat, ChatMessage, Json, Member, Topic
from bot.demo.telegram.world import Telegram

ANNA, BORIS, VERA, SAM = 1001, 1002, 1003, 1009
ON_CALL, OFFICE = -1001000000001, -1001000000002


def populated(token: str | None = None, now: Callable[[], float] = time.time) -> Telegram:
    """Return a Telegram with people and chats. No updates are queued: the bot is a member from the start."""
    telegram = Telegram(token, now)
    telegram.new_person("Anna", "Ivanova", "anna_ivanova", "en", ANNA).started = True
    telegram.new_person("Boris", "Petrov", "boris_petrov", "ru", BORIS)
    telegram.new_person("Vera", "Smirnova", None, "ru", VERA)
    telegram.new_person("Sam", "Stranger", "sam_stranger", "en", SAM)
    _gather(telegram, telegram.new_chat("PBX on call", "supergroup", ON_CALL))
    office = telegram.new_chat("Office", "supergroup", OFFICE, forum=True)
    _gather(telegram, office)
    office.topics[GENERAL] = Topic(GENERAL, "General")
    service: Json = {"forum_topic_created": {"name": "Telephony", "icon_color": 7322096}}
    opened = _note(telegram, office, service, "opened the topic “Telephony”")
    opened.thread = opened.id
    office.topics[opened.id] = Topic(opened.id, "Telephony")
    return telegram


def _gather(telegram: Telegram, chat: Chat) -> None:
    chat.members = {user: Member(user, "member") for user in (ANNA, BORIS, VERA, telegram.bot.id)}
    chat.members[ANNA].status = "creator"
    _note(telegram, chat, {"supergroup_chat_created": True}, f"created the group “{chat.title}”")


def _note(telegram: Telegram, chat: Chat, service: Json, job: str) -> ChatMessage:
    anna = telegram.people[ANNA]
    text = f"{anna.name} {job}"
    return telegram.post(ChatMessage(chat, anna, int(telegram.now()), service=service, service_text=text))
