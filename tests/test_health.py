"""What a monitor hears: ok, or what is wrong."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot import metrics
from bot.health import complaints, health_app
from bot.settings import WrongSettings
from bot.web import listen

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(minutes=10)


SILENCE = timedelta(seconds=120)


def wrong(
    updates: datetime | None, poll: datetime | None, started: datetime = LONG_AGO, tick: datetime | None = NOW
) -> list[str]:
    return complaints(now=NOW, started=started, updates=updates, poll=poll, poll_silence=SILENCE, tick=tick)


def test_a_bot_that_hears_and_looks_is_well() -> None:
    assert wrong(NOW, NOW) == []


def test_a_bot_that_has_just_started_is_given_time() -> None:
    assert wrong(None, None, started=NOW, tick=None) == []


def test_each_silence_is_named() -> None:
    assert ["Telegram" in line for line in wrong(LONG_AGO, NOW)] == [True]
    assert ["PBX" in line for line in wrong(NOW, LONG_AGO)] == [True]
    assert ["due" in line for line in wrong(NOW, NOW, tick=LONG_AGO)] == [True]
    assert len(wrong(None, None, tick=None)) == 3


@pytest.mark.parametrize(("poll", "status"), [(NOW, 200), (LONG_AGO, 503)])
async def test_the_answer_is_a_status_a_monitor_understands(poll: datetime, status: int) -> None:
    app = health_app(clock=lambda: NOW, updates=lambda: NOW, poll=lambda: poll, poll_silence=SILENCE, tick=lambda: NOW)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot") as http:
        assert (await http.get("/healthz")).status_code == status
        metrics.OUTBOX.set(3)
        assert "mikopbx_bot_outbox_waiting 3.0" in (await http.get("/metrics")).text


def test_an_address_that_is_taken_is_one_readable_line() -> None:
    with listen("HEALTH_ADDRESS", "127.0.0.1:0") as sock:
        taken = f"127.0.0.1:{sock.getsockname()[1]}"
        with pytest.raises(WrongSettings, match="HEALTH_ADDRESS"):
            listen("HEALTH_ADDRESS", taken)
