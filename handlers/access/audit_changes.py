"""What a change found and left, field by field, as the audit shows it. Pure."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from bot.messages.access_words import ROLES
from bot.messages.message import mark
from handlers.employees.fields import FIELDS as EMPLOYEE_FIELDS
from handlers.trunks.fields import FIELDS as TRUNK_FIELDS

# Stored in English, as the keys of a record; what is not known here is shown as stored.
NAMES: Mapping[str, str] = {
    **{field.key: field.label for field in (*TRUNK_FIELDS.table, *EMPLOYEE_FIELDS.table)},
    **ROLES,
    "alerts": mark("Alerts"),
    "begins": mark("Begins"),
    "bound": mark("Bound"),
    "ends": mark("Ends"),
    "hours": mark("Hours"),
    "incoming": mark("Incoming routes"),
    "legs": mark("Shifts"),
    "level": mark("Level"),
    "login": mark("SIP password"),
    "outbound": mark("Outbound routes"),
    "people": mark("People"),
    "phone": mark("Own extension"),
    "quiet": mark("Quiet hours"),
    "registered": mark("Registration"),
    "remind": mark("Reminder"),
    "shift": mark("Shift"),
    "switched": mark("Switched"),
}
VALUES: Mapping[bool | str, str] = {
    True: mark("yes"),
    False: mark("no"),
    "anew": mark("anew"),
    "for good": mark("for good"),
    "given": mark("given"),
    "off": mark("off"),
    "on": mark("on"),
    "renewed": mark("renewed"),
}
# Of these keys alone, since a name or a note may be the same word.
WORDED = frozenset({"login", "registered", "switched", *ROLES})


Translate = Callable[[str], str]


class Difference(NamedTuple):
    """Texts to show; an absent value is ""."""

    name: str
    before: str
    after: str


def differences(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, translate: Translate
) -> Iterator[Difference]:
    """Yield each field that was changed, in the order of the record."""
    before, after = before or {}, after or {}
    for key in (*before, *(key for key in after if key not in before)):
        if before.get(key) != after.get(key):
            name = translate(NAMES[key]) if key in NAMES else key
            yield Difference(name, _text(key, before.get(key), translate), _text(key, after.get(key), translate))


def _text(key: str, value: Any, translate: Translate) -> str:
    """Return the value; names and notes are not translated, whatever words they are."""
    if isinstance(value, bool) or (key in WORDED and value in VALUES):
        return translate(VALUES[value])
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)
