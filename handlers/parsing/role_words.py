"""Words for the built-in roles besides their names. Pure."""

from collections.abc import Collection

RUSSIAN = {
    "viewer": "наблюдатель наблюдателя просмотр зритель",
    "operator": "оператор оператора",
    "admin": "администратор администратора админ админа",
}
WORDS = {word: role for role, words in RUSSIAN.items() for word in words.split()}


def role_named(word: str, known: Collection[str]) -> str | None:
    """Return the role that the word names; None if it is none of the known ones."""
    written = word.lower().strip("«»\"'")
    role = written if written in known else WORDS.get(written)
    return role if role in known else None
