"""Errors of settings: one line for each wrong or missing one, with the remedy."""

from collections.abc import Iterable

from pydantic import ValidationError

REMEDIES = {
    "telegram_token": "is missing; create a bot with @BotFather and copy its token here",
    "pbx_url": "is missing; write the address of your MikoPBX, like https://pbx.example.com",
    "pbx_api_key": "is missing; create a key in MikoPBX under System → API keys and copy it here",
    "admins": "is missing, and the bot would obey nobody; put your own numeric Telegram id here (/id shows it)",
}


class WrongSettings(Exception):
    """Invalid settings; `lines` holds one readable line for each wrong or missing one, never the value of a secret."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))

    @classmethod
    def from_validation(cls, error: ValidationError) -> "WrongSettings":
        return cls(_line(one["loc"], one["type"], one["msg"]) for one in error.errors())


def _line(location: tuple[int | str, ...], kind: str, message: str) -> str:
    field = str(location[0]) if location else "settings"
    if kind == "missing":
        return f"{field.upper()}: {REMEDIES[field]}"
    text = message.removeprefix("Value error, ")
    return text if text.startswith("ROLE_") else f"{field.upper()}: {text}"
