"""Handle a request: rate limit, faults, router, key, queue, worker, and the answer or its loss."""

import asyncio
import json
from asyncio import sleep
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from bot.demo.pbx.ami.ajam import Ajam
from bot.demo.pbx.control import actions
from bot.demo.pbx.registration.sights import NEWEST
from bot.demo.pbx.telephony import local_time
from bot.demo.pbx.web import envelope, keys
from bot.demo.pbx.web.endpoints import Action, ActionTarget, find, resources
from bot.demo.pbx.web.envelope import ActionCall, ActionResult, Plain, body_of, refused
from bot.demo.pbx.web.faults import WebFault
from bot.demo.pbx.web.worker import PATIENCE_SECONDS
from bot.demo.pbx.world import StandinPbx
from bot.demo.wire import abort

_UNAUTHENTICATED = "The user isn't authenticated."
_TIMED_OUT = "Request timeout or worker not responding"
_QUEUE_FULL = "Service temporarily unavailable, please retry later"
_CRASHED = "SQLSTATE[HY000]: General error: 5 database is locked"
_LISTED = ("getRegistry", "getActiveChannels")
_PONG = Plain(b"PONG", headers={"Cache-Control": "no-store", "Accept-Ranges": "bytes"})
_TOO_MANY = Plain(b"Too many requests\n", 429)
_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True)
class WebReply:
    """Response; `cut` aborts the connection before or in the middle of it."""

    status: int
    content_type: str
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: Literal["", "before", "middle"] = ""


class Front:
    """ASGI application for all of `/pbxcore`."""

    def __init__(self, pbx: StandinPbx) -> None:
        self._pbx = pbx
        self._table = resources(pbx)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        pbx = self._pbx
        entry = pbx.journal.begin(pbx.now(), request.method, scope["path"], request.url.query)
        pbx.advance()
        reply = await self._reply(request)
        pbx.journal.end(entry, pbx.now(), 0 if reply.cut else reply.status)
        await _send(reply, request, send)

    async def _reply(self, request: Request) -> WebReply:
        path = request.scope["path"]
        if path.startswith("/pbxcore/api/") and self._pbx.limit.refuses(_client(request), self._pbx.now()):
            return _plain(_TOO_MANY)
        target = find(self._table, path, request.method)
        fault = self._pbx.fault.on(target.resource if target else "", request.method)
        if fault.delay > 0:
            await sleep(fault.delay)
        if fault.kind == "unplugged" or self._pbx.machine.is_restarting:
            return WebReply(0, "", b"", cut="before")
        if path == "/pbxcore/api/system/ping":
            return _plain(_PONG)
        broken = fault.instead()
        if broken is not None:
            return _plain(broken)
        if target is None:
            return self._json(envelope.not_found(path), 404)
        return _damaged(await self._admitted(request, target, fault), fault)

    async def _admitted(self, request: Request, target: ActionTarget, fault: WebFault) -> WebReply:
        """Check the key before the queue, so that a wrong one is refused even with all workers frozen."""
        pbx = self._pbx
        raw = request.scope.get("raw_path", request.scope["path"].encode()).decode("latin-1").partition("?")[0]
        header, ids = request.headers.get("authorization", ""), keys.ID
        if pbx.dialect == NEWEST:
            header, ids = header or f"Bearer {request.headers.get('x-api-key', '')}", keys.ID_WITH_LETTERS
        path = raw.removeprefix("/pbxcore")
        verdict = pbx.keys.judge(header, _client(request), request.method, path, pbx.now(), ids)
        await self._take(verdict.cost)
        if verdict.known and not verdict.allowed and pbx.keys.missing_right:
            return self._envelope(refused([pbx.keys.missing_right], 403))
        if not verdict.allowed:
            return self._envelope(refused([_UNAUTHENTICATED], 401))
        if target.needs_id:
            return self._json(envelope.needs_id(target.method), 400)
        if target.action is None:
            return self._json(envelope.not_allowed(target.method, request.method), 405)
        if fault.kind == "queue_full":
            return self._envelope(refused([_QUEUE_FULL], 503))
        if fault.kind == "server_error":
            return self._crashed(target.method)
        return await self._worked(target.action, await _call(request, target))

    def _crashed(self, method: str) -> WebReply:
        """Return the answer of an exception.

        Most actions put its text under `error`; two return the messages as a plain list of it.
        """
        failed = refused([_CRASHED], 500)
        body = body_of(failed, pid=0)
        return self._json(body | {"messages": [_CRASHED]} if method in _LISTED else body, 500)

    async def _worked(self, action: Action, call: ActionCall) -> WebReply:
        self._pbx.heard.listen(call.resource, call.params)
        outcome = await self._pbx.worker.carry_out(partial(action, call), self._pbx.speed)
        if isinstance(outcome, ActionResult):
            self._pbx.heard.listen(call.resource, outcome.data)
        if outcome is not None and outcome.cost > PATIENCE_SECONDS:
            await self._take(PATIENCE_SECONDS)
            outcome = None
        if outcome is None:
            return self._envelope(refused([_TIMED_OUT], 400))
        await self._take(outcome.cost)
        return _plain(outcome) if isinstance(outcome, Plain) else self._envelope(outcome)

    async def _take(self, seconds: float) -> None:
        if seconds > 0:
            await sleep(seconds / self._pbx.speed)

    def _envelope(self, answer: ActionResult) -> WebReply:
        return self._json(body_of(answer, pid=1290 + self._pbx.journal.total % 3), answer.status)

    def _json(self, body: Mapping[str, object], status: int) -> WebReply:
        content, etag = envelope.rendered(body, local_time.timestamp(self._pbx.now(), self._pbx.zone))
        headers = {"E-Tag": etag, "Access-Control-Allow-Origin": "*"} | _SECURITY_HEADERS
        return WebReply(status, "application/json", content, headers)


