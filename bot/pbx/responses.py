"""Parse an HTTP response into an answer or an error. Pure.

Measured: success is 200 or 201 with a JSON object whose `result` is true, without exception. Errors come as a list of
texts or as a map of field to text; a missing map is an empty list; some texts are raw keys, some hold HTML.
"""

import contextlib
import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Generic, TypeVar

from bot.pbx.errors import (
    Busy,
    Conflict,
    HttpsPort,
    Invalid,
    NotFound,
    NotJson,
    NotMikoPbx,
    PbxError,
    ServerError,
    TimedOut,
    Unauthorised,
    WriteRefused,
)
from bot.pbx.key_check import no_right
from bot.sandbox.json_answers import PurePythonDecoder

T = TypeVar("T")

# Measured: a page of a thousand call records, the largest request, has one or two megabytes and a hundred thousand
# values. Other answers are far smaller, and include those of every poll.
MAX_BYTES = 10 * 1024 * 1024
MAX_BYTES_OF = {"cdr": 20 * 1024 * 1024}
# Beyond either, bytes or values, parsing would block the event loop too long. Measured: two megabytes of call records
# take 25 ms, and in a thread, without the lock of the interpreter, five times as long.
THREAD_BYTES = 2 * 1024 * 1024
THREAD_VALUES = 100_000
# Each takes up to a hundred bytes of memory.
MAX_VALUES = 500_000
# A thousand calls of thirty legs. Each object is parsed into a model; measured: answers of less than a megabyte, all of
# it empty objects, blocked the loop for two seconds, repeatedly.
MAX_OBJECTS = 40_000
# Longer numbers are invalid; parsing them is slow in Python.
MAX_DIGITS = 30
# Limits of messages in one answer, of characters with and without markup, and of nesting.
MAX_MESSAGES = 20
MAX_MARKUP = 20_000
MAX_MESSAGE = 1000
MAX_DEPTH = 5
# A clock without a battery begins in 1970. Times outside are invalid, and arithmetic on them could overflow.
FIRST_YEAR, LAST_YEAR = 1970, 2200

BLOCKED_FOR = 300.0
QUEUE_FULL_FOR = 2.0
WORKER_TIMEOUT = "worker not responding"
IN_USE = ("already occupied", "already used", "is already")
KEYS = {
    "ex_ValidateNumberIsEmpty": "the number is missing",
    "ex_ValidateUsernameEmpty": "the name is missing",
    "ex_ValidateSecretEmpty": "the password is missing",
    "api_ProviderNotFound": "the trunk was not found",
    "api_InvalidProviderType": "the type of the trunk is missing",
}


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """Answer of the PBX. `cached`: from the PBX's cache; `warnings` are the PBX's; `pbx_time` is its clock with offset.

    `suspect`: an empty list that took so long that the PBX's worker must have timed out. Measured: 2.0 s instead of
    0.03 s when the worker for calls hangs, with a call up.
    """

    value: T
    cached: bool = False
    warnings: tuple[str, ...] = ()
    elapsed: float = 0.0
    pbx_time: datetime | None = None
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    data: Any
    cached: bool
    warnings: tuple[str, ...]
    pbx_time: datetime | None


@dataclass(frozen=True, slots=True)
class HttpReply:
    """HTTP response with its whole body."""

    status: int
    content: bytes | bytearray

    @property
    def is_success(self) -> bool:
        return 200 <= self.status <= 299

    @property
    def is_redirect(self) -> bool:
        return 300 <= self.status <= 399


def read(reply: HttpReply, resource: str, method: str = "GET") -> Envelope:
    """Parse a reply; raises the PbxError it means. Time is linear in its size."""
    body = _json_object(reply.content)
    if body is None:
        raise _not_json(reply, resource, method)
    messages = body.get("messages")
    if reply.is_success and body.get("result") is True:
        info, warnings = texts(messages, "info"), texts(messages, "warning")
        cached = any("using cached data" in text.lower() for text in (*info, *warnings))
        return Envelope(body.get("data"), cached, warnings, _time(body))
    raise _error(reply.status, body, messages, resource, method)


def texts(messages: object, severity: str) -> tuple[str, ...]:
    """Return the messages of one severity, in any shape, as plain sentences."""
    if isinstance(messages, list):
        found: object = messages if severity == "error" else []
    else:
        found = messages.get(severity, []) if isinstance(messages, Mapping) else []
    if isinstance(found, Mapping):
        found = list(found.values())
    if not isinstance(found, list):
        found = [found]
    return tuple(plain(item) for item in islice(found, MAX_MESSAGES) if item)


def _fields(messages: object) -> dict[str, str]:
    errors = messages.get("error") if isinstance(messages, Mapping) else None
    if not isinstance(errors, Mapping):
        return {}
    return {plain(k): plain(v) for k, v in islice(errors.items(), MAX_MESSAGES)}


