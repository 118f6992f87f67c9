"""From an HTTP response to an answer or an error. Pure.

Measured: success is 200 or 201 with a JSON object whose `result` is true, and nothing else is. Errors come as a list of
texts or as a map of field to text; a missing map is an empty list; some texts are raw keys, some hold HTML.
"""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import httpx

from bot.pbx.errors import (
    Busy,
    Conflict,
    Invalid,
    NotFound,
    NotJson,
    PbxError,
    Refused,
    ServerError,
    TimedOut,
    Unauthorised,
)
from bot.pbx.permissions import no_right

T = TypeVar("T")

BLOCKED_FOR = 300.0
QUEUE_FULL_FOR = 2.0
WORKER_TIMEOUT = "worker not responding"
TAKEN = ("already occupied", "already used", "is already")
KEYS = {
    "ex_ValidateNumberIsEmpty": "the number is missing",
    "ex_ValidateUsernameEmpty": "the name is missing",
    "ex_ValidateSecretEmpty": "the password is missing",
    "api_ProviderNotFound": "the trunk was not found",
    "api_InvalidProviderType": "the type of the trunk is missing",
}


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """`cached`: the PBX answered from memory; `warnings` are its own; `pbx_time` is its clock with its offset.

    `suspect`: an empty list that took so long that the PBX gave up asking itself. Measured: 2.0 s instead of 0.03 s
    when the worker that knows the calls hangs, with a call up.
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


def read(response: httpx.Response, resource: str, method: str = "GET") -> Envelope:
    """Raises the PbxError that the response means."""
    body = _json_object(response)
    if body is None:
        raise _not_json(response, resource, method)
    messages = body.get("messages")
    if response.is_success and body.get("result") is True:
        info, warnings = texts(messages, "info"), texts(messages, "warning")
        cached = any("using cached data" in text.lower() for text in (*info, *warnings))
        return Envelope(body.get("data"), cached, warnings, _time(body))
    raise _error(response.status_code, body, messages, resource, method)


def texts(messages: object, severity: str) -> tuple[str, ...]:
    """The messages of one severity, whatever their shape, as plain sentences."""
    if isinstance(messages, list):
        found: object = messages if severity == "error" else []
    else:
        found = messages.get(severity, []) if isinstance(messages, Mapping) else []
    if isinstance(found, Mapping):
        found = list(found.values())
    if not isinstance(found, list):
        found = [found]
    return tuple(plain(item) for item in found if item)


def _fields(messages: object) -> dict[str, str]:
    errors = messages.get("error") if isinstance(messages, Mapping) else None
    return {str(k): plain(v) for k, v in errors.items()} if isinstance(errors, Mapping) else {}


def _error(status: int, body: Mapping[str, Any], messages: object, resource: str, method: str) -> PbxError:
    errors = texts(messages, "error")
    said = " ".join(errors).lower()
    if status == 401:
        return Unauthorised("the key is refused", resource)
    if status == 403:
        return no_right(method, resource)
    if WORKER_TIMEOUT in said:
        return TimedOut("no worker of the PBX answered within 30 s", resource)
    if status == 503:
        return Busy("its queue is full", QUEUE_FULL_FOR, resource)
    if status == 429:
        return Busy("too many requests", BLOCKED_FOR, resource)
    if status >= 500:
        return ServerError(status, resource)
    if status == 409 or any(word in said for word in TAKEN):
        return Conflict(errors, resource, data=body.get("data"))
    if status == 404 or "not found" in said or "notfound" in said:
        return NotFound(errors, resource, data=body.get("data"))
    return Invalid(errors or (f"HTTP {status}",), resource, _fields(messages), body.get("data"))


def _not_json(response: httpx.Response, resource: str, method: str) -> PbxError:
    status = response.status_code
    if response.is_redirect:
        return Refused("the PBX redirects, and the key is not sent after a redirect", resource)
    if status == 429:
        return Busy("too many requests", BLOCKED_FOR, resource)
    if status == 403 and b"security violation" in response.content.lower():
        return Invalid(("its firewall takes the text for an attack; write it differently",), resource)
    if status == 403 and _is_ban(response):
        return Busy("the PBX blocks this address", BLOCKED_FOR, resource)
    if status == 403:
        return no_right(method, resource)
    if status == 503:
        return Busy("its queue is full", QUEUE_FULL_FOR, resource)
    if status >= 500:
        return ServerError(status, resource)
    return NotJson(status, resource)


def _is_ban(response: httpx.Response) -> bool:
    """A banned address gets nginx's page, or its text `Access denied`; a key that lacks a right, from some release
    after April 2026 on, a sentence of the API."""
    text = response.content.lower()
    return not text.strip() or b"access denied" in text or b"<html" in text


def _json_object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _time(body: Mapping[str, Any]) -> datetime | None:
    meta = body.get("meta")
    try:
        parsed = datetime.fromisoformat(str(meta["timestamp"])) if isinstance(meta, Mapping) else None
    except (KeyError, ValueError):
        return None
    return parsed if parsed is not None and parsed.tzinfo is not None else None


def plain(text: object) -> str:
    """One sentence of the PBX without its markup; its raw keys in words."""
    if isinstance(text, Mapping | list):
        parts = text.values() if isinstance(text, Mapping) else text
        return "; ".join(plain(part) for part in parts)
    without_tags = re.sub(r"<[^<>]*>", "", str(text))
    sentence = re.sub(r"\s+", " ", html.unescape(without_tags)).strip()
    return KEYS.get(sentence, sentence)
