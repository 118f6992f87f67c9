"""Translations of the PBX's own error messages: the fault and its remedy. Pure.

The PBX answers in English or in the language of its settings, some messages with internals of its code; a message that
is not known here is shown as it came, in quotation marks.
"""

import re
from typing import NamedTuple

from bot.messages.message import mark


class Sentence(NamedTuple):
    """Marked text and its parameters."""

    text: str
    filled: dict[str, str]


# Patterns match the whole message of the PBX.
TRANSLATIONS: tuple[tuple[str, str], ...] = (
    (r"Extension already occupied|Number \S+ is already .*", mark("the number is taken; choose another")),
    (r"The mobile number is already used.*", mark("the mobile number belongs to somebody else; choose another")),
    (r"Default password is being used", mark("everybody knows this password; choose another")),
    (
        r"For security, password must.*",
        mark("the password is too weak; take a longer one of letters, digits and signs"),
    ),
    (
        r"SIP password must be longer than (?P<most>\d+) characters",
        mark("the password needs more than %(most)s characters"),
    ),
    (r"Likely the email address is invalid", mark("the e-mail address is wrong; check it")),
    (r"the number is missing", mark("the number is missing")),
    (r"the name is missing", mark("the name is missing")),
    (r"the password is missing", mark("the password is missing")),
    (r"the type of the trunk is missing", mark("the type of the trunk is missing")),
    (r"Enter the server name or IP address of the provider", mark("the host is missing; add host=")),
    (r"Enter your login to log in to your provider\.?", mark("the login is missing; add username=")),
    (r"Enter password for authorization", mark("the password is missing; end the line with the word password")),
    (
        r"Provider host must be an IP/CIDR literal or a multi-label hostname",
        mark("the host must be an address or a name with a dot in it, without a port"),
    ),
    (r"Registration type is required", mark("it is missing who registers; add registration=outbound, inbound or none")),
    (r"Field '(?P<field>\w+)' must be one of: (?P<values>.*)", mark("%(field)s must be one of: %(values)s")),
    (
        r"Field '(?P<field>\w+)' must be at (?:most|least) (?P<limit>\S+) \(got (?P<got>.*)\)",
        mark("%(field)s cannot be %(got)s: the limit is %(limit)s"),
    ),
    (r"Date range exceeds maximum.*", mark("a period can have 365 days at most")),
    (
        r"Invalid (?:offset|date|limit).*",
        mark("it does not accept the question; please report this as a fault of the bot"),
    ),
    (
        r"Method '\w+' requires a resource ID",
        mark("it does not accept the question; please report this as a fault of the bot"),
    ),
    (r"Invalid record ID.*", mark("it does not accept the question; please report this as a fault of the bot")),
    (
        r"There are references to the object - (?P<what>.*)",
        mark("it is still used: %(what)s. Remove it there first"),
    ),
    (r"Action '\w+' is not implemented yet", mark("this version of the PBX cannot do that")),
    (r"Method '\w+' is not allowed.*", mark("this version of the PBX cannot do that")),
    (
        r"its firewall takes the text for an attack.*",
        mark("its firewall takes the text for an attack; write it differently"),
    ),
    (
        r"the PBX did not say what became of it.*",
        mark("the PBX did not say what became of it, and it is not there"),
    ),
    (r"not a number that a phone can dial", mark("a phone cannot dial that; write digits, *, # and +")),
    (r"Extension does not exist\.", mark("it has no way to dial that number; look at its outbound routes")),
    (r"HTTP (?P<status>\d+)", mark("it gives no reason (HTTP %(status)s)")),
)
UNKNOWN = mark("“%(said)s”")
NO_SUCH_FUNCTION = re.compile(r"Endpoint not found", re.IGNORECASE)
INTERNALS = re.compile(
    r"Stack trace|Uncaught|Undefined (?:array key|index|variable|property)|Call to undefined|SQLSTATE", re.IGNORECASE
)


def sentence(message: str) -> Sentence:
    if INTERNALS.search(message):
        return Sentence(mark("it has an internal error; look at its log"), {})
    for pattern, text in TRANSLATIONS:
        if found := re.fullmatch(pattern, message.strip(), re.IGNORECASE | re.DOTALL):
            return Sentence(text, found.groupdict())
    return Sentence(UNKNOWN, {"said": message.strip().rstrip(".")})
