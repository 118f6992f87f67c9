"""What a monitor may ask: /healthz (is it alive, and if not, why) and /metrics (Prometheus)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.metrics import REGISTRY

# A long poll takes 50 s, so two missed ones are a silence.
TELEGRAM_SILENCE = timedelta(seconds=120)
# Every second it looks for what is due; a store that refuses for this long is no hiccup.
TICKER_SILENCE = timedelta(seconds=120)

LastSeen = Callable[[], datetime | None]


def complaints(
    *,
    now: datetime,
    started: datetime,
    updates: datetime | None,
    poll: datetime | None,
    poll_silence: timedelta,
    tick: datetime | None,
) -> list[str]:
    """Why the bot is not well, one line each; empty when it is."""
    found = []
    if now - (updates or started) > TELEGRAM_SILENCE:
        found.append(f"no answer from Telegram since {updates or started:%Y-%m-%d %H:%M:%S} UTC")
    if now - (poll or started) > poll_silence:
        found.append(f"no look at the PBX since {poll or started:%Y-%m-%d %H:%M:%S} UTC")
    if now - (tick or started) > TICKER_SILENCE:
        found.append(f"nothing that was due could be done since {tick or started:%Y-%m-%d %H:%M:%S} UTC")
    return found


def health_app(
    *, clock: Callable[[], datetime], updates: LastSeen, poll: LastSeen, poll_silence: timedelta, tick: LastSeen
) -> Starlette:
    """`updates` is when Telegram last answered, `poll` when the PBX was last looked at, whatever it said, `tick` when
    the clock of the incidents last did what was due."""
    started = clock()

    async def healthz(_request: Request) -> Response:
        wrong = complaints(
            now=clock(), started=started, updates=updates(), poll=poll(), poll_silence=poll_silence, tick=tick()
        )
        return PlainTextResponse("\n".join(wrong) or "ok", status_code=503 if wrong else 200)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", metrics)])
