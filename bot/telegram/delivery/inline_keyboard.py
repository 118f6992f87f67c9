"""Buttons as Telegram is given them: a label, and an id that says nothing to anybody."""

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.messages.renderer import Renderer
from bot.messages.sanitize import shortened
from bot.store.tables.incidents import Keyboard

# In UTF-16 units; no phone shows more of one.
LABEL_LIMIT = 64


def markup_of(keyboard: Keyboard | None, renderer: Renderer, masked: bool) -> InlineKeyboardMarkup | None:
    if keyboard is None:
        return None
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(
                    _legible(renderer.label(button["label"], masked=masked)),
                    callback_data=f"{keyboard.id}:{row}:{column}",
                )
                for column, button in enumerate(buttons)
            ]
            for row, buttons in enumerate(keyboard.rows)
        ]
    )


def _legible(label: str) -> str:
    """A button may bear a name from the PBX. Telegram refuses a keyboard with an empty label, or one far too long."""
    short = shortened(label, LABEL_LIMIT)
    return short if short.strip() else "–"
