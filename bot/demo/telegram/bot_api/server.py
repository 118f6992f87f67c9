"""Bot API over HTTP: check the token, injected faults and rate limits, call the method, respond."""

import asyncio
import inspect
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from bot.demo.telegram.bot_api import bot_methods, chat_methods, editing, sending
from bot.demo.telegram.bot_api.params import Params, read_params
from bot.demo.telegram.bot_api.refusal import BotApiRefused, too_many_requests
from bot.demo.telegram.faults import BotApiFault, FaultKind
from bot.demo.telegram.model import Json
from bot.demo.telegram.waiting import ClientGone, unless_gone
from bot.demo.telegram.world import TOKEN, Telegram
from bot.demo.wire import abort

METHODS = {
    name.lower(): (name, method)
    for table in (bot_methods.METHODS, chat_methods.METHODS, sending.METHODS, editing.METHODS)
    for name, method in table.items()
}
MENUS = frozenset({"setmycommands", "deletemycommands"})
COUNTED = frozenset(name.lower() for name in (*sending.METHODS, *editing.METHODS))


def check_token(telegram: Telegram, token: str) -> None:
    if not TOKEN.fullmatch(token):
        raise BotApiRefused(404, "Not Found")
    if not telegram.accepts(token):
        raise BotApiRefused(401, "Unauthorized")


async def answer(telegram: Telegram, request: Request) -> Response:
    method = request.path_params["method"]
    params = Params({})
    try:
        check_token(telegram, request.path_params["token"])
        params = await read_params(request)
        return await _answer(telegram, request, method, params)
    except BotApiRefused as refusal:
        telegram.log.add(_name(method), params, refusal.code, {"description": refusal.description})
        return JSONResponse(refusal.as_json(), refusal.code)
    except ClientGone:
        return Response()


async def _answer(telegram: Telegram, request: Request, method: str, params: Params) -> Response:
    fault = telegram.faults.meet(method, params.chat_id())
    if fault is not None and (refusal := fault.refusal()) is not None:
        raise refusal
    if fault is not None and fault.kind is FaultKind.HTML:
        telegram.log.add(_name(method), params, fault.status, {"description": "an HTML page"})
        return HTMLResponse(_page(fault.status), fault.status)
    if fault is not None and fault.kind is FaultKind.CUT:
        telegram.log.add(_name(method), params, 0, {"description": "cut before it was carried out"})
        return _cut(request)
    result = call(telegram, method, params)
    if inspect.isawaitable(result):
        result = await unless_gone(request, result)
    spoiled = fault is not None and fault.kind is FaultKind.LOST_ANSWER
    telegram.log.add(_name(method), params, 200, {"result": result, "answer_lost": spoiled})
    return await _deliver(request, fault, {"ok": True, "result": result})


def _page(status: int) -> str:
    """Return the error page of a proxy between the bot and Telegram."""
    title = f"{status} {HTTPStatus(status).phrase}"
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1><hr>nginx</body></html>"


async def _deliver(request: Request, fault: BotApiFault | None, body: Json) -> Response:
    """Respond to a call that was carried out; `slow` and `lost_answer` affect only the response."""
    if fault is not None and fault.kind is FaultKind.LOST_ANSWER:
        return _cut(request)
    if fault is not None and fault.kind is FaultKind.SLOW:
        await asyncio.sleep(fault.seconds)
    return JSONResponse(body)


def _cut(request: Request) -> Response:
    abort(request.scope)
    return Response()


def call(telegram: Telegram, method: str, params: Params) -> object:
    """Call a Bot API method; the result of a long poll must be awaited. Raises BotApiRefused."""
    known = METHODS.get(method.lower())
    if known is None:
        raise BotApiRefused(404, "Not Found")
    chat_id = params.chat_id()
    if method.lower() in COUNTED and chat_id in telegram.chats:
        seconds = telegram.limits.spend(chat_id)
        if seconds:
            raise too_many_requests(seconds)
    if method.lower() in MENUS and (seconds := telegram.limits.spend_profile()):
        raise too_many_requests(seconds)
    return known[1](telegram, params)


def _name(method: str) -> str:
    return METHODS.get(method.lower(), (method,))[0]


async def download(telegram: Telegram, request: Request) -> Response:
    try:
        check_token(telegram, request.path_params["token"])
    except BotApiRefused as refusal:
        return JSONResponse(refusal.as_json(), refusal.code)
    file = telegram.shelf.by_path(request.path_params["path"])
    if file is None:
        return JSONResponse(BotApiRefused(404, "Not Found").as_json(), 404)
    return Response(file.content, media_type="application/octet-stream")
