"""Every field of an employee: what people call it, how it is written, and the limits the PBX has. Pure.

The PBX does not refuse what it cannot use, it quietly changes it: `20a` becomes 20, nine digits become eight, a
mobile with letters becomes none, a long name is cut. So everything is checked here, before anything is sent.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import phonenumbers
from pydantic import SecretStr

from bot.chat.message import Message, mark
from bot.pbx import Employee, EmployeeDraft
from handlers.command import WrongArguments

TRANSPORTS = ("udp", "tcp", "tls", "udp,tcp")
DTMF_MODES = ("auto", "auto_info", "rfc4733", "inband", "info")
FORWARD_WORDS = ("hangup", "busy", "voicemail", "did2user")
YES = frozenset({"yes", "y", "on", "true", "1", "да", "вкл"})
NO = frozenset({"no", "n", "off", "false", "0", "нет", "выкл"})
NOTHING = frozenset({"", "-", "none", "no", "нет"})
NUMBER = re.compile(r"[0-9]{2,8}")
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
DESTINATION = re.compile(r"\+?[0-9*#]{2,20}")
# The shortest time a call may ring before it is forwarded.
RING_BEFORE_FORWARDING = 3


class WrongValue(ValueError):
    """`problem` is one marked sentence about a value."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Field:
    """`key` is its name in a draft, in field=value and as a column; `words` are other names people use for it."""

    key: str
    label: str
    words: tuple[str, ...]
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field: label and problem are marked texts. `value` is what was written, but never a
    password; `nearest` is the field that may have been meant."""

    label: str
    problem: str
    value: str = ""
    nearest: str = ""


def number(text: str) -> str:
    if not NUMBER.fullmatch(text):
        raise WrongValue(mark("2 to 8 digits and nothing else"))
    return text


def name(text: str) -> str:
    return _text(text, 100, mark("1 to 100 characters")) or _refuse(mark("1 to 100 characters"))


def email(text: str) -> str:
    if text in NOTHING:
        return ""
    if not EMAIL.fullmatch(text) or len(text) > 255:
        raise WrongValue(mark("an address like anna@company.com, at most 255 characters"))
    return text


def mobile(text: str) -> str:
    """In the international form, `+79001234567`. Without a plus the country's code is looked for in front, and the 8
    that Russians dial is understood."""
    if text in NOTHING:
        return ""
    digits = re.sub(r"[\s().-]", "", text)
    if not re.fullmatch(r"\+?[0-9]{7,15}", digits):
        raise WrongValue(MOBILE_FORM)
    for attempt, region in ((f"+{digits.removeprefix('+')}", None), (digits, "RU")):
        try:
            parsed = phonenumbers.parse(attempt, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    raise WrongValue(MOBILE_FORM)


MOBILE_FORM = mark("a number with its country, like +79001234567")


def dial(text: str) -> str:
    return _text(text, 255, mark("at most 255 characters"))


def transport(text: str) -> str:
    return _one_of(text.replace(" ", "").replace("/", ","), TRANSPORTS, mark("udp, tcp, tls or udp,tcp"))


def dtmf(text: str) -> str:
    return _one_of(text, DTMF_MODES, mark("auto, auto_info, rfc4733, inband or info"))


def record(text: str) -> bool:
    if text.lower() in YES | NO:
        return text.lower() in YES
    raise WrongValue(mark("yes or no"))


def network_filter(text: str) -> str:
    if text in NOTHING:
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
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= 180:
        raise WrongValue(mark("1 to 180 seconds"))
    return int(text)


def destination(text: str) -> str:
    word = text.lower()
    if word in NOTHING:
        return ""
    if word in FORWARD_WORDS:
        return word
    plain = re.sub(r"[\s().-]", "", text)
    if not DESTINATION.fullmatch(plain):
        raise WrongValue(mark("a number, hangup, busy, voicemail, or none"))
    return plain


def password(text: str) -> SecretStr:
    if not 5 <= len(text) <= 100:
        raise WrongValue(mark("5 to 100 characters"))
    return SecretStr(text)


FIELDS = (
    Field("number", mark("Number"), ("номер", "extension", "ext", "добавочный"), number),
    Field("name", mark("Name"), ("имя", "фио", "user_username", "fio"), name),
    Field("email", mark("E-mail"), ("почта", "mail", "e-mail", "user_email"), email),
    Field("mobile", mark("Mobile"), ("мобильный", "телефон", "phone", "cell", "mobile_number"), mobile),
    Field("dial", mark("Mobile dial string"), ("набор", "dialstring", "mobile_dialstring"), dial),
    Field("transport", mark("Transport"), ("транспорт", "sip_transport"), transport),
    Field("dtmf", mark("DTMF"), ("тон", "sip_dtmfmode"), dtmf),
    Field("record", mark("Call recording"), ("запись", "recording", "sip_enablerecording"), record),
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
    Field("password", mark("SIP password"), ("пароль", "secret", "pass", "sip_secret"), password),
)
BY_KEY = {field.key: field for field in FIELDS}
NAMES = {word: field for field in FIELDS for word in (field.key, *field.words)}


def find_field(written: str) -> Field | None:
    return NAMES.get(written.strip().lower())


def read_fields(written: Mapping[str, str]) -> tuple[EmployeeDraft, list[Problem]]:
    """What was written for each field, and everything that is wrong with it."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for word, text in written.items():
        field = find_field(word)
        if field is None:
            near = difflib.get_close_matches(word.lower(), NAMES, n=1)
            nearest = NAMES[near[0]].key if near else ""
            problems.append(Problem(mark("Unknown field"), "", word, nearest))
            continue
        try:
            values["secret" if field.key == "password" else field.key] = field.read(text.strip())
        except WrongValue as wrong:
            problems.append(Problem(field.label, wrong.problem, "" if field.key == "password" else text))
    draft = EmployeeDraft(**values)
    return draft, problems + contradictions(draft)


