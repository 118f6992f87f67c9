"""Shapes of the PBX's answers: the envelope, and the router's own two."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_PLAIN = frozenset({str, int, float, bool, type(None)})
LIB = "MikoPBX\\PBXCoreREST\\Lib\\"


@dataclass(frozen=True)
class ActionCall:
    """Request past the router. `params` is the body, overridden by the query as the PBX does."""

    verb: str
    resource: str
    id: str = ""
    method: str = ""
    params: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ActionResult:
    """Result of an action. `cost` is the time it takes on the real PBX, in seconds."""

    data: object = ()
    messages: Mapping[str, object] | Sequence[str] = field(default_factory=dict)
    result: bool = True
    status: int = 200
    function: str = ""
    processor: str = ""
    http_code: int | None = None
    reload: str = ""
    cost: float = 0.0


@dataclass(frozen=True)
class Plain:
    """Answer other than the envelope: text, HTML, audio."""

    content: bytes
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    cost: float = 0.0


def refused(error: object, status: int = 422, *, coded: bool = False) -> ActionResult:
    """Return a failed action.

    `error` is a list of texts or a map of fields; `coded` repeats the status inside the body.
    """
    return ActionResult(result=False, messages={"error": error}, status=status, http_code=status if coded else None)


def body_of(answer: ActionResult, pid: int) -> dict[str, object]:
    body: dict[str, object] = {
        "result": answer.result,
        "data": answer.data,
        "messages": answer.messages,
        "function": answer.function,
        "processor": LIB + answer.processor if answer.processor else "",
        "pid": pid,
    }
    if answer.http_code is not None:
        body["httpCode"] = answer.http_code
    if answer.reload:
        body["reload"] = answer.reload
    return body


def not_found(path: str) -> dict[str, object]:
    """Return the router's answer for an unknown path: `success` instead of `result`."""
    return {"success": False, "messages": {"error": [f"Endpoint not found: {path}"]}, "data": None}


def not_allowed(method: str, verb: str) -> dict[str, object]:
    """Return the router's answer for a custom method that is unknown or not for this verb: no `data`."""
    return {"result": False, "messages": {"error": [f"Method '{method}' is not allowed with HTTP {verb}"]}}


def needs_id(method: str) -> dict[str, object]:
    return {"result": False, "messages": {"error": [f"Method '{method}' requires a resource ID"]}}


def as_php(value: object) -> object:
    """Convert empty maps to `[]`, since PHP has one array type for lists and maps."""
    # isinstance() against abstract types is slow, and most values of an answer are plain.
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return {str(key): as_php(item) for key, item in value.items()} if value else []
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [as_php(item) for item in value]
    return value


def rendered(body: Mapping[str, object], timestamp: str) -> tuple[bytes, str]:
    """Return the JSON text with `meta`, and its hash for the `E-Tag` header."""
    tree = as_php(body)
    plain = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha1((timestamp + plain).encode(), usedforsecurity=False).hexdigest()
    meta = json.dumps({"timestamp": timestamp, "hash": digest}, separators=(",", ":"))
    etag = hashlib.sha1(plain.encode(), usedforsecurity=False).hexdigest()
    return f'{plain[:-1]},"meta":{meta}}}'.encode(), etag
