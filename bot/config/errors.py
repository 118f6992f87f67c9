"""Errors of settings: one line for each wrong or missing one, with the remedy."""

from collections.abc import Iterable

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


def complaint(location: tuple[int | str, ...], kind: str, message: str) -> str:
    """Return the line for an error of pydantic."""
    field = str(location[0]) if location else "settings"
    if kind == "missing":
        return f"{field.upper()}: {REMEDIES[field]}"
    text = message.removeprefix("Value error, ")
    return text if text.startswith("ROLE_") else f"{field.upper()}: {text}"
