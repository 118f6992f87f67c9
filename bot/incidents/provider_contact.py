"""Contacts of a provider, read from the note of its trunk in the PBX. Pure.

Only a telephone number or a mail address is taken: a note may hold passwords, and alerts go to groups.
"""

import re

NUMBER = re.compile(r"(?<![\w.@+])\+?\d[\d ()\-\u2011]{5,18}\d(?![\w@])")
MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}(?![\w@])")
# A contract's number or a date is written with fewer digits, a card with more.
DIGITS = range(7, 16)


def contact_in(note: str) -> str:
    """Return the first number and the first address, "" for neither."""
    numbers = (found[0].strip() for found in NUMBER.finditer(note))
    number = next((one for one in numbers if sum(char.isdigit() for char in one) in DIGITS), "")
    address = MAIL.search(note)
    return ", ".join(part for part in (number, address[0] if address else "") if part)
