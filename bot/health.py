"""What a monitor may ask: /healthz (is it alive, and if not, why) and /metrics (Prometheus)."""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.metrics import REGISTRY


def health_app(complaints: Callable[[], list[str]]) -> Starlette:
    """`complaints` are why the bot is not well, one line each."""

    async def healthz(_request: Request) -> Response:
        wrong = complaints()
        return PlainTextResponse("\n".join(wrong) or "ok", status_code=503 if wrong else 200)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", metrics)])
