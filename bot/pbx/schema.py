"""Lenient models of the PBX's data: unknown or missing fields, numbers as strings, [] for {}.

Field validators accept any value and do not raise.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError

from bot.pbx.errors import NotFound, NotJson
from bot.pbx.key_check import resource_of
from bot.pbx.responses import MAX_MARKUP, Answer, is_plausible, scalar, without_markup
from bot.sandbox.time_slices import each

# Longer than any name, word or number of the PBX; the second for notes and additional settings.
MAX_TEXT = 1000
MAX_NOTE = 20_000
# Limit of a displayed name, so that lists stay readable.
MAX_NAME = 255
# More rows than any PBX has.
MAX_ROWS = 10_000
# Largest integer that JSON and databases share.
MAX_INTEGER = 2**53
# Three years, in seconds: a sum of a million of them is still a valid duration.
MAX_COUNT = 10**8


def _text(value: object) -> str:
    return scalar(value)[:MAX_TEXT]


def short_name(name: str) -> str:
    """Cut a name for display. Values written to the PBX are not cut."""
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"


def _name(value: object) -> str:
    return short_name(scalar(value)[:MAX_TEXT])


def _note(value: object) -> str:
    return scalar(value)[:MAX_NOTE]


def _integer(value: object) -> int | None:
    number = value if type(value) is int else _number(value)
    return int(number) if number is not None and abs(number) <= MAX_INTEGER else None


def _count(value: object) -> int:
    return min(max(_integer(value) or 0, 0), MAX_COUNT)


def _number(value: object) -> float | None:
    try:
        number = float(scalar(value)[:MAX_TEXT])
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _truth(value: object) -> bool:
    return scalar(value)[:MAX_TEXT].strip().lower() in ("1", "true", "yes", "on")


def _epoch(value: object) -> datetime | None:
    seconds = _number(value)
    try:
        moment = datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment is not None and is_plausible(moment) else None


def _local(value: object) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(scalar(value)[:MAX_TEXT].strip())
    except ValueError:
        return None
    return parsed.replace(tzinfo=None) if is_plausible(parsed) else None


def mappings(value: object) -> list[Any]:
    """Return the mappings in a list, at most MAX_ROWS."""
    return [row for row in value[:MAX_ROWS] if isinstance(row, Mapping)] if isinstance(value, list) else []


def _plain(value: object) -> str:
    return without_markup(scalar(value)[:MAX_MARKUP])[:MAX_TEXT]


Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[str, BeforeValidator(_name)]
# None if empty.
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


class ApiModel(BaseModel):
    # Built when the first answer of its kind is read: few kinds are needed at the start.
    model_config = ConfigDict(
        extra="ignore", frozen=True, populate_by_name=True, hide_input_in_errors=True, defer_build=True
    )


M = TypeVar("M", bound=BaseModel)
V = TypeVar("V")


def rows(data: object, resource: str, max_rows: int = MAX_ROWS) -> list[Any]:
    """Return the rows.

    Raises NotJson for a value that is no collection, since an empty list would mean that all is deleted; also beyond
    `max_rows` rows, since cut ones would count as deleted.
    """
    if isinstance(data, Mapping):
        found = list(data.values())
    elif isinstance(data, list):
        found = data
    else:
        raise NotJson(200, resource_of(resource))
    if len(found) > max_rows:
        raise NotJson(200, resource_of(resource))
    return found


async def models(model: type[M], data: object, resource: str, max_rows: int = MAX_ROWS) -> list[M]:
    """Parse the readable rows; an unreadable one does not hide the others. Yields to other tasks. Raises NotJson."""

    def read(row: object) -> M | None:
        try:
            return model.model_validate(row)
        except ValidationError:
            return None

    return [row for row in await each(rows(data, resource, max_rows), read) if row is not None]


def parse_row(model: type[M], data: object, resource: str) -> M:
    """Parse one row. Raises NotFound for an empty one, NotJson for an unreadable one."""
    if not isinstance(data, Mapping) or not data:
        raise NotFound(("the PBX sent nothing",), resource)
    try:
        return model.model_validate(data)
    except ValidationError:
        # Not chained: the unreadable value may hold a password.
        raise NotJson(200, resource) from None


def with_value(answer: Answer[Any], value: V) -> Answer[V]:
    return Answer(value, answer.cached, answer.warnings, answer.elapsed, answer.pbx_time, answer.suspect)
