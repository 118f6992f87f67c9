"""Colours of buttons."""

from bot.messages.button_styles import STYLES, ButtonStyle
from handlers import CATALOGUE


def test_every_coloured_button_is_declared() -> None:
    assert STYLES.keys() <= CATALOGUE.buttons.keys()


def test_what_deletes_or_takes_away_is_red() -> None:
    red = {action for action, style in STYLES.items() if style is ButtonStyle.DANGER}
    deletes = {
        action
        for action, button in CATALOGUE.buttons.items()
        if action.endswith((".delete", ".delete_now", ".take", ".remove", ".unbind")) and action != "incident.take"
    }
    assert deletes - {"suggestion.take", "oncall.take"} <= red
