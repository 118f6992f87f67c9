"""Fields of an employee: names, syntax, and the limits of the PBX. Pure.

The PBX does not refuse a value that it cannot use, it changes it without an error: `20a` becomes 20, nine digits become
eight, a mobile with letters becomes none, a long name is cut. So every value is validated here, before the write.
"""

import re
import secrets
import string
from collections.abc import Iterable, Mapping
from functools import cache, partial
from typing import Any

from phonenumbers import PhoneNumber
from pydantic import SecretStr

from bot.messages.message import mark
from bot.pbx import Employee, EmployeeDraft
from bot.text import phone_numbers
from bot.text.normalization import normalized_figures
from handlers.parsing.fields import (
    EMPTY_WORDS,
    PASSWORD,
    PASSWORD_WORDS,
    Field,
    Fields,
    Problem,
    WrongValue,
    one_line,
    one_of,
    whole_number,
    yes_or_no,
)

TRANSPORTS = ("udp", "tcp", "tls", "udp,tcp")
DTMF_MODES = ("auto", "auto_info", "rfc4733", "inband", "info")
FORWARD_WORDS = ("hangup", "busy", "voicemail", "did2user")
NUMBER = re.compile(r"[0-9]{2,8}")
EMAIL = re.compile(r"\A[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
DESTINATION = re.compile(r"\+?[0-9*#]{2,20}")
# The shortest time a call may ring before it is forwarded.
RING_BEFORE_FORWARDING = 3
# No characters that look alike in a phone's menu. Twenty of three kinds satisfy the PBX's rule of strength.
PASSWORD_ALPHABET = "".join(c for c in string.ascii_letters + string.digits if c not in "Il1O0o")
PASSWORD_LENGTH = 20


def number(text: str) -> str:
    digits = normalized_figures(text).strip()
    if not NUMBER.fullmatch(digits):
        raise WrongValue(mark("2 to 8 digits and nothing else"))
    return digits


def name(text: str) -> str:
    if not text.strip():
        raise WrongValue(mark("1 to 100 characters"))
    return one_line(text, 100, mark("1 to 100 characters"))


def email(text: str) -> str:
    if text in EMPTY_WORDS:
        return ""
    if not EMAIL.fullmatch(text) or len(text) > 255:
        raise WrongValue(mark("an address like anna@company.com, at most 255 characters"))
    return text


def mobile(text: str, country: str = "") -> str:
    """Return it as `+79001234567`. Without a plus it is read as dialled in the country of the PBX; where that is not
    known, as Russians dial or with the country's code in front. An ambiguous number is refused with both readings."""
    digits = phone_numbers.bare(text)
    if text in EMPTY_WORDS or digits in EMPTY_WORDS:
        return ""
    if not re.fullmatch(r"\+?[0-9]{7,15}", digits):
        raise WrongValue(MOBILE_FORM)
    found = phone_numbers.readings(digits, country or phone_numbers.USUAL_COUNTRY)
    if not found:
        raise WrongValue(MOBILE_FORM)
    if not phone_numbers.are_certain(digits, found) or (len(found) > 1 and not country):
        raise WrongValue(TWO_NUMBERS, _readings(text, found), tuple(map(phone_numbers.e164, found)))
    return phone_numbers.e164(found[0])


def exported_mobile(stored: str, country: str) -> str:
    """Return the number in full, which an import reads back without a guess; other text as the PBX has it."""
    found = phone_numbers.readings(phone_numbers.bare(stored), country or phone_numbers.USUAL_COUNTRY)
    return phone_numbers.e164(found[0]) if found else stored


def _readings(text: str, found: Iterable[PhoneNumber]) -> str:
    return f"{text} = {' / '.join(map(phone_numbers.formatted, found))}"


MOBILE_FORM = mark("a number with its country, like +79001234567")
TWO_NUMBERS = mark("that can be two numbers; write the right one with its plus")


def dial(text: str) -> str:
    return one_line(text, 255, mark("at most 255 characters"))


def transport(text: str) -> str:
    return one_of(text.replace(" ", "").replace("/", ","), TRANSPORTS, mark("udp, tcp, tls or udp,tcp"))


def dtmf(text: str) -> str:
    return one_of(text, DTMF_MODES, mark("auto, auto_info, rfc4733, inband or info"))


def network_filter(text: str) -> str:
    if text in EMPTY_WORDS:
        return "none"
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise WrongValue(mark("the number of a network filter of the PBX, or none"))
    return text


def extra(text: str) -> str:
    """Lines of Asterisk's configuration; where a line break cannot be typed, \\n stands for it."""
    if len(text) > 1024:
        raise WrongValue(mark("at most 1024 characters"))
    return text.replace("\\n", "\n")


def ring(text: str) -> int:
    return whole_number(text, 1, 180, mark("1 to 180 seconds"))


def destination(text: str) -> str:
    word = text.lower()
    if word in EMPTY_WORDS:
        return ""
    if word in FORWARD_WORDS:
        return word
    digits = phone_numbers.bare(text)
    if not DESTINATION.fullmatch(digits):
        raise WrongValue(mark("a number, hangup, busy, voicemail, or none"))
    return digits


def password(text: str) -> SecretStr:
    if not 5 <= len(text) <= 100:
        raise WrongValue(mark("5 to 100 characters"))
    return SecretStr(text)


@cache
def fields_in(country: str) -> Fields:
    """Return all fields, with mobiles without a plus read as of `country`; it is "" while the PBX's is not known."""
    return Fields(
        Field("number", mark("Number"), ("номер", "extension", "ext", "добавочный"), number),
        Field("name", mark("Name"), ("имя", "фио", "user_username", "fio"), name),
        Field("email", mark("E-mail"), ("почта", "mail", "e-mail", "user_email"), email),
        Field(
            "mobile",
            mark("Mobile"),
            ("мобильный", "телефон", "phone", "cell", "mobile_number"),
            partial(mobile, country=country),
        ),
        Field("dial", mark("Mobile dial string"), ("набор", "dialstring", "mobile_dialstring"), dial),
        Field("transport", mark("Transport"), ("транспорт", "sip_transport"), transport),
        Field("dtmf", mark("DTMF"), ("тон", "sip_dtmfmode"), dtmf),
        Field("record", mark("Call recording"), ("запись", "recording", "sip_enablerecording"), yes_or_no),
        Field("filter", mark("Network filter"), ("фильтр", "networkfilter", "sip_networkfilterid"), network_filter),
        Field("extra", mark("Extra SIP parameters"), ("дополнительно", "sip_manualattributes"), extra),
        Field("ring", mark("Ring time"), ("звонок", "ringlength", "fwd_ringlength"), ring),
        Field("forward", mark("Forward always"), ("переадресация", "forwarding", "fwd_forwarding"), destination),
        Field("busy", mark("Forward when busy"), ("занято", "onbusy", "fwd_forwardingonbusy"), destination),
        Field(
            "unavailable",
            mark("Forward when unavailable"),
            ("недоступен", "onunavailable", "fwd_forwardingonunavailable"),
            destination,
        ),
        Field(PASSWORD, mark("SIP password"), PASSWORD_WORDS, password),
    )


# For names and labels, which depend on no country.
FIELDS = fields_in("")
# Of these a value may have several words without quotes.
NAME_WORDS = FIELDS.names_of("name")


def read_fields(written: Mapping[str, str], country: str = "") -> tuple[EmployeeDraft, list[Problem]]:
    """Return the parsed fields, and all problems in them."""
    values, problems = fields_in(country).read(written)
    draft = EmployeeDraft(**values)
    return draft, problems + contradictions(draft)


def contradictions(draft: EmployeeDraft, changed: Employee | None = None) -> list[Problem]:
    """Conflicts between fields that are valid each alone; for a change, together with the employee's other fields."""
    problems = []
    own = draft.number or (changed.number if changed else None)
    for key in ("forward", "busy", "unavailable"):
        target = getattr(draft, key)
        if target and target == own:
            problems.append(Problem(FIELDS.by_key[key].label, mark("not to the employee's own number"), target))
    forward, ring = draft.forward, draft.ring
    if changed is not None and (forward is not None or ring is not None):
        forward = changed.forward if forward is None else forward
        ring = changed.ring if ring is None else ring
    if forward and ring is not None and ring < RING_BEFORE_FORWARDING:
        shortest = mark("at least 3 seconds before a call is forwarded")
        problems.append(Problem(FIELDS.by_key["ring"].label, shortest, str(ring)))
    return problems


def draft_values(draft: EmployeeDraft) -> dict[str, Any]:
    """Return the fields that are set, without the password, by key."""
    return draft.model_dump(exclude_none=True, exclude={"secret"})


def current_values(employee: Employee) -> dict[str, Any]:
    """Return the same for an employee of the PBX."""
    return employee.model_dump(include=set(FIELDS.by_key) - {PASSWORD})


def labelled(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return FIELDS.labelled(facts)


def changes(employee: Employee, after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Differences from the values that the PBX has."""
    return FIELDS.changes(current_values(employee), after)


def new_sip_password() -> str:
    while True:
        password = "".join(secrets.choice(PASSWORD_ALPHABET) for _ in range(PASSWORD_LENGTH))
        kinds = (str.islower, str.isupper, str.isdigit)
        if all(any(kind(c) for c in password) for kind in kinds):
            return password
