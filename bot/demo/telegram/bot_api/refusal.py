"""Error responses of the Bot API."""

from bot.demo.telegram.model import Json

CONFLICT = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


class BotApiRefused(Exception):
    """Rendered as `{"ok": false, "error_code": code, "description": …, "parameters": …}` with the same HTTP status."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def as_json(self) -> Json:
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        return body | ({"parameters": self.parameters} if self.parameters else {})


def bad_request(reason: str) -> BotApiRefused:
    return BotApiRefused(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> BotApiRefused:
    return BotApiRefused(403, f"Forbidden: {reason}")


def too_many_requests(seconds: int) -> BotApiRefused:
    return BotApiRefused(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


def migrated(new_id: int) -> BotApiRefused:
    text = "Bad Request: group chat was upgraded to a supergroup chat"
    return BotApiRefused(400, text, {"migrate_to_chat_id": new_id})
