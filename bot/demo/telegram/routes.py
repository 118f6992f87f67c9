"""Routes of the stand-in: the Bot API, the client API, the page."""

import time
from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.demo.telegram.bot_api import server
from bot.demo.telegram.client import server as client
from bot.demo.telegram.wording import Role
from bot.demo.telegram.world import Telegram

STATIC = Path(__file__).parent / "static"


def routes(
    telegram: Telegram, pbxs: Mapping[str, str], roles: Mapping[int, Role] | None = None, zone: str = ""
) -> list[BaseRoute]:
    """`pbxs`: names of the PBX stand-ins whose /control is served here, by path; the page shows their switches.

    With `roles` the page says who each person is to the bot, and shows a visitor the first steps. `zone`: of the times
    on the page; by default the browser's.
    """
    born = int(telegram.now())

    async def bot_method(request: Request) -> Response:
        return await server.answer(telegram, request)

    async def download(request: Request) -> Response:
        return await server.download(telegram, request)

    async def client_action(request: Request) -> Response:
        return await client.answer(telegram, request)

    async def client_file(request: Request) -> Response:
        return await client.file(telegram, request)

    async def config(request: Request) -> Response:
        return JSONResponse({"pbxs": pbxs, "title": telegram.title, "roles": roles or {}, "born": born})

    async def page(request: Request) -> Response:
        clock = f'data-behind="{time.time() - telegram.now():.3f}" data-zone="{zone}"'
        shown = (STATIC / "index.html").read_text()
        return HTMLResponse(shown.replace('lang="en"', f'lang="{telegram.language}" {clock}', 1))

    return [
        Route("/", page),
        Route("/bot{token}/{method}", bot_method, methods=["GET", "POST"]),
        Route("/file/bot{token}/{path:path}", download),
        Route("/client/config", config),
        Route("/client/file/{id}", client_file),
        Route("/client/{action}", client_action, methods=["GET", "POST"]),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]


def app(telegram: Telegram) -> Starlette:
    return Starlette(routes=routes(telegram, {}))
