"""Reading what the PBX sends: unknown or missing fields, numbers as strings, [] for {}: all fine."""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError

from bot.pbx.answers import Answer
from bot.pbx.errors import NotFound, NotJson
from bot.pbx.permissions import resource_of


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, list | dict) else str(value)


def _integer(value: object) -> int | None:
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return None


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _truth(value: object) -> bool:
    return str(value).strip().lower() in ("1", "true", "yes", "on")


def _epoch(value: object) -> datetime | None:
    seconds = _number(value)
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


def _local(value: object) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(str(value).strip())
    except ValueError:
        return None
    return parsed.replace(tzinfo=None)


def mappings(value: object) -> list[Any]:
    """The rows of a list that are rows at all."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def without_markup(value: object) -> str:
    """`represent` fields are HTML: `<i class="server icon"></i> SIP: Zadarma` reads `SIP: Zadarma`."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^<>]*>", "", _text(value)))).strip()


Text = Annotated[str, BeforeValidator(_text)]
Plain = Annotated[str, BeforeValidator(without_markup)]
Secret = Annotated[SecretStr, BeforeValidator(_text)]
Integer = Annotated[int | None, BeforeValidator(_integer)]
Count = Annotated[int, BeforeValidator(lambda value: _integer(value) or 0)]
Number = Annotated[float | None, BeforeValidator(_number)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Epoch = Annotated[datetime | None, BeforeValidator(_epoch)]
LocalTime = Annotated[datetime | None, BeforeValidator(_local)]


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, hide_input_in_errors=True)


M = TypeVar("M", bound=BaseModel)
V = TypeVar("V")


def rows(data: object, resource: str) -> list[Any]:
    """Raises NotJson for what is no collection at all: taken for an empty one, it would say that all is gone."""
    if isinstance(data, Mapping):
        return list(data.values())
    if isinstance(data, list):
        return data
    raise NotJson(200, resource_of(resource))


def models(model: type[M], data: object, resource: str) -> list[M]:
    """The rows that can be read; one strange row does not hide the others. Raises NotJson."""
    found = []
    for row in rows(data, resource):
        try:
            found.append(model.model_validate(row))
        except ValidationError:
            continue
    return found


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
