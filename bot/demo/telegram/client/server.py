"""Client API, for the web page and the tests. JSON, without authentication."""

import inspect
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.demo.telegram.bot_api.params import Params, read_params
from bot.demo.telegram.bot_api.refusal import BotApiRefused
from bot.demo.telegram.client import chats, messages, switches, view
from bot.demo.telegram.files import PICTURES, SOUNDS
from bot.demo.telegram.model import Json
from bot.demo.telegram.waiting import ClientGone, unless_gone
from bot.demo.telegram.world import Telegram

LONGEST_WAIT = 50.0


def state(telegram: Telegram, params: Params) -> Json:
    return view.state(telegram, messages.actor(telegram, params), params.integer("chat"))


async def wait(telegram: Telegram, params: Params) -> Json:
    seconds = min(max(params.number("timeout", 25.0), 0.0), LONGEST_WAIT)
    return {"seq": await telegram.bell.heard(params.integer("after") or 0, seconds)}


def log(telegram: Telegram, params: Params) -> Json:
    return {"calls": telegram.log.after(params.integer("after") or 0)}


READS: dict[str, Callable[[Telegram, Params], Json | Awaitable[Json]]] = {"state": state, "wait": wait, "log": log}
ACTIONS: dict[str, Callable[[Telegram, Params], Json | Awaitable[Json]]] = {
    "send": messages.send,
    "edit": messages.edit,
    "delete": messages.delete,
    "press": messages.press,
    "forward": messages.forward,
    "upload": messages.upload,
    "start": messages.start,
    "block": messages.block,
    "people": chats.new_person,
    "chats": chats.new_chat,
    "members": chats.set_member,
    "topics": chats.topics,
    "migrate": chats.migrate,
    "faults": switches.faults,
    "limits": switches.limits,
    "privacy": switches.privacy,
    "webhook": switches.webhook,
}


async def answer(telegram: Telegram, request: Request) -> Response:
    table = READS if request.method == "GET" else ACTIONS
    action = table.get(request.path_params["action"])
    if action is None:
        return JSONResponse({"error": "there is no such action"}, HTTPStatus.NOT_FOUND)
    try:
        result = action(telegram, await read_params(request))
        body = await unless_gone(request, result) if inspect.isawaitable(result) else result
    except BotApiRefused as refusal:
        return JSONResponse({"error": refusal.description.removeprefix("Bad Request: ")}, refusal.code)
    except ClientGone:
        return Response()
    return JSONResponse(body)


async def file(telegram: Telegram, request: Request) -> Response:
    """Files other than pictures and sounds are download-only: HTML sent as a document must not run in this page."""
    one = telegram.shelf.by_unique_id(request.path_params["id"])
    if one is None:
        return JSONResponse({"error": "there is no such file"}, HTTPStatus.NOT_FOUND)
    shown = one.mime in {"photo": PICTURES, "audio": SOUNDS, "voice": SOUNDS}.get(one.kind, ())
    headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "inline" if shown else "attachment"}
    return Response(one.content, headers=headers, media_type=one.mime if shown else "application/octet-stream")