def _error(status: int, body: Mapping[str, Any], messages: object, resource: str, method: str) -> PbxError:
    errors = texts(messages, "error")
    text = " ".join(errors).lower()
    if status == 401:
        return Unauthorised("the key is refused", resource)
    if status == 403:
        return no_right(method, resource)
    if WORKER_TIMEOUT in text:
        return TimedOut("no worker of the PBX answered within 30 s", resource)
    if status == 503:
        return Busy("worker queue is full", QUEUE_FULL_FOR, resource)
    if status == 429:
        return Busy("too many requests", BLOCKED_FOR, resource)
    if status >= 500:
        return ServerError(status, resource)
    if status == 409 or any(word in text for word in IN_USE):
        return Conflict(errors, resource, data=body.get("data"))
    if status == 404 or "not found" in text or "notfound" in text:
        return NotFound(errors, resource, data=body.get("data"))
    return Invalid(errors or (f"HTTP {status}",), resource, _fields(messages), body.get("data"))


def _not_json(reply: HttpReply, resource: str, method: str) -> PbxError:
    status = reply.status
    text = reply.content[:MAX_MARKUP].lower()
    if status == 400 and b"sent to https port" in text:
        return HttpsPort("https answers at the http address", resource)
    if reply.is_redirect:
        return WriteRefused("the PBX redirects, and the key is not sent after a redirect", resource)
    if status == 429:
        return Busy("too many requests", BLOCKED_FOR, resource)
    if status == 403 and b"security violation" in reply.content.lower():
        return Invalid(("its firewall takes the text for an attack; write it differently",), resource)
    if status == 403 and _is_ban(reply.content):
        return Busy("the PBX blocks this address", BLOCKED_FOR, resource)
    if status == 403:
        return no_right(method, resource)
    if status == 503:
        return Busy("worker queue is full", QUEUE_FULL_FOR, resource)
    if status >= 500:
        return ServerError(status, resource)
    is_page = b"<html" in text or b"<!doctype" in text
    return NotMikoPbx(status, resource) if is_page and b"mikopbx" not in text else NotJson(status, resource)


def _is_ban(content: bytes | bytearray) -> bool:
    """Return True for a ban: nginx's page, or its text `Access denied`.

    A missing right, from some release after April 2026 on, is a sentence of the API.
    """
    text = content.lower()
    return not text.strip() or b"access denied" in text or b"<html" in text


def _json_object(content: bytes | bytearray) -> dict[str, Any] | None:
    """Return the object; None for invalid JSON, or beyond the limits. NaN and Infinity become None."""
    if content.count(b"{") > MAX_OBJECTS or _values(content) > MAX_VALUES:
        return None
    try:
        reader = PurePythonDecoder if is_slow(content) else None
        body = json.loads(content, cls=reader, parse_int=_parse_int, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def is_slow(content: bytes | bytearray) -> bool:
    """Return True if it must be parsed in a thread."""
    return len(content) > THREAD_BYTES or _values(content) > THREAD_VALUES


def _values(content: bytes | bytearray) -> int:
    return sum(content.count(char) for char in (b",", b"[", b"{"))


def _parse_int(digits: str) -> int | None:
    return int(digits) if len(digits) <= MAX_DIGITS else None


def _time(body: Mapping[str, Any]) -> datetime | None:
    meta = body.get("meta")
    timestamp = meta.get("timestamp") if isinstance(meta, Mapping) else None
    try:
        parsed = datetime.fromisoformat(timestamp) if isinstance(timestamp, str) else None
    except ValueError:
        return None
    return parsed if parsed is not None and parsed.tzinfo is not None and is_plausible(parsed) else None


def is_plausible(moment: datetime) -> bool:
    return FIRST_YEAR <= moment.year <= LAST_YEAR


def plain(text: object) -> str:
    """Return one sentence of the PBX without markup; raw keys as words."""
    return _plain(text, MAX_DEPTH)


def _plain(text: object, levels: int) -> str:
    if isinstance(text, Mapping | list):
        parts: Iterable[object] = text.values() if isinstance(text, Mapping) else text
        sentences = (_plain(part, levels - 1) for part in islice(parts, MAX_MESSAGES)) if levels else ()
        return "; ".join(sentences)[:MAX_MESSAGE]
    sentence = without_markup(scalar(text)[:MAX_MARKUP])[:MAX_MESSAGE]
    return KEYS.get(sentence, sentence)


def scalar(value: object) -> str:
    """Return a text or number as valid UTF-8 text, "" for others."""
    # Measured: asking for the types of collections takes most of the time, and nearly every value is a text.
    if not isinstance(value, str):
        if value is None or isinstance(value, Mapping | list):
            return ""
        try:
            value = str(value)
        except ValueError:
            return ""  # more digits than Python converts
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def without_markup(text: str) -> str:
    """Strip HTML of `represent` fields and messages: `<i class="icon"></i> SIP: Zadarma` becomes `SIP: Zadarma`."""
    without_tags = re.sub(r"<[^<>]*>", "", text)
    # `&#` with more digits than Python converts is kept.
    with contextlib.suppress(ValueError):
        without_tags = html.unescape(without_tags)
    return re.sub(r"\s+", " ", scalar(without_tags)).strip()
