"""Texts that Telegram itself writes into chats, in the language of the demo; the roles that the page explains."""

from typing import Literal

Language = Literal["en", "ru"]
Role = Literal["administrator", "operator", "viewer", "stranger"]
Note = Literal["created", "opened", "closed", "reopened", "joined", "added", "left", "removed", "migrated"]

NOTES: dict[Language, dict[Note, str]] = {
    "en": {
        "created": "{who} created the group “{what}”",
        "opened": "{who} opened the topic “{what}”",
        "closed": "{who} closed the topic “{what}”",
        "reopened": "{who} reopened the topic “{what}”",
        "joined": "{who} joined",
        "added": "{who} added {what}",
        "left": "{who} left",
        "removed": "{who} removed {what}",
        "migrated": "The group became a supergroup",
    },
    # In the present tense, which has no gender.
    "ru": {
        "created": "{who} создаёт группу «{what}»",
        "opened": "{who} открывает тему «{what}»",
        "closed": "{who} закрывает тему «{what}»",
        "reopened": "{who} снова открывает тему «{what}»",
        "joined": "{who} теперь в группе",
        "added": "{who} добавляет участника: {what}",
        "left": "{who} выходит из группы",
        "removed": "{who} удаляет участника: {what}",
        "migrated": "Группа стала супергруппой",
    },
}


def note(language: Language, what: Note, who: str = "", name: str = "") -> str:
    return NOTES[language][what].format(who=who, what=name)
