"""Find the command that a word names: in English, in Russian, in the other keyboard layout, or with a typing error.
Pure."""

from collections.abc import Collection

from handlers.parsing.nearest import MAX_NEAR, nearest, other_layout
from handlers.parsing.times.model import fold

# On a Russian keyboard the key of the slash writes a full stop.
SLASHES = "/."
# Shorter beginnings are those of too many.
MIN_BEGINNING = 3
RUSSIAN = {
    fold(name): command
    for command, names in {
        "status": "статус состояние",
        "calls": "звонки разговоры",
        "incidents": "инциденты аварии проблемы",
        "ack": "принять взять",
        "why": "почему",
        "history": "история",
        "watch": "следить",
        "unwatch": "не_следить",
        "test_alert": "проверка тревога учебная_тревога",
        "cdr": "журнал журнал_звонков история_звонков записи",
        "missed": "пропущенные",
        "stats": "статистика",
        "digest": "дайджест сводка",
        "notify": "уведомлять уведомления сообщать",
        "my_phone": "мой_телефон мой_номер",
        "employees": "сотрудники",
        "add_employee": "добавить_сотрудника новый_сотрудник",
        "edit_employee": "изменить_сотрудника",
        "delete_employee": "удалить_сотрудника",
        "import_employees": "импорт загрузить",
        "export_employees": "экспорт выгрузить",
        "trunks": "транки провайдеры линии",
        "add_trunk": "добавить_транк добавить_провайдера",
        "edit_trunk": "изменить_транк",
        "delete_trunk": "удалить_транк",
        "mute": "заглушить отключить_уведомления",
        "mutes": "заглушённые тишина",
        "unmute": "включить_уведомления",
        "maintenance": "работы обслуживание",
        "oncall": "дежурство дежурный дежурные дежурства",
        "quiet": "тихо тихие_часы",
        "stations": "станции атс",
        "pbx": "здоровье",
        "bans": "баны блокировки",
        "bind": "привязать",
        "unbind": "отвязать",
        "access": "доступ права",
        "grant": "выдать",
        "revoke": "отозвать",
        "audit": "аудит журнал_действий",
        "help": "помощь справка команды",
        "start": "старт начать",
        "cancel": "отмена отменить",
    }.items()
    for name in names.split()
}


def named_command(word: str, names: Collection[str]) -> str | None:
    """Return the command, of those in `names`, that the word names without an error; slashes do not matter."""
    words, typed = _words(names), word.lstrip(SLASHES)
    return next((words[one] for one in (fold(typed), fold(other_layout(typed))) if one in words), None)


def nearest_commands(word: str, names: Collection[str]) -> list[str]:
    """Return the commands, of those in `names`, that the word may be meant as, nearest first; at most MAX_NEAR."""
    if (name := named_command(word, names)) is not None:
        return [name]
    words, typed = _words(names), word.lstrip(SLASHES)
    near = nearest(typed, words) or nearest(other_layout(typed), words)
    # One beginning is no typing error, and yet meant: /emp for /employees.
    begun = [name for name in names if len(typed) >= MIN_BEGINNING and name.startswith(fold(typed))]
    return list(dict.fromkeys([words[one] for one in near] + begun))[:MAX_NEAR]


def _words(names: Collection[str]) -> dict[str, str]:
    russian = {word: name for word, name in RUSSIAN.items() if name in names}
    return {name: name for name in names} | russian
