"""Parser of `243 John Smith john@company.com +7 900 123-45-67 ring=30`. Pure."""

import re

from bot.messages.message import mark
from bot.pbx import EmployeeDraft
from bot.text.normalization import normalized_figures
from handlers.dispatch.request import WrongArguments
from handlers.employees import fields as employee_fields
from handlers.parsing.arguments import read_words
from handlers.parsing.fields import Problem

PHONE_PART = re.compile(r"\+?[\d().-]+")


def read_draft(text: str, country: str = "") -> tuple[EmployeeDraft, list[Problem]]:
    """Parse what can be read of an employee, and return the problems of the rest.

    Without a number the PBX chooses one; a mobile without a plus is of the `country`. Raises WrongArguments if the name
    is all that is missing, or everything is.
    """
    words = read_words(text, employee_fields.NAME_WORDS)
    if not words.free and not words.fields:
        raise WrongArguments(mark("Whom shall I create? Write a name, and a number if you want a certain one."))
    draft, problems = employee_fields.read_fields(as_written(text), country)
    if not draft.name and all(problem.readings for problem in problems):
        raise WrongArguments(mark("A name is missing."))
    return draft, problems


def as_written(text: str) -> dict[str, str]:
    """Raw text of each field, not validated."""
    words = read_words(text, employee_fields.NAME_WORDS)
    return _free(list(words.free)) | words.fields


def _free(words: list[str]) -> dict[str, str]:
    """Number first, e-mail and mobile last, in any order; the words between them are the name."""
    number = words.pop(0) if words and re.fullmatch(r"[\d+]\S*", normalized_figures(words[0])) else ""
    email, words = _take_email(words)
    mobile, words = _take_mobile(words)
    if not email:
        email, words = _take_email(words)
    found = {"number": number, "name": " ".join(words), "email": email, "mobile": mobile}
    return {key: value for key, value in found.items() if value}


def _take_email(words: list[str]) -> tuple[str, list[str]]:
    return (words[-1], words[:-1]) if words and "@" in words[-1] else ("", words)


def _take_mobile(words: list[str]) -> tuple[str, list[str]]:
    """Extract the longest tail that looks like a phone number, which may contain spaces."""
    start = len(words)
    while start and PHONE_PART.fullmatch(normalized_figures(words[start - 1])):
        start -= 1
    return normalized_figures("".join(words[start:])), words[:start]
