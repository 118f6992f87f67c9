"""Where the stand-in answers: `/pbxcore/…` as the PBX does, `/control/…` for its switches."""

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from bot.demo.pbx.control import actions
from bot.demo.pbx.web.front import Front
from bot.demo.pbx.world import Pbx


def routes(pbx: Pbx) -> list[Route | Mount]:
    return [Mount("/pbxcore", app=Front(pbx)), *actions.routes(pbx)]


def app(pbx: Pbx) -> Starlette:
    return Starlette(routes=routes(pbx))


def behind(path: str, pbx: Pbx) -> Mount:
    """One of several at the same address, as behind a proxy that gives each a path: the PBX itself knows nothing of
    it."""
    inner = app(pbx)

    async def forward(scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path", b"")
        shorter = {"path": scope["path"].removeprefix(path), "raw_path": raw.removeprefix(path.encode())}
        await inner({**scope, **shorter, "root_path": ""}, receive, send)

    return Mount(path, app=forward)
