"""Inline keyboards: labels, colours, and callback data that holds only ids."""

from collections.abc import Iterator, Mapping
from typing import Any

from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from bot.messages import masking
from bot.messages.button_styles import STYLES
from bot.messages.renderer import Renderer
from bot.messages.sanitize import shortened
from bot.store.tables.messages import Keyboard

# In UTF-16 units; no phone shows more of one.
MAX_LABEL = 64


def markup_of(keyboard: Keyboard | None, renderer: Renderer, masked: bool) -> InlineKeyboardMarkup | None:
    """Return the keyboard as Telegram takes it. `masked` shows phone numbers in part, and leaves out the buttons that
    copy one."""
    if keyboard is None:
        return None
    rows = [[*_shown(keyboard.id, row, buttons, renderer, masked)] for row, buttons in enumerate(keyboard.rows)]
    return InlineKeyboardMarkup([row for row in rows if row])


def _shown(
    keyboard_id: str, row: int, buttons: list[Mapping[str, Any]], renderer: Renderer, masked: bool
) -> Iterator[InlineKeyboardButton]:
    for column, button in enumerate(buttons):
        label = _legible(renderer.label(button["label"], masked=masked))
        if (text := button.get("copy")) is None:
            style = STYLES.get(button.get("action", ""))
            yield InlineKeyboardButton(label, callback_data=f"{keyboard_id}:{row}:{column}", style=style)
        elif not masked or masking.masked(text) == text:
            yield InlineKeyboardButton(label, copy_text=CopyTextButton(text))


def _legible(label: str) -> str:
    """Return a label that Telegram accepts: it refuses an empty one, and names from the PBX may be long."""
    short = shortened(label, MAX_LABEL)
    return short if short.strip() else "–"
