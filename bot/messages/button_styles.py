"""Colours of buttons, by their action: green for what takes an outage or a missed caller, red for what deletes, or
takes away a right, a shift or alerts. What only stops, cancels a question or ends a mute has none. Telegram's servers
that do not know them yet ignore them."""

from collections.abc import Mapping
from enum import StrEnum


class ButtonStyle(StrEnum):
    """Names of the Bot API."""

    SUCCESS = "success"
    DANGER = "danger"


STYLES: Mapping[str, ButtonStyle] = {
    **dict.fromkeys(
        ("incident.take", "incident.take_all", "incident.ack", "missed_card.claim", "missed_card.call"),
        ButtonStyle.SUCCESS,
    ),
    **dict.fromkeys(
        (
            "employee.delete",
            "employee.delete_now",
            "trunk.delete",
            "access.ask_take",
            "access.take",
            "oncall.remove",
            "oncall.cancel",
            "chat.unbind",
            "watch.stop",
        ),
        ButtonStyle.DANGER,
    ),
}
