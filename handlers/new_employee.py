"""Reading `243 John Smith john@company.com +7 900 123-45-67`. Pure.

The PBX does not refuse what it cannot use, it quietly changes it: `20a` becomes 20, nine digits become eight, a
mobile with letters becomes none, a long name is cut. So everything is checked here, before anything is sent.
"""

import re
from dataclasses import dataclass

from bot.chat.message import mark
from handlers.command import WrongArguments

NAME_LIMIT = 100
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
PHONE_PART = re.compile(r"\+?[\d().-]+")
MOBILE = re.compile(r"\+?[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class Asked:
    """`number` is empty when the PBX is to choose it; `mobile` is digits with or without a leading plus."""

    number: str
    name: str
    email: str = ""
    mobile: str = ""


def read_employee(text: str) -> Asked:
    """Raises WrongArguments with the sentence for the person."""
    words = text.split()
    if not words:
        raise WrongArguments(mark("Whom shall I create? Write a name, and a number if you want a certain one."))
    number = words.pop(0) if re.fullmatch(r"[\d+]\S*", words[0]) else ""
    if number and not re.fullmatch(r"[0-9]{2,8}", number):
        raise WrongArguments(mark("An extension number has 2 to 8 digits and nothing else."))
    email, words = _take_email(words)
    mobile, words = _take_mobile(words)
    if not email:
        email, words = _take_email(words)
    name = " ".join(words)
    if not name:
        raise WrongArguments(mark("A name is missing."))
    if len(name) > NAME_LIMIT:
        raise WrongArguments(mark("The name is too long: the PBX keeps 100 characters."))
    return Asked(number, name, email, mobile)


def _take_email(words: list[str]) -> tuple[str, list[str]]:
    if not words or "@" not in words[-1]:
        return "", words
    if not EMAIL.fullmatch(words[-1]) or len(words[-1]) > 255:
        raise WrongArguments(mark("The e-mail address does not look right."))
    return words[-1], words[:-1]


def _take_mobile(words: list[str]) -> tuple[str, list[str]]:
    """A phone number may be written with spaces, so the longest tail that looks like one is it."""
    start = len(words)
    while start and PHONE_PART.fullmatch(words[start - 1]):
        start -= 1
    written = "".join(words[start:])
    if not written:
        return "", words
    mobile = re.sub(r"[().-]", "", written)
    if not MOBILE.fullmatch(mobile):
        raise WrongArguments(mark("The mobile number does not look right; write it like +79001234567."))
    return mobile, words[:start]
