"""Colours of buttons, by their action: green for what takes an outage, red for what deletes or takes away. Telegram's
servers that do not know them yet ignore them."""

from collections.abc import Mapping
from enum import StrEnum


class ButtonStyle(StrEnum):
    """Names of the Bot API."""

    SUCCESS = "success"
    DANGER = "danger"


STYLES: Mapping[str, ButtonStyle] = {
    **dict.fromkeys(("incident.take", "incident.take_all"), ButtonStyle.SUCCESS),
    **dict.fromkeys(
        (
            "employee.delete",
            "employee.delete_now",
            "trunk.delete",
            "access.take",
            "oncall.remove",
            "chat.unbind",
        ),
        ButtonStyle.DANGER,
    ),
}
