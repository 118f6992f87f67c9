"""Inline keyboards: labels, colours, and callback data that holds only ids."""

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.messages.button_styles import STYLES
from bot.messages.renderer import Renderer
from bot.messages.sanitize import shortened
from bot.store.tables.messages import Keyboard

# In UTF-16 units; no phone shows more of one.
MAX_LABEL = 64


def markup_of(keyboard: Keyboard | None, renderer: Renderer, masked: bool) -> InlineKeyboardMarkup | None:
    if keyboard is None:
        return None
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(
                    _legible(renderer.label(button["label"], masked=masked)),
                    callback_data=f"{keyboard.id}:{row}:{column}",
                    style=STYLES.get(button.get("action", "")),
                )
                for column, button in enumerate(buttons)
            ]
            for row, buttons in enumerate(keyboard.rows)
        ]
    )


def _legible(label: str) -> str:
    """Return a label that Telegram accepts: it refuses an empty one, and names from the PBX may be long."""
    short = shortened(label, MAX_LABEL)
    return short if short.strip() else "–"
