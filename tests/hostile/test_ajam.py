"""AMI with slow, endless or oversized answers, at the login and after a call was asked for: each is an error that is
true, comes soon, and takes little memory."""

import asyncio
import contextlib
import re
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from bot.pbx import AmiAccount, Calling, NotJson, PbxError, TimedOut, Uncertain, Unreachable
from bot.pbx.calling import ajam, call
from tests.end_to_end.clock import Clock
from tests.hostile.fixtures.evil_pbx import WAYS, EvilPbx, bomb
from tests.pbx.ajam_server import recorded

# Seconds: the limits of the program itself are longer than a test.
LIMIT = 0.3
SOON = 20.0
MOST_MEMORY = 4 << 20
# Nothing of the JSON of the API says anything in AMI.
BAD = sorted(set(WAYS) - {"well", "answers nothing at all"})
SLOW = {"drips a head", "drips chunks", "never answers"}


class EvilAjam(EvilPbx):
    """AMI that answers the actions before `until` as Asterisk does, and that one in its evil way."""

    until = "Login"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int((re.findall(rb"(?i)content-length: (\d+)", head) or [b"0"])[0])
                action = (await reader.readexactly(length)).decode().partition("&")[0].partition("=")[2]
                self.asked.append((time.monotonic(), action))
                if action == self.until:
                    await WAYS[self.way](self, writer)
                    break
                answer = recorded("login_accepted")
                headers = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
                writer.write(f"HTTP/1.1 200 OK\r\n{headers}\r\n".encode() + answer.content)
        writer.close()

    @property
    def actions(self) -> list[str]:
        return [action for _, action in self.asked]


@asynccontextmanager
async def evil(way: str, until: str) -> AsyncIterator[tuple[EvilAjam, Calling]]:
    one = EvilAjam("evil", Clock(1.0))
    one.way, one.until = way, until
    async with await asyncio.start_server(one.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        made = Calling(ajam.Ajam(AmiAccount(f"http://127.0.0.1:{port}", "bot", SecretStr("secret"))))
        yield one, made
        await made.close()
        server.close()


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    # Made here, for it takes longer than the limits.
    bomb()
    monkeypatch.setattr(ajam, "AT_ONCE", LIMIT)
    monkeypatch.setattr(ajam, "CONNECT", LIMIT)
    monkeypatch.setattr(call, "RING", 0)
    monkeypatch.setattr(call, "GRACE", LIMIT)


async def error_of(one: EvilAjam, calling: Calling) -> PbxError:
    began = time.monotonic()
    with pytest.raises(PbxError) as caught:
        await calling.call("201", "79161234501")
    assert time.monotonic() - began < SOON, one.way
    return caught.value


@pytest.mark.parametrize("way", BAD)
async def test_at_the_login_nobody_was_called(way: str) -> None:
    async with evil(way, "Login") as (one, calling):
        error = await error_of(one, calling)
        assert isinstance(error, TimedOut if way in SLOW else NotJson | Unreachable), error
        assert one.actions == ["Login"]


@pytest.mark.parametrize("way", BAD)
async def test_after_a_call_was_asked_for_it_is_not_known_and_not_asked_again(way: str) -> None:
    async with evil(way, "Originate") as (one, calling):
        assert isinstance(await error_of(one, calling), Uncertain)
        assert one.actions.count("Originate") == 1


async def test_no_answer_is_kept_beyond_its_limit() -> None:
    async with evil("sends half a gigabyte", "Login") as (one, calling):
        tracemalloc.start()
        try:
            await error_of(one, calling)
            assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
        finally:
            tracemalloc.stop()
