"""Validate keyboards as Telegram does, and find the pressed button."""

from collections.abc import Sequence

from bot.demo.telegram.bot_api.params import Params
from bot.demo.telegram.bot_api.refusal import bad_request
from bot.demo.telegram.model import ChatMessage, Json

MOST_BUTTONS = 100
MOST_IN_ROW = 8
LONGEST_DATA = 64
LONGEST_COPIED = 256
STYLES = ("primary", "success", "danger")
ACTIONS = frozenset({"callback_data", "url", "web_app", "login_url", "switch_inline_query", "copy_text", "pay"}) | {
    "switch_inline_query_current_chat"
}


def read_markup(params: Params) -> Json | None:
    """Parse a keyboard. Raises BotApiRefused for one that Telegram refuses. An empty inline keyboard means none."""
    markup = params.mapping("reply_markup")
    if markup is None:
        return None
    if "inline_keyboard" not in markup.values:
        return markup.values
    rows = [_row(row) for row in markup.items("inline_keyboard")]
    if sum(len(row) for row in rows) > MOST_BUTTONS or any(len(row) > MOST_IN_ROW for row in rows):
        raise bad_request("reply markup is too long")
    rows = [row for row in rows if row]
    return {"inline_keyboard": rows} if rows else None


def _row(row: object) -> list[Json]:
    if not isinstance(row, list):
        raise bad_request('object expected as reply markup: field "inline_keyboard" must be an Array of Arrays')
    return [_button(button) for button in row]


def _button(button: object) -> Json:
    if not isinstance(button, dict) or not str(button.get("text") or "").strip():
        raise bad_request("can't parse inline keyboard button: Can't find field \"text\"")
    if not ACTIONS & button.keys():
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= LONGEST_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
    copied = copied_text(button)
    if copied is not None and not 1 <= len(copied) <= LONGEST_COPIED:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    if button.get("style") not in (None, *STYLES):
        raise bad_request("BUTTON_STYLE_INVALID")
    url = button.get("url")
    if url is not None and not str(url).startswith(("http://", "https://", "tg://")):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    return button


def copied_text(button: Json) -> str | None:
    """Return the text that a button copies; None for a button of another kind."""
    if "copy_text" not in button:
        return None
    copied = button["copy_text"]
    return str(copied.get("text") or "") if isinstance(copied, dict) else ""


def inline_rows(message: ChatMessage) -> list[list[Json]]:
    rows = (message.markup or {}).get("inline_keyboard")
    return rows if isinstance(rows, list) else []


def button_at(rows: Sequence[Sequence[Json]], row: int, column: int) -> Json | None:
    if 0 <= row < len(rows) and 0 <= column < len(rows[row]):
        return rows[row][column]
    return None
