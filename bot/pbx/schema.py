"""Reading what the PBX sends: unknown or missing fields, numbers as strings, [] for {}: all fine.

Whatever a field holds, its reader makes something of it: none of them raises anything.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError

from bot.pbx.errors import NotFound, NotJson
from bot.pbx.key_check import resource_of
from bot.pbx.responses import LONGEST_MARKED_UP, Answer, is_plausible, scalar, without_markup
from bot.sandbox.time_slices import each

# Of the names, words and numbers that the PBX keeps, none is nearly as long; of notes and additional settings, none.
LONGEST = 1000
LONGEST_NOTE = 20_000
# Of a name that is shown: no longer one is written by anybody here, and a list of them is none that anybody reads.
LONGEST_NAME = 255
# More of anything than a PBX has: what says otherwise is no answer of one.
MOST_ROWS = 10_000
# What both JSON and every database take for a whole number.
LARGEST = 2**53
# Three years, in seconds: a sum of a million of them is a length of time still.
LARGEST_COUNT = 10**8


def _text(value: object) -> str:
    return scalar(value)[:LONGEST]


def short_name(name: str) -> str:
    """The beginning of a name that is longer than any. Only for what is shown: what is written to the PBX is whole."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _name(value: object) -> str:
    return short_name(scalar(value)[:LONGEST])


def _note(value: object) -> str:
    return scalar(value)[:LONGEST_NOTE]


def _integer(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and abs(number) <= LARGEST else None


def _count(value: object) -> int:
    return min(max(_integer(value) or 0, 0), LARGEST_COUNT)


def _number(value: object) -> float | None:
    try:
        number = float(scalar(value)[:LONGEST])
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _truth(value: object) -> bool:
    return scalar(value)[:LONGEST].strip().lower() in ("1", "true", "yes", "on")


def _epoch(value: object) -> datetime | None:
    seconds = _number(value)
    try:
        moment = datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment is not None and is_plausible(moment) else None


def _local(value: object) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(scalar(value)[:LONGEST].strip())
    except ValueError:
        return None
    return parsed.replace(tzinfo=None) if is_plausible(parsed) else None


def mappings(value: object) -> list[Any]:
    """The rows of a list that are rows at all; not more than a PBX has."""
    return [row for row in value[:MOST_ROWS] if isinstance(row, Mapping)] if isinstance(value, list) else []


def _plain(value: object) -> str:
    return without_markup(scalar(value)[:LONGEST_MARKED_UP])[:LONGEST]


Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[str, BeforeValidator(_name)]
# None for an empty one.
Word = Annotated[str | None, BeforeValidator(lambda value: (_text(value) or None) if value else None)]
Note = Annotated[str, BeforeValidator(_note)]
Plain = Annotated[str, BeforeValidator(_plain)]
Secret = Annotated[SecretStr, BeforeValidator(_text)]
Integer = Annotated[int | None, BeforeValidator(_integer)]
Count = Annotated[int, BeforeValidator(_count)]
Number = Annotated[float | None, BeforeValidator(_number)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Epoch = Annotated[datetime | None, BeforeValidator(_epoch)]
LocalTime = Annotated[datetime | None, BeforeValidator(_local)]


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, hide_input_in_errors=True)


M = TypeVar("M", bound=BaseModel)
V = TypeVar("V")


def rows(data: object, resource: str, most: int = MOST_ROWS) -> list[Any]:
    """Raises NotJson for what is no collection at all: taken for an empty one, it would say that all is gone. So it
    does for more than `most` rows: cut off, the rest would be gone."""
    if isinstance(data, Mapping):
        found = list(data.values())
    elif isinstance(data, list):
        found = data
    else:
        raise NotJson(200, resource_of(resource))
    if len(found) > most:
        raise NotJson(200, resource_of(resource))
    return found


async def models(model: type[M], data: object, resource: str, most: int = MOST_ROWS) -> list[M]:
    """The rows that can be read; one strange row does not hide the others. Others have their turn meanwhile. Raises
    NotJson."""

    def read(row: object) -> M | None:
        try:
            return model.model_validate(row)
        except ValidationError:
            return None

    return [row for row in await each(rows(data, resource, most), read) if row is not None]


def one(model: type[M], data: object, resource: str) -> M:
    """Raises NotFound for nothing, NotJson for what cannot be read."""
    if not isinstance(data, Mapping) or not data:
        raise NotFound(("the PBX sent nothing",), resource)
    try:
        return model.model_validate(data)
    except ValidationError:
        # Not chained: what could not be read may hold a password.
        raise NotJson(200, resource) from None


def with_value(answer: Answer[Any], value: V) -> Answer[V]:
    return Answer(value, answer.cached, answer.warnings, answer.elapsed, answer.pbx_time, answer.suspect)
