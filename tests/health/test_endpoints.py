"""Health endpoints: ok, or the list of problems."""

import asyncio

import httpx
import pytest

from bot.app.station_metrics import StationMetrics
from bot.app.update_listener import listening_socket
from bot.config.errors import WrongSettings
from bot.health.endpoints import health_app
from bot.runtime import metrics
from tests.fixtures.loop_probe import turns_of_others


@pytest.mark.parametrize(("wrong", "status", "said"), [([], 200, "ok"), (["PBX A", "outbox"], 503, "PBX A\noutbox")])
async def test_the_answer_is_a_status_a_monitor_understands(wrong: list[str], status: int, said: str) -> None:
    transport = httpx.ASGITransport(health_app(lambda: wrong, StationMetrics(())))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as http:
        answer = await http.get("/healthz")
        assert (answer.status_code, answer.text) == (status, said)
        metrics.OUTBOX.set(3)
        assert "mikopbx_bot_outbox_waiting 3.0" in (await http.get("/metrics")).text


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
async def test_hundreds_who_ask_at_once_are_answered_one_after_the_other_and_others_have_turns(path: str) -> None:
    transport = httpx.ASGITransport(health_app(list, StationMetrics(())))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as http, turns_of_others() as turns:
        answers = await asyncio.gather(*(http.get(path) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert turns.count >= 100


def test_an_address_that_is_taken_is_one_readable_line() -> None:
    with listening_socket("HEALTH_ADDRESS", "127.0.0.1:0") as sock:
        taken = f"127.0.0.1:{sock.getsockname()[1]}"
        with pytest.raises(WrongSettings, match="HEALTH_ADDRESS"):
            listening_socket("HEALTH_ADDRESS", taken)