def contradictions(draft: EmployeeDraft, own_number: str | None = None) -> list[Problem]:
    """What each field allows and the fields together do not. `own_number` is that of an employee who is changed."""
    problems = []
    own = draft.number or own_number
    for key in ("forward", "busy", "unavailable"):
        target = getattr(draft, key)
        if target and target == own:
            problems.append(Problem(BY_KEY[key].label, mark("not to the employee's own number"), target))
    if draft.forward and draft.ring is not None and draft.ring < RING_BEFORE_FORWARDING:
        problems.append(Problem(BY_KEY["ring"].label, mark("at least 3 seconds before a call is forwarded")))
    return problems


def refuse(problems: list[Problem]) -> None:
    """Raises WrongArguments that names every problem, when there are any."""
    if problems:
        facts = [{"label": p.label, "problem": p.problem, "value": p.value, "nearest": p.nearest} for p in problems]
        raise WrongArguments(message=Message("wrong_fields", {"problems": facts}))


def said(draft: EmployeeDraft) -> dict[str, Any]:
    """The fields that were said, without the password, as plain facts by key."""
    return draft.model_dump(exclude_none=True, exclude={"secret"})


def known(employee: Employee) -> dict[str, Any]:
    """The same of an employee that the PBX has."""
    return employee.model_dump(include=set(BY_KEY) - {"password"})


def shown(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Label and value of each field, in the order of the table, for a template."""
    return [{"key": f.key, "label": f.label, "value": facts[f.key]} for f in FIELDS if f.key in facts]


def changes(employee: Employee, after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Key, label, old and new value of what is, or would be, different. A mobile is the same with and without plus."""
    before = known(employee)
    return [
        {"key": f.key, "label": f.label, "old": before[f.key], "new": after[f.key]}
        for f in FIELDS
        if f.key in after and _same(f.key, before[f.key]) != _same(f.key, after[f.key])
    ]


def _same(key: str, value: Any) -> Any:
    return str(value).removeprefix("+") if key == "mobile" else value


def _text(text: str, most: int, problem: str) -> str:
    one_line = " ".join(text.split())
    if len(one_line) > most:
        raise WrongValue(problem)
    return one_line


def _one_of(text: str, choices: tuple[str, ...], problem: str) -> str:
    word = text.lower()
    return word if word in choices else _refuse(problem)


def _refuse(problem: str) -> str:
    raise WrongValue(problem)
