"""What a monitor may ask: /healthz (is it alive, and if not, why) and /metrics (Prometheus)."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.metrics import REGISTRY
from bot.settings import WrongSettings


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # The program has its own way of ending; uvicorn's handlers would take the signals away from it.


def health_app(complaints: Callable[[], list[str]]) -> Starlette:
    """`complaints` are why the bot is not well, one line each."""

    async def healthz(_request: Request) -> Response:
        wrong = complaints()
        return PlainTextResponse("\n".join(wrong) or "ok", status_code=503 if wrong else 200)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", metrics)])


def listen(address: str) -> socket.socket:
    """Raises WrongSettings when the address cannot be used."""
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), int(port)), family=family)
    except (OSError, OverflowError) as error:
        raise WrongSettings([f"HEALTH_ADDRESS: {address} cannot be used ({error}); choose another one"]) from None


async def serve(app: Starlette, sock: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop`."""
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    server.should_exit = True
    await serving
