"""Search for secrets in all that is stored and in all that other people see."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bot.demo.pbx import StandinPbx
from bot.demo.pbx.registration.trunks import SECRET_MASK
from bot.store import sealing
from tests.fixtures.stored import Stored

Json = dict[str, Any]
Places = Iterator[tuple[str, str]]
# A shorter one may be a part of any word.
SHORTEST = 8
# Typed words that the program may not store in plain text: addresses, and anything called a password.
ADDRESS = re.compile(r"(?i)\b(?:https?|webcal)://\S+/\S+")
PASSWORD = re.compile(r"(?i)(?:password|пароль)\s*[=:]\s*(\"[^\"]+|\S+)")


def passwords(station: StandinPbx) -> set[str]:
    """Return all current passwords of the PBX, and all that it ever received or returned."""
    current = {person.secret for person in station.employees.values()}
    current |= {trunk.text("secret") for trunk in station.trunks.values()}
    return {password for password in current | station.heard.passwords if len(password) >= SHORTEST} - {SECRET_MASK}


def typed_in(text: str) -> set[str]:
    """Return the addresses and passwords in a typed text."""
    found = {*ADDRESS.findall(text), *(word.strip('"') for word in PASSWORD.findall(text))}
    return {one for one in found if len(one) >= SHORTEST}


def in_none(secrets: Iterable[str], places: Iterable[tuple[str, str]]) -> None:
    """Fail with the places that hold secrets, raw, URL-encoded, in JSON or as bytes."""
    forms = {form: secret for secret in secrets for form in _forms(secret)}
    found = {f"{place}: {forms[form]}" for place, text in places for form in forms if form in text}
    assert not found, f"secrets where they may not be: {sorted(found)}"


def _forms(secret: str) -> tuple[str, ...]:
    return secret, quote(secret, safe=""), json.dumps(secret)[1:-1], secret.encode().decode("latin-1")


def known_with(token: str, database: Stored) -> str:
    """Return the content of all tables with the sealed values opened."""
    sealing.use_token(token)
    return "\n".join(_opened(value) for row in database.rows_of() for value in row)


def _opened(value: object) -> str:
    is_sealed = isinstance(value, str) and value.startswith(f'"{sealing.SEALED}')
    return _text(sealing.unseal(json.loads(str(value)))) if is_sealed else str(value)


def kept_by_program(log: Path, database: Stored) -> Places:
    yield "the log", log.read_text()
    yield "the audit", "\n".join(map(str, database.rows_of("audit")))
    yield from database.at_rest()


def seen_by_all(states: Iterable[Json], calls: Iterable[Json]) -> Places:
    """Yield each person's view with the bots' group messages only, and the bot's `calls` to groups.

    Secrets that people type themselves are excluded; the bot deletes those messages, or asks their authors to.
    """
    for state in states:
        groups = [chat | {"messages": _by_bots(chat)} for chat in state["chats"] if chat["type"] != "private"]
        yield f"the page of {state['me']['first_name']}", _text(state | {"chats": groups})
    for call in calls:
        if str(call["params"].get("chat_id", "")).startswith("-"):
            yield f"{call['method']} to a group", _text(call["params"])


def seen_in_private(states: Iterable[Json], calls: Iterable[Json]) -> Places:
    """Yield private chats. They may show a phone's password to the person that asked for it, and no other secret."""
    for state in states:
        for chat in state["chats"]:
            if chat["type"] == "private":
                yield f"the private chat of {state['me']['first_name']}", _text(chat)
    yield "the bot's calls", "\n".join(_text(call["params"]) for call in calls)


def _by_bots(chat: Json) -> list[Json]:
    return [message for message in chat["messages"] if (message["from"] or {}).get("is_bot")]


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
