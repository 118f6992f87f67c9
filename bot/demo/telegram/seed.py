"""The people and chats that the demo begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.demo.telegram.model import GENERAL, Member, Message, Topic

if TYPE_CHECKING:
    from bot.demo.telegram.world import Telegram

ANNA, BORIS, VERA, SAM = 1001, 1002, 1003, 1009
ON_CALL, OFFICE = -1001000000001, -1001000000002


def plant(telegram: Telegram) -> None:
    """Nothing of this is news for the bot: it has been there all the time."""
    anna = telegram.new_person("Anna", "Ivanova", "anna_ivanova", "en", ANNA)
    telegram.new_person("Boris", "Petrov", "boris_petrov", "ru", BORIS)
    telegram.new_person("Vera", "Smirnova", None, "ru", VERA)
    telegram.new_person("Sam", "Stranger", "sam_stranger", "en", SAM)
    anna.started = True
    for chat_id, title, forum in ((ON_CALL, "PBX on call", False), (OFFICE, "Office", True)):
        chat = telegram.new_chat(title, "supergroup", chat_id, forum)
        chat.members = {user: Member(user, "member") for user in (ANNA, BORIS, VERA, telegram.bot.id)}
        chat.members[ANNA].status = "creator"
        telegram.post(
            Message(
                chat,
                anna,
                int(telegram.now()),
                service={"supergroup_chat_created": True},
                service_text=f"Anna Ivanova created the group “{title}”",
            )
        )
    office = telegram.chats[OFFICE]
    office.topics[GENERAL] = Topic(GENERAL, "General")
    opened = Message(
        office,
        anna,
        int(telegram.now()),
        service={"forum_topic_created": {"name": "Telephony", "icon_color": 7322096}},
        service_text="Anna Ivanova opened the topic “Telephony”",
    )
    telegram.post(opened)
    opened.thread = opened.id
    office.topics[opened.id] = Topic(opened.id, "Telephony")
