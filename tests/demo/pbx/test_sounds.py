import io
import wave

import httpx
import pytest

from bot.demo.pbx.telephony import sounds


async def legs(api: httpx.AsyncClient, count: int = 1) -> list[dict[str, str]]:
    found = await api.get(f"/cdr?disposition=ANSWERED&grouped=false&limit={count}")
    return list(found.json()["data"]["records"])


async def listen(api: httpx.AsyncClient, leg: dict[str, str], more: str = "") -> httpx.Response:
    return await api.get(f"http://pbx{leg['playback_url']}{more}")


async def test_every_leg_sounds_different_and_lasts_as_long_as_its_talk(api: httpx.AsyncClient) -> None:
    one, other = await legs(api, 2)
    first, second = [(await listen(api, leg)).content for leg in (one, other)]
    assert first[44:1000] != second[44:1000]
    with wave.open(io.BytesIO(first)) as file:
        assert file.getnframes() / file.getframerate() == min(int(one["billsec"]), 120)
    assert (await listen(api, one)).content == first


async def test_an_mp3_is_a_tenth_of_the_wav(api: httpx.AsyncClient) -> None:
    [leg] = await legs(api)
    whole, small = await listen(api, leg), await listen(api, leg, "&format=mp3")
    assert (small.status_code, small.headers["content-type"]) == (200, "audio/mpeg")
    assert len(small.content) == pytest.approx(len(whole.content) / 10, rel=0.1)
    assert small.headers["x-audio-duration"] == whole.headers["x-audio-duration"]
    saved = await api.get(f"http://pbx{leg['download_url']}&format=mp3")
    assert saved.headers["content-disposition"] == f'attachment; filename="{leg["linkedid"]}.mp3"'


def test_an_mp3_is_frame_after_frame() -> None:
    content, at, count = sounds.mp3(60), 0, 0
    while at < len(content):
        assert content[at : at + 2] == b"\xff\xf3"
        at += 72 * 8000 * {0x18: 1, 0x28: 2}[content[at + 2]] // 16000
        count += 1
    assert at == len(content)
    assert count * 0.036 == pytest.approx(60, abs=0.2)


async def test_a_recording_can_be_made_as_large_as_a_test_needs(
    api: httpx.AsyncClient, control: httpx.AsyncClient
) -> None:
    [leg] = await legs(api)
    usual = len((await listen(api, leg)).content)
    await control.post("/recordings", json={"megabytes": 12})
    large, small = await listen(api, leg), await listen(api, leg, "&format=mp3")
    assert len(large.content) == pytest.approx(12 * 1024 * 1024, rel=0.01)
    assert len(small.content) == pytest.approx(1.2 * 1024 * 1024, rel=0.01)
    await control.post("/recordings", json={"megabytes": 0})
    assert len((await listen(api, leg)).content) == usual


async def test_a_recording_can_be_gone(api: httpx.AsyncClient, control: httpx.AsyncClient) -> None:
    [leg] = await legs(api)
    await control.post("/recordings", json={"missing": True})
    gone = await listen(api, leg)
    assert (gone.status_code, gone.json()["result"]) == (404, False)
    assert (await control.get("/state")).json()["recordings"] == {"megabytes": 0, "missing": True}
    await control.post("/recordings", json={"missing": False})
    assert (await listen(api, leg)).status_code == 200
    assert (await control.post("/recordings", json={"megabytes": -1})).status_code == 422
