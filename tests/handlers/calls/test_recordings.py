"""Choice of a recording's format: the one that plays in Telegram, or the best available."""

from collections.abc import Callable

import httpx
import pytest
from pydantic import SecretStr

from bot.pbx import NotFound, Pbx, PbxError, TooLarge
from bot.pbx.recording import Recording
from bot.pbx.resources.record_models import CallRecordLeg
from handlers.calls import recordings

LEG = CallRecordLeg(download_url="/pbxcore/api/v3/cdr:download?token=abc")


def sound(kind: str, size: int = 10) -> httpx.Response:
    return httpx.Response(200, content=b"x" * size, headers={"Content-Type": f"audio/{kind}"})


def refusal(status: int) -> httpx.Response:
    return httpx.Response(status, json={"result": False, "messages": {"error": ["Recording file not found"]}})


async def fetched(answers: dict[str, httpx.Response]) -> tuple[Recording, list[str]]:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["format"])
        return answers[asked[-1]]

    async with Pbx("https://pbx", SecretStr("key"), transport=httpx.MockTransport(answer)) as pbx:
        return await recordings._fetch(pbx, LEG), asked


@pytest.fixture(autouse=True)
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "LIMIT", 100)


async def test_what_plays_in_telegram_comes_first() -> None:
    found, asked = await fetched({"mp3": sound("mpeg")})
    assert (found.content_type, asked) == ("audio/mpeg", ["mp3"])


async def test_what_the_pbx_cannot_convert_comes_as_it_is() -> None:
    found, asked = await fetched({"mp3": httpx.Response(500), "original": sound("webm")})
    assert (found.content_type, asked) == ("audio/webm", ["mp3", "original"])


async def test_what_is_too_large_comes_smaller() -> None:
    found, _ = await fetched({"mp3": sound("mpeg", 200), "ogg": sound("ogg")})
    assert found.content_type == "audio/ogg"


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        (lambda: {"mp3": sound("mpeg", 200), "ogg": sound("ogg", 200)}, TooLarge),
        (lambda: {"mp3": refusal(404)}, NotFound),
        (lambda: {"mp3": httpx.Response(500), "original": httpx.Response(500)}, PbxError),
    ],
)
async def test_when_there_is_nothing_the_reason_is_reported(
    answers: Callable[[], dict[str, httpx.Response]], error: type[PbxError]
) -> None:
    with pytest.raises(error):
        await fetched(answers())
