"""Parse lists of words, ids and chats in settings. Raises ValueError with the remedy."""

import re
from collections.abc import Collection

from bot.access.policy import Destination

# What can be found at a PBX beside its trunks; of the first three an alert is made unless set otherwise.
HEALTH_TOPICS = ("release", "disk", "certificate", "bans", "advice", "passwords")
DEFAULT_HEALTH_ALERTS = frozenset(HEALTH_TOPICS[:3])


def health_topics(value: object) -> frozenset[str]:
    """Parse HEALTH_ALERTS: topics, or the word none."""
    named = [word.lower() for word in words(value)]
    if named == ["none"]:
        return frozenset()
    if unknown := [word for word in named if word not in HEALTH_TOPICS]:
        raise ValueError(f"has {unknown[0]!r} in it; known are {', '.join(HEALTH_TOPICS)}, or none alone")
    return frozenset(named)


def words(value: object) -> list[str]:
    return [word for word in re.split(r"[\s,;]+", str(value)) if word]


def permissions(value: object, known: frozenset[str]) -> frozenset[str]:
    named = frozenset(word.lower() for word in words(value))
    if unknown := sorted(named - known):
        raise ValueError(f"has {unknown[0]!r} in it; known are {', '.join(sorted(known))}")
    return named


def check_roles(value: object, built_in: Collection[str], known: frozenset[str]) -> None:
    """Check the settings ROLE_<name>, by name."""
    if not isinstance(value, dict):
        raise ValueError("names no role; write it like ROLE_reception=calls.read,status.read")
    for name, written in value.items():
        if name in built_in:
            raise ValueError(f"ROLE_{name}: the bot has this role already; take another name")
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name):
            raise ValueError(f"ROLE_{name}: is not a name; write it like ROLE_reception=calls.read,status.read")
        try:
            permissions(written, known)
        except ValueError as wrong:
            raise ValueError(f"ROLE_{name}: {wrong}") from None


def telegram_id(word: str) -> int:
    # Telegram's ids have at most 52 bits.
    if not re.fullmatch(r"-?\d{1,16}", word, re.ASCII):
        raise ValueError(f"has {word!r} in it; only numeric ids are accepted, names can change hands (/id shows yours)")
    return int(word)


def destination(word: str) -> Destination:
    chat, _, thread = word.partition(":")
    if thread and not thread.isdigit():
        raise ValueError(f"has {word!r} in it; write chat:thread, both numbers, like -1001234567890:42")
    return Destination(telegram_id(chat), int(thread) if thread else None)


def hosts_and_ports(value: object) -> frozenset[str]:
    """Parse hosts as written in an address: `host`, or `host:port`."""
    named = frozenset(word.lower() for word in words(value))
    for host in sorted(named):
        if not re.fullmatch(r"([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?", host):
            raise ValueError(f"has {host!r} in it; write the host alone, like calendar.office.local or 10.0.0.5:8443")
    return named


def language_code(value: object) -> str:
    """Parse LANGUAGE. Desktops set it themselves, as a list of locales like ru_RU:en."""
    for locale in str(value).lower().split(":"):
        if (code := re.split(r"[_.@-]", locale.strip())[0]) in ("en", "ru"):
            return str(code)
    raise ValueError("is not a language the bot speaks; write en or ru")
