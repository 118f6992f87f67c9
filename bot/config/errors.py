"""Errors of settings: one line for each wrong or missing one, with the remedy."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

REMEDIES = {
    "telegram_token": "is missing; create a bot with @BotFather and copy its token here",
    "pbx_url": "is missing; write the address of your MikoPBX, like https://pbx.example.com",
    "pbx_api_key": "is missing; create a key in MikoPBX under System → API keys and copy it here",
    "admins": "is missing, and the bot would obey nobody; put your own numeric Telegram id here (/id shows it)",
}
# By pydantic's types of errors; their own sentences are about Python.
SENTENCES = {
    "int_parsing": "is not a whole number; write digits only, like 60",
    "int_type": "is not a whole number; write digits only, like 60",
    "int_from_float": "is not a whole number; write digits only, like 60",
    "float_parsing": "is not a number; write digits only, like 60 or 0.5",
    "float_type": "is not a number; write digits only, like 60 or 0.5",
    "finite_number": "is not a number; write digits only, like 60 or 0.5",
    "bool_parsing": "is neither true nor false",
    "bool_type": "is neither true nor false",
    "greater_than_equal": "is too small; write at least {ge:g}",
    "less_than_equal": "is too large; write at most {le:g}",
    "string_type": "is not a text; write it in quotes",
    "string_unicode": "is not in UTF-8; write it anew",
    "string_too_long": "is too long; write at most {max_length} characters",
    "string_too_short": "is empty; write at least {min_length} character",
    "literal_error": "is not one of its values; write {expected}",
}


class WrongSettings(Exception):
    """Invalid settings; `lines` holds one readable line for each wrong or missing one, never the value of a secret."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))

    @classmethod
    def from_validation(cls, error: ValidationError) -> "WrongSettings":
        return cls(
            _line(one["loc"], one["type"], sentence(one["type"], one["msg"], one.get("ctx", {})))
            for one in error.errors()
        )


def _line(location: tuple[int | str, ...], kind: str, text: str) -> str:
    field = str(location[0]) if location else "settings"
    if kind == "missing":
        return f"{field.upper()}: {REMEDIES[field]}"
    return text if text.startswith("ROLE_") else f"{field.upper()}: {text}"


def sentence(kind: str, message: str, limits: Mapping[str, Any]) -> str:
    """Return what is wrong and what to write, in words of the settings; it never quotes the value."""
    if kind in SENTENCES:
        return SENTENCES[kind].format(**limits)
    return message.removeprefix("Value error, ")
