"""What may be nowhere: every secret of a house, looked for in all that stays or that others see."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bot.demo.pbx import Pbx
from bot.demo.pbx.trunks import SECRET_MASK

Json = dict[str, Any]
Places = Iterator[tuple[str, str]]
# A shorter one may be a part of any word.
SHORTEST = 8


def passwords(station: Pbx) -> set[str]:
    """What the PBX has now, and all it was ever told or told others."""
    current = {person.secret for person in station.employees.values()}
    current |= {trunk.text("secret") for trunk in station.trunks.values()}
    return {password for password in current | station.heard.passwords if len(password) >= SHORTEST} - {SECRET_MASK}


def in_none(secrets: Iterable[str], places: Iterable[tuple[str, str]]) -> None:
    """Fails with what stands where. A secret is looked for as it is, as in an address, and as in JSON."""
    forms = {form: secret for secret in secrets for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])}
    found = {f"{place}: {forms[form]}" for place, text in places for form in forms if form in text}
    assert not found, f"secrets where they may not be: {sorted(found)}"


def kept_by_program(log: Path, database: Path) -> Places:
    yield "the log", log.read_text()
    if database.exists():
        yield "the audit", "\n".join(_rows(database))


def _rows(database: Path) -> Iterator[str]:
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'audit%'")
        for (table,) in tables.fetchall():
            yield from map(str, connection.execute(f'SELECT * FROM "{table}"'))  # noqa: S608 (a name from the database)


def seen_by_all(states: Iterable[Json], calls: Iterable[Json]) -> Places:
    """What people see of one another's chats. `calls` are those of the bot: what it edited or deleted since was read.

    What people themselves type is their own affair; the bot deletes it, or asks them to.
    """
    for state in states:
        groups = [chat | {"messages": _by_bots(chat)} for chat in state["chats"] if chat["type"] != "private"]
        yield f"the page of {state['me']['first_name']}", _text(state | {"chats": groups})
    for call in calls:
        if str(call["params"].get("chat_id", "")).startswith("-"):
            yield f"{call['method']} to a group", _text(call["params"])


def seen_in_private(states: Iterable[Json], calls: Iterable[Json]) -> Places:
    """A password of a phone may be shown here to who asked for it, and nothing else."""
    for state in states:
        for chat in state["chats"]:
            if chat["type"] == "private":
                yield f"the private chat of {state['me']['first_name']}", _text(chat)
    yield "the bot's calls", "\n".join(_text(call["params"]) for call in calls)


def _by_bots(chat: Json) -> list[Json]:
    return [message for message in chat["messages"] if (message["from"] or {}).get("is_bot")]


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
