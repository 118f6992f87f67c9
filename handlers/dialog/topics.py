"""The order in which /help, the menus and the README name the commands."""

from collections.abc import Callable, Iterator

from bot.messages.message import mark
from handlers.dispatch.declare import Catalogue, Command

TOPICS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (mark("📞 Right now"), ("status", "calls")),
    (mark("🚨 Incidents"), ("incidents", "ack", "why", "history", "watch", "unwatch", "test_alert")),
    (mark("📒 Calls that have ended"), ("cdr", "missed", "stats")),
    (
        mark("👥 Employees"),
        ("employees", "add_employee", "edit_employee", "delete_employee", "import_employees", "export_employees"),
    ),
    (mark("🔌 Trunks"), ("trunks", "add_trunk", "edit_trunk", "delete_trunk")),
    (mark("🔕 Mutes and maintenance"), ("mute", "mutes", "unmute", "maintenance")),
    (
        mark("📟 On call"),
        (
            "oncall",
            "oncall take",
            "oncall give",
            "oncall swap",
            "oncall cancel",
            "oncall set",
            "oncall remove",
            "oncall import",
            "quiet",
        ),
    ),
    (mark("🏢 PBXs"), ("stations", "bind", "unbind")),
    (mark("🔐 Access"), ("access", "grant", "revoke", "audit")),
    (mark("🤖 The bot"), ("help", "id", "start")),
)


def by_topic(catalogue: Catalogue, allowed: Callable[[Command], bool]) -> Iterator[tuple[str, list[Command]]]:
    """Each topic with those of its commands that are allowed; topics without any are left out."""
    for label, names in TOPICS:
        commands = [catalogue.commands[name] for name in names if name in catalogue.commands]
        if found := [command for command in commands if allowed(command)]:
            yield label, found


def in_order(catalogue: Catalogue) -> list[Command]:
    return [command for _, commands in by_topic(catalogue, lambda _command: True) for command in commands]
