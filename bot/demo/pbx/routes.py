"""Where the stand-in answers: `/pbxcore/…` as the PBX does, `/control/…` for its switches."""

from starlette.applications import Starlette
from starlette.routing import Mount, Route

from bot.demo.pbx import control
from bot.demo.pbx.front import Front
from bot.demo.pbx.world import Pbx


def routes(pbx: Pbx) -> list[Route | Mount]:
    return [Mount("/pbxcore", app=Front(pbx)), *control.routes(pbx)]


def app(pbx: Pbx) -> Starlette:
    return Starlette(routes=routes(pbx))
