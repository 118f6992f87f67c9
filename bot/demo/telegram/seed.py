"""People and chats of the demo."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.demo.telegram.model import GENERAL, Chat, ChatMessage, Json, Member, Topic
from bot.demo.telegram.wording import Language, Note, note
from bot.demo.telegram.world import Telegram

ANNA, BORIS, VERA, SAM = 1001, 1002, 1003, 1009
ON_CALL, OFFICE = -1001000000001, -1001000000002
# First name, last name, username, language.
Person = tuple[str, str, str | None, str]


@dataclass(frozen=True)
class Names:
    people: dict[int, Person]
    on_call: str
    office: str
    telephony: str


NAMES: dict[Language, Names] = {
    "en": Names(
        {
            ANNA: ("Anna", "Ivanova", "anna_ivanova", "en"),
            BORIS: ("Boris", "Petrov", "boris_petrov", "ru"),
            VERA: ("Vera", "Smirnova", None, "ru"),
            SAM: ("Sam", "Miller", "sam_miller", "en"),
        },
        "PBX on call",
        "Office",
        "Telephony",
    ),
    "ru": Names(
        {
            ANNA: ("Анна", "Иванова", "anna_ivanova", "ru"),
            BORIS: ("Борис", "Петров", "boris_petrov", "ru"),
            VERA: ("Вера", "Смирнова", None, "ru"),
            SAM: ("Олег", "Титов", "oleg_titov", "ru"),
        },
        "Дежурные по АТС",
        "Офис",
        "Телефония",
    ),
}


def populated(token: str | None = None, now: Callable[[], float] = time.time, language: Language = "en") -> Telegram:
    """Return a Telegram with people and chats. No updates are queued: the bot is a member from the start."""
    telegram, names = Telegram(token, now, language=language), NAMES[language]
    for number, (first, last, username, speaks) in names.people.items():
        telegram.new_person(first, last, username, speaks, number)
    telegram.people[ANNA].started = True
    _gather(telegram, telegram.new_chat(names.on_call, "supergroup", ON_CALL))
    office = telegram.new_chat(names.office, "supergroup", OFFICE, forum=True)
    _gather(telegram, office)
    office.topics[GENERAL] = Topic(GENERAL, "General")
    service: Json = {"forum_topic_created": {"name": names.telephony, "icon_color": 7322096}}
    opened = _announce(telegram, office, service, "opened", names.telephony)
    opened.thread = opened.id
    office.topics[opened.id] = Topic(opened.id, names.telephony)
    return telegram


def _gather(telegram: Telegram, chat: Chat) -> None:
    chat.members = {user: Member(user, "member") for user in (ANNA, BORIS, VERA, telegram.bot.id)}
    chat.members[ANNA].status = "creator"
    _announce(telegram, chat, {"supergroup_chat_created": True}, "created", chat.title)


def _announce(telegram: Telegram, chat: Chat, service: Json, what: Note, name: str) -> ChatMessage:
    anna = telegram.people[ANNA]
    text = note(telegram.language, what, anna.name, name)
    return telegram.post(ChatMessage(chat, anna, int(telegram.now()), service=service, service_text=text))
