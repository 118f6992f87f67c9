"""Fields that people write as field=value: their names, how they are read, what is wrong with them. Pure."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.messages.message import Message, mark
from bot.store.access.audit import Change
from handlers.dispatch.declare import WrongArguments

YES = frozenset({"yes", "y", "on", "true", "1", "да", "вкл"})
NO = frozenset({"no", "n", "off", "false", "0", "нет", "выкл"})
NOTHING = frozenset({"", "-", "none", "no", "нет"})
PASSWORD = "password"  # noqa: S105 (the name of a field)
PASSWORD_WORDS = ("пароль", "secret", "pass", "sip_secret")


class WrongValue(ValueError):
    """`problem` is one marked sentence about a value; `value` is shown instead of what was written, when there is
    more to be said of it."""

    def __init__(self, problem: str, value: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.value = value


# Looking for the word that was meant takes a while; who gets so many wrong has pasted something else.
MOST_SUGGESTED = 10


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


class Fields:
    """All fields of one kind of thing, in the order in which they are shown."""

    def __init__(self, *table: Field) -> None:
        self.table = table
        self.by_key = {field.key: field for field in table}
        self._names = {word: field for field in table for word in (field.key, *field.words)}

    @property
    def names(self) -> frozenset[str]:
        """All that people may write for them, in lower case."""
        return frozenset(self._names)

    def find(self, written: str) -> Field | None:
        return self._names.get(written.strip().lower())

    def read(self, written: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
        """The values by key, and everything that is wrong. A password is called `secret`, as drafts call it."""
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for word, text in written.items():
            field = self.find(word)
            if field is None:
                nearest = self._nearest(word) if len(problems) < MOST_SUGGESTED else ""
                problems.append(Problem(mark("Unknown field"), "", word, nearest))
                continue
            try:
                values["secret" if field.key == PASSWORD else field.key] = field.read(text.strip())
            except WrongValue as wrong:
                problems.append(
                    Problem(field.label, wrong.problem, "" if field.key == PASSWORD else wrong.value or text)
                )
        return values, problems

    def _nearest(self, word: str) -> str:
        near = difflib.get_close_matches(word.lower(), self._names, n=1)
        return self._names[near[0]].key if near else ""

    def shown(self, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Key, label and value of each field that is there, for a template."""
        return [{"key": f.key, "label": f.label, "value": facts[f.key]} for f in self.table if f.key in facts]

    def changes(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Key, label, old and new value of what differs. A mobile is the same with and without its plus."""
        return [
            {"key": f.key, "label": f.label, "old": before[f.key], "new": after[f.key]}
            for f in self.table
            if f.key in after and _same(f.key, before[f.key]) != _same(f.key, after[f.key])
        ]


def as_change(differences: Sequence[Mapping[str, Any]], *, new_password: bool = False) -> Change:
    """Differences as the audit keeps them. Of a password only that there is a new one."""
    before = {one["key"]: one["old"] for one in differences}
    after = {one["key"]: one["new"] for one in differences}
    return Change(before, after | ({"login": "renewed"} if new_password else {}))


def refuse(problems: Sequence[Problem]) -> None:
    """Raises WrongArguments that names every problem, when there are any."""
    if problems:
        facts = [{"label": p.label, "problem": p.problem, "value": p.value, "nearest": p.nearest} for p in problems]
        raise WrongArguments(message=Message("wrong_fields", {"problems": facts}))


def one_line(text: str, most: int, problem: str) -> str:
    joined = " ".join(text.split())
    if len(joined) > most:
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


def whole_number(text: str, least: int, most: int, problem: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and least <= int(text) <= most):
        raise WrongValue(problem)
    return int(text)


def _same(key: str, value: Any) -> Any:
    return str(value).removeprefix("+") if key == "mobile" else value
