"""Buttons that copy a phone number or a host; Telegram itself puts the sign of copying on them. Pure.

Callers and providers choose what stands in their place, so only a number or a host is copied, and nothing else.
"""

import re

from bot.messages import formatting
from bot.messages.message import CopyButton
from bot.text import phone_numbers

HOST = re.compile(r"[\w.:\[\]-]{1,253}")
"""A name, or an address with or without a port."""


def number_button(number: str, country: str) -> CopyButton | None:
    """Return the button that copies a number as any phone dials it; None if it cannot be dialled. `country` is that of
    numbers without a plus, "" if unknown."""
    digits = phone_numbers.bare(number)
    if not phone_numbers.DIGITS.fullmatch(digits) or len(digits) > phone_numbers.MAX_DIGITS + 1:
        return None
    found = phone_numbers.likeliest(digits, country)
    dialled = digits if found is None else phone_numbers.e164(found)
    return CopyButton(formatting.phone(digits, country), dialled)


def host_button(host: str) -> CopyButton | None:
    """Return the button that copies the host of a trunk; None if it has none."""
    return CopyButton(host, host) if HOST.fullmatch(host) else None


def copy_row(*buttons: CopyButton | None) -> tuple[tuple[CopyButton, ...], ...]:
    """Return the row of the buttons that there are; no row without any."""
    row = tuple(button for button in buttons if button is not None)
    return (row,) if row else ()
