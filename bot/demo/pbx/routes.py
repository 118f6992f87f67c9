"""Routes of the stand-in: `/pbxcore/…` as on a PBX, `/control/…` for the control API."""

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from bot.demo.pbx.control import actions
from bot.demo.pbx.web.front import Front
from bot.demo.pbx.world import StandinPbx


def routes(pbx: StandinPbx) -> list[Route | Mount]:
    return [Mount("/pbxcore", app=Front(pbx)), *actions.routes(pbx)]


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
