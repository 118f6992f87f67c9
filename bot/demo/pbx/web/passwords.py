"""Password strength as the PBX rates it, and the passwords it generates."""

import base64
import re
import secrets
from collections.abc import Mapping

from bot.demo.pbx.web.envelope import ActionCall, ActionResult

_DEFAULTS = {"admin", "password", "1234", "12345", "secret"}
_SPOKEN = ((80, "Strong"), (60, "Good"), (40, "Fair"), (0, "Weak"))
# A shorter run, such as the `cde` of a hexadecimal password, does not count.
_RUNS = ("qwerty", "asdfgh", "zxcvbn", "12345", "23456", "34567", "45678", "56789", "abcde", "bcdef", "cdefg", "defgh")
ENOUGH_FOR_SIP = 60
_FIELDS = frozenset({"sip_secret", "secret", "password"})
# Answers of the other resources are long, and hold no password.
_RESOURCES = frozenset({"employees", "sip", "passwords", "providers", "sip-providers", "iax-providers"})


def score(password: str) -> int:
    """Return 0..100 by length, kinds of characters, their variety, and runs."""
    kinds = [re.search(kind, password) is not None for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]")]
    length = len(password.encode())
    points = 30 if length >= 16 else 20 if length >= 12 else 10 if length >= 8 else length
    points += 10 * sum(kinds) + _variety(password)
    points += 10 if sum(kinds) >= 3 and length >= 12 else 0
    points -= 10 if _repeats(password) else 0
    points -= 10 if _runs(password) else 0
    points -= 15 if re.fullmatch("[a-zA-Z]+", password) and length < 10 else 0
    return max(0, min(100, points))


def _variety(password: str) -> int:
    share = len(set(password)) / len(password) if password else 0
    return 20 if share > 0.7 else 15 if share > 0.5 else 10 if share > 0.3 else 5


def _repeats(password: str) -> bool:
    return any(a == b == c for a, b, c in zip(password, password[1:], password[2:], strict=False))


def _runs(password: str) -> bool:
    """Return True for a run in either direction."""
    return any(run in password.lower() or run[::-1] in password.lower() for run in _RUNS)


def sip_complaints(secret: str) -> list[str]:
    complaints = []
    if len(secret) < 5:
        complaints.append("SIP password must be longer than 4 characters")
    if secret.lower() in _DEFAULTS:
        complaints.append("Default password is being used")
    if score(secret) < ENOUGH_FOR_SIP:
        complaints.append("For security, password must have at least fair strength")
    return complaints


def _strength(points: int) -> str:
    return next(word for least, word in _SPOKEN if points >= least)


def generate(call: ActionCall) -> ActionResult:
    """Generate; `?length=` is 8 to 64, 16 by default. Base64 of base64 has neither `+` nor `/` in most answers."""
    asked = str(call.params.get("length", ""))
    length = min(64, max(8, int(asked))) if asked.lstrip("-").isdigit() else 16
    text = base64.b64encode(base64.b64encode(secrets.token_bytes(length))).decode()[:length]
    points = 35 if length < 12 else max(70, score(text)) if length < 16 else 90
    data = {
        "password": text,
        "length": length,
        "score": points,
        "strength": "Strong" if points >= 80 else "Weak" if points < 60 else "Good",
        "hasSpecialChars": not text.isalnum(),
    }
    return ActionResult(data, function="generate", processor="Passwords\\GeneratePasswordAction")


def validate(call: ActionCall) -> ActionResult:
    """Validate; always 200, the result is `data.isValid`. The least length is 8, although an employee may have 5."""
    password = str(call.params.get("password", ""))
    points, default = score(password), password.lower() in _DEFAULTS
    short, long = len(password) < 8, len(password) > 64
    complaints = [
        *(["Default password is being used"] if default else []),
        *(["Password is too short (minimum 8 characters)"] if short else []),
        *(["Password is too long (maximum 64 characters)"] if long else []),
        *(["The password being set is too simple."] if points < ENOUGH_FOR_SIP else []),
    ]
    data = {
        "isValid": not complaints,
        "score": points,
        "strength": _strength(points),
        "isDefault": default,
        "isSimple": points < ENOUGH_FOR_SIP,
        "isTooShort": short,
        "isTooLong": long,
        "messages": complaints,
        "suggestions": _suggestions(password) if complaints else [],
    }
    return ActionResult(data, function="validate", processor="Passwords\\ValidatePasswordAction")


def _suggestions(password: str) -> list[str]:
    lacking = {
        "Add uppercase letters": any(map(str.isupper, password)),
        "Add lowercase letters": any(map(str.islower, password)),
        "Add numbers": any(map(str.isdigit, password)),
        "Add special characters": any(not char.isalnum() for char in password),
        "Increase password length": len(password) >= 12,
    }
    return [advice for advice, done in lacking.items() if not done]


def check_dictionary(call: ActionCall) -> ActionResult:
    return ActionResult(
        {"isInDictionary": False, "message": "Password is acceptable"},
        function="checkDictionary",
        processor="Passwords\\CheckDictionaryAction",
    )


class KnownPasswords:
    """All passwords sent to or by this PBX, so that tests can check for leaks."""

    def __init__(self) -> None:
        self.passwords: set[str] = set()

    def listen(self, resource: str, said: object) -> None:
        if resource in _RESOURCES:
            self._pick(said)

    def _pick(self, said: object) -> None:
        if isinstance(said, Mapping):
            self.passwords |= {str(value) for name, value in said.items() if name in _FIELDS}
        items = said.values() if isinstance(said, Mapping) else said if isinstance(said, list) else ()
        for item in items:
            self._pick(item)
