"""Definition, parsing and validation of field=value input. Pure."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.messages.message import Message, mark
from bot.store.access.audit import Change
from handlers.dispatch.request import WrongArguments

YES = frozenset({"yes", "y", "on", "true", "1", "да", "вкл"})
NO = frozenset({"no", "n", "off", "false", "0", "нет", "выкл"})
EMPTY_WORDS = frozenset({"", "-", "none", "no", "нет"})
PASSWORD = "password"  # noqa: S105 (a field name)
PASSWORD_WORDS = ("пароль", "secret", "pass", "sip_secret")


class WrongValue(ValueError):
    """`problem`: one marked sentence. `value`: shown instead of the input if not empty. `readings`: values that the
    input can mean, to choose from."""

    def __init__(self, problem: str, value: str = "", readings: tuple[str, ...] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.value = value
        self.readings = readings


# Close-match search is slow; input with more unknown fields than this is a paste.
MAX_SUGGESTED = 10


@dataclass(frozen=True, slots=True)
class Field:
    """`key`: name in drafts, in field=value and as a column. `words`: aliases."""

    key: str
    label: str
    words: tuple[str, ...]
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """Invalid field. `label` and `problem` are marked texts. `value`: the input, never a password. `nearest`: key of
    the closest known field. `readings`: values that the input can mean."""

    label: str
    problem: str
    value: str = ""
    nearest: str = ""
    readings: tuple[str, ...] = ()


class Fields:
    """Fields of one object type, in display order."""

    def __init__(self, *table: Field) -> None:
        self.table = table
        self.by_key = {field.key: field for field in table}
        self._names = {word: field for field in table for word in (field.key, *field.words)}

    @property
    def names(self) -> frozenset[str]:
        """Return every accepted name, in lower case."""
        return frozenset(self._names)

    def names_of(self, key: str) -> frozenset[str]:
        """Return the accepted names of one field, in lower case."""
        field = self.by_key[key]
        return frozenset({field.key, *field.words})

    def find(self, written: str) -> Field | None:
        return self._names.get(written.strip().lower())

    def read(self, written: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
        """Return values by key, and all problems. A password has the key `secret`, as in drafts."""
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for word, text in written.items():
            field = self.find(word)
            if field is None:
                nearest = self._nearest(word) if len(problems) < MAX_SUGGESTED else ""
                problems.append(Problem(mark("Unknown field"), "", word, nearest))
                continue
            try:
                values["secret" if field.key == PASSWORD else field.key] = field.read(text.strip())
            except WrongValue as wrong:
                value = "" if field.key == PASSWORD else wrong.value or text
                problems.append(Problem(field.label, wrong.problem, value, readings=wrong.readings))
        return values, problems

    def _nearest(self, word: str) -> str:
        near = difflib.get_close_matches(word.lower(), self._names, n=1)
        return self._names[near[0]].key if near else ""

    def labelled(self, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return key, label and value of each present field, for a template."""
        return [{"key": f.key, "label": f.label, "value": facts[f.key]} for f in self.table if f.key in facts]

    def changes(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return key, label, old and new value of each difference. Mobile numbers are compared without a leading
        plus."""
        return [
            {"key": f.key, "label": f.label, "old": before[f.key], "new": after[f.key]}
            for f in self.table
            if f.key in after and _same(f.key, before[f.key]) != _same(f.key, after[f.key])
        ]


def as_change(differences: Sequence[Mapping[str, Any]], *, new_password: bool = False) -> Change:
    """Convert differences to an audit record. A password is recorded only as renewed."""
    before = {one["key"]: one["old"] for one in differences}
    after = {one["key"]: one["new"] for one in differences}
    return Change(before, after | ({"login": "renewed"} if new_password else {}))


def refuse(problems: Sequence[Problem]) -> None:
    """Raise WrongArguments with every problem, if there is one."""
    if problems:
        facts = [{"label": p.label, "problem": p.problem, "value": p.value, "nearest": p.nearest} for p in problems]
        raise WrongArguments(message=Message("wrong_fields", {"problems": facts}))


def one_line(text: str, max_length: int, problem: str) -> str:
    joined = " ".join(text.split())
    if len(joined) > max_length:
        raise WrongValue(problem)
    return joined


def one_of(text: str, choices: Sequence[str], problem: str) -> str:
    word = text.lower()
    if word not in choices:
        raise WrongValue(problem)
    return word


def yes_or_no(text: str) -> bool:
    if text.lower() not in YES | NO:
        raise WrongValue(mark("yes or no"))
    return text.lower() in YES


def whole_number(text: str, minimum: int, maximum: int, problem: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and minimum <= int(text) <= maximum):
        raise WrongValue(problem)
    return int(text)


def _same(key: str, value: Any) -> Any:
    return str(value).removeprefix("+") if key == "mobile" else value
