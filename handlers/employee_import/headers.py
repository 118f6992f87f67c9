"""Header of a table of employees, in the words of other programs: Excel lists, Google Contacts, Outlook. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from bot.messages.i18n import languages, translations
from bot.text.normalization import normalized_figures
from handlers.employees.fields import FIELDS

# Titles and empty lines above a header are fewer.
MAX_ABOVE = 20
WHOLE_AND_PARTS = ("name", "last", "first", "middle")


@dataclass(frozen=True, slots=True)
class Word:
    """Headers of one field: all words are among `deciding` and `other`, at least one is of `deciding`. Other columns of
    the same field go before a `generic` one."""

    key: str
    deciding: frozenset[str]
    other: frozenset[str] = frozenset()
    generic: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PERSON = _words("сотрудника сотрудник работника абонента пользователя employee user s")
NUMBER_WORDS = _words("номер номера телефон тел телефонный number phone no n num")
NAME_WORDS = _words("имя фамилия отчество и name first last surname")
VOCABULARY = (
    Word(
        "number",
        _words("внутренний внутр внут вн добавочный доб короткий extension ext internal sip ip durchwahl nebenstelle"),
        NUMBER_WORDS | PERSON | _words("код"),
    ),
    Word(
        "mobile",
        _words("мобильный мобильного мобильные моб сотовый сотового сот mobile cell cellphone mobil handy"),
        NUMBER_WORDS | PERSON | _words("телефона личный рабочий контактный"),
    ),
    Word(
        "email",
        _words("почта почты email mail имейл емейл эл электронный"),
        PERSON | _words("e электронная электронной адрес address рабочая корпоративная 1 value"),
    ),
    Word("last", _words("фамилия surname last family nachname lastname"), PERSON | _words("name")),
    Word("first", _words("имя first given forename vorname firstname"), PERSON | _words("name")),
    Word("middle", _words("отчество middle patronymic additional"), PERSON | _words("name")),
    Word("name", _words("фио ф fio"), PERSON | _words("и о полное полностью")),
    Word("name", _words("display full полное отображаемое callerid"), NAME_WORDS | PERSON | _words("id")),
    Word("name", _words("фамилия имя"), NAME_WORDS | PERSON | _words("отчество")),
    Word("name", _words("сотрудник работник абонент пользователь employee"), _words("name full")),
    Word("name", _words("name имя"), PERSON, generic=True),
    Word("number", _words("номер number num"), generic=True),
    Word(
        "mobile",
        _words("телефон тел телефона phone telephone"),
        NUMBER_WORDS | _words("контактный 1 value"),
        generic=True,
    ),
)
# MobileNumber of 3CX, telephoneNumber of a directory.
CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
GENERIC = frozenset({"номер", "number", "телефон", "phone", "имя", "name"})


@dataclass(frozen=True, slots=True)
class Columns:
    """`keys`: the field of each column, or "". `unknown`: headers of the columns left out. `name_in_parts`: the columns
    of the name are its parts, in their order."""

    keys: tuple[str, ...]
    unknown: tuple[str, ...]
    name_in_parts: bool = False


def header_of(keys: Iterable[str], translate: Callable[[str], str]) -> list[str]:
    """Return the header of an exported table, in the reader's words; `columns_of` finds the same keys in it."""
    return [translate(FIELDS.by_key[key].label) for key in keys]


@cache
def _labels() -> Mapping[str, str]:
    """Return the key of each field by its label in every language, in lower case."""
    return {
        translations(language).gettext(field.label).lower(): field.key
        for language in languages()
        for field in FIELDS.table
    }


def find_header(rows: Sequence[Sequence[str]]) -> int | None:
    """Return the place of the header: the first row with the headers of two fields, or only such."""
    for place, cells in enumerate(rows[:MAX_ABOVE]):
        known = {word.key for cell in cells if (word := _word(cell))}
        if len(known) > 1 or (known and (place == 0 or all(map(_word, filter(None, cells))))):
            return place
    return None


def columns_of(header: Sequence[str]) -> Columns:
    """Return the columns; of several for one field, those with the more exact header."""
    words = [_word(cell) for cell in header]
    exact = {word.key for word in words if word and not word.generic}
    names = _name_keys(exact)
    keys, unknown = [], []
    for cell, word in zip(header, words, strict=True):
        is_name = word is not None and word.key in WHOLE_AND_PARTS
        superseded = word is not None and (word.key not in names if is_name else word.generic and word.key in exact)
        keys.append("" if word is None or superseded else "name" if is_name else word.key)
        # A name is left out only where other columns have the same.
        if cell and not keys[-1] and not is_name:
            unknown.append(cell)
    return Columns(tuple(keys), tuple(unknown), name_in_parts=names != {"name"})


def _name_keys(exact: set[str]) -> set[str]:
    """Return the keys that make the name: a German list has Name and Vorname, an American one Surname and Name."""
    if "name" in exact or not exact & {"last", "first"}:
        return {"name"}
    return {"last", "first", "middle"} if {"last", "first"} <= exact else set(WHOLE_AND_PARTS)


def _word(cell: str) -> Word | None:
    cell = normalized_figures(cell)
    plain = cell.strip().lower()
    if (key := _labels().get(plain)) and plain not in GENERIC:
        return Word(key, frozenset({plain}))
    field = FIELDS.find(plain)
    if field is None or plain in GENERIC:
        return _by_vocabulary(plain) or _by_vocabulary(CAMEL_CASE.sub(" ", cell).lower())
    return Word(field.key, frozenset({plain}))


def _by_vocabulary(plain: str) -> Word | None:
    without_brackets = re.sub(r"\([^)]*\)", " ", plain)
    for text in (plain, without_brackets):
        words = frozenset(re.findall(r"[^\W_]+", text.replace("ё", "е")))
        for word in VOCABULARY:
            if words & word.deciding and words <= word.deciding | word.other:
                return word
    return None
