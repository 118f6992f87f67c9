"""Choice between the two numbers that a mobile without a plus can mean: neither is taken for granted."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import phonenumbers

from bot.messages.message import Button, Message, Rows
from bot.pbx import EmployeeDraft
from bot.text.phone_numbers import formatted
from handlers.dispatch.request import Reply, Request
from handlers.employees.fields import draft_values
from handlers.parsing.fields import Problem


def offer(
    request: Request, draft: EmployeeDraft, problems: Sequence[Problem], action: str, data: Mapping[str, Any]
) -> Reply | None:
    """Ask which number is meant, if nothing else is wrong; the buttons run `action` with `data` and the whole draft.

    None if there is another problem, or a password, which no button keeps.
    """
    if len(problems) != 1 or not problems[0].readings or draft.secret is not None:
        return None
    values = draft_values(draft)
    rows = buttons(problems[0].readings, action, lambda number: {**data, "draft": {**values, "mobile": number}})
    facts = {"station": request.station.name, "value": problems[0].value}
    return Reply(Message("which_mobile", facts, rows), outcome="a mobile that can be two numbers")


def buttons(readings: Sequence[str], action: str, data: Callable[[str], Mapping[str, Any]]) -> Rows:
    """Return a button of each reading, in full; `data` returns the data of its button."""
    return tuple((Button(formatted(phonenumbers.parse(number, None)), action, data(number)),) for number in readings)