def _plain(plain: Plain) -> WebReply:
    return WebReply(plain.status, plain.content_type, plain.content, plain.headers)


def _damaged(reply: WebReply, fault: WebFault) -> WebReply:
    """Apply faults of the answer: the request has been carried out."""
    match fault.kind:
        case "half_json":
            half = reply.content[: len(reply.content) // 2]
            return WebReply(reply.status, reply.content_type, half, reply.headers)
        case "cut":
            return WebReply(reply.status, reply.content_type, reply.content, reply.headers, cut="middle")
        case "lost_answer":
            return WebReply(reply.status, reply.content_type, reply.content, reply.headers, cut="before")
        case _:
            return reply


async def _send(reply: WebReply, request: Request, send: Send) -> None:
    if reply.cut == "before":
        abort(request.scope)
        return
    named = {"content-type": reply.content_type, "content-length": str(len(reply.content))} | dict(reply.headers)
    headers = [(name.encode(), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    content = b"" if request.method == "HEAD" else reply.content
    if reply.cut == "middle":
        await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
        # The first half must be sent before the reset, which would drop it.
        await asyncio.sleep(0.02)
        abort(request.scope)
        return
    await send({"type": "http.response.body", "body": content})


async def _call(request: Request, target: ActionTarget) -> ActionCall:
    query = dict(parse_qsl(request.url.query, keep_blank_values=True))
    params = _trimmed(await _body(request)) | _trimmed(query)
    id_ = target.id
    named = str(params.get("id", ""))
    # Changes may be sent to the collection with the id in the body, if it is one.
    if not id_ and not target.method and request.method in ("PUT", "PATCH", "DELETE") and target.is_id(named):
        id_ = named
    return ActionCall(request.method, target.resource, id_, target.method, params, dict(request.headers))


async def _body(request: Request) -> dict[str, object]:
    """Return the body's fields; invalid JSON, or JSON that is no object, counts as empty."""
    if request.method == "GET":
        return {}
    content = await request.body()
    if "application/json" in request.headers.get("content-type", ""):
        try:
            body = json.loads(content)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}
    return dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))


def _trimmed(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def routes(pbx: StandinPbx) -> list[Route | Mount]:
    """Return `/pbxcore/…` and `/asterisk/…` as on a PBX, though there at another port, and `/control/…` for the control
    API."""
    return [Mount("/pbxcore", app=Front(pbx)), Mount("/asterisk", app=Ajam(pbx)), *actions.routes(pbx)]


def app(pbx: StandinPbx) -> Starlette:
    return Starlette(routes=routes(pbx))


def behind(path: str, pbx: StandinPbx) -> Mount:
    """Mount one of several PBXs at a path, as a proxy does; the PBX itself sees the path without it."""
    inner = app(pbx)

    async def forward(scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path", b"")
        shorter = {"path": scope["path"].removeprefix(path), "raw_path": raw.removeprefix(path.encode())}
        await inner({**scope, **shorter, "root_path": ""}, receive, send)

    return Mount(path, app=forward)
