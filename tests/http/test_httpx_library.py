"""Contract with httpx and httpcore: the private parts that bot/http/httpx_library.py relies on, and the behaviour that
response_head and decompression rely on. The texts of a refused certificate are in tests/pbx/test_certificate.py."""

import contextlib
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpcore
import httpx
import pytest

from bot.http.httpx_library import (
    network_stream,
    send_once,
    wrap_network,
)

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Stream(httpcore.AsyncNetworkStream):
    def __init__(self, calls: list[str], parts: list[bytes]) -> None:
        self.calls = calls
        self.parts = parts

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 (as httpcore has it)
        self.calls.append("read")
        return self.parts.pop(0) if self.parts else b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 (as httpcore has it)
        self.calls.append("write")

    async def aclose(self) -> None:
        self.calls.append("close")

    async def start_tls(self, *args: Any, **more: Any) -> httpcore.AsyncNetworkStream:
        self.calls.append("tls")
        return Stream(self.calls, self.parts)

    def get_extra_info(self, info: str) -> Any:
        return None


class Network(httpcore.AsyncNetworkBackend):
    """Gives one stream, which answers `parts` whatever it is sent."""

    def __init__(self, *parts: bytes) -> None:
        self.calls: list[str] = []
        self.streams: list[Stream] = []
        self.parts = parts

    async def connect_tcp(self, *args: Any, **more: Any) -> httpcore.AsyncNetworkStream:
        self.calls.append("connect")
        self.streams.append(Stream(self.calls, [*self.parts]))
        return self.streams[-1]


@contextlib.asynccontextmanager
async def client_of(network: Network, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, **more) as client:
        wrap_network(client, lambda _usual: network)
        yield client


async def test_a_wrapped_network_carries_each_request_and_is_found_at_its_response() -> None:
    network = Network(ANSWER)
    async with client_of(network) as client:
        response = await client.get("http://pbx/")
        assert response.text == "ok"
        assert network_stream(response) is network.streams[0]
    # Nothing is read before the request is written.
    assert network.calls[0] == "connect"
    assert network.calls.index("write") < network.calls.index("read")
    assert network.calls[-1] == "close"


async def test_what_is_wrapped_is_the_network_in_use() -> None:
    usual: list[object] = []
    async with httpx.AsyncClient(trust_env=False) as client:
        wrap_network(client, lambda network: usual.append(network) or network)  # type: ignore[func-returns-value]
    assert [isinstance(one, httpcore.AsyncNetworkBackend) for one in usual] == [True]


async def test_tls_begins_on_the_stream_of_the_network() -> None:
    network = Network(ANSWER)
    async with client_of(network) as client:
        response = await client.get("https://pbx/")
    assert network.calls[:2] == ["connect", "tls"]
    # The one that start_tls gave.
    assert isinstance(network_stream(response), Stream)
    assert network_stream(response) is not network.streams[0]


@pytest.mark.parametrize(
    ("proxy", "refusal"),
    [("http://proxy:3128", b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"), ("socks5://proxy:1080", b"\x05\xff")],
)
async def test_a_proxy_is_a_mounted_transport_with_a_network_of_its_own(proxy: str, refusal: bytes) -> None:
    network = Network(refusal)
    async with client_of(network, proxy=proxy) as client:
        with pytest.raises(httpx.ProxyError):
            await client.get("https://pbx/")
    assert network.calls[0] == "connect"


async def test_a_transport_that_another_one_sends_through_can_be_named() -> None:
    network = Network(ANSWER)
    within = httpx.AsyncHTTPTransport(trust_env=False)

    class Outer(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await within.handle_async_request(request)

    async with httpx.AsyncClient(transport=Outer(), trust_env=False) as client:
        wrap_network(client, lambda _usual: network, within)
        assert (await client.get("http://pbx/")).text == "ok"


async def test_an_error_of_the_stream_comes_out_as_it_is() -> None:
    class TooLong(httpx.RemoteProtocolError):
        pass

    class Refusing(Stream):
        async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
            raise TooLong("head")

    class RefusingNetwork(Network):
        async def connect_tcp(self, *args: Any, **more: Any) -> httpcore.AsyncNetworkStream:
            return Refusing([], [])

    async with client_of(RefusingNetwork()) as client:
        with pytest.raises(TooLong):
            await client.get("http://pbx/")


async def test_a_response_hook_runs_between_the_head_and_the_body() -> None:
    network = Network(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"o", b"k")
    reads: list[int] = []

    async def hook(_response: httpx.Response) -> None:
        reads.append(network.calls.count("read"))

    async with client_of(network) as client:
        client.event_hooks["response"].append(hook)
        assert (await client.get("http://pbx/")).text == "ok"
    assert reads == [1]
    assert network.calls.count("read") == 3


async def test_a_request_sent_once_passes_the_hooks_and_keeps_no_cookie() -> None:
    network = Network(b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1\r\nContent-Length: 2\r\n\r\nok")
    statuses: list[int] = []

    async def hook(response: httpx.Response) -> None:
        statuses.append(response.status_code)

    async with client_of(network) as client:
        client.event_hooks["response"].append(hook)
        response = await send_once(client, client.build_request("GET", "http://pbx/"))
        assert await response.aread() == b"ok"
        await response.aclose()
        assert network_stream(response) is network.streams[0]
        assert not client.cookies
    assert statuses == [200]


async def test_a_request_sent_once_goes_through_the_proxy() -> None:
    network = Network(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")
    async with client_of(network, proxy="http://proxy:3128") as client:
        with pytest.raises(httpx.ProxyError):
            await send_once(client, client.build_request("GET", "https://pbx/"))


async def test_a_response_that_a_hook_refuses_is_closed() -> None:
    network = Network(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")

    async def refuse(_response: httpx.Response) -> None:
        raise httpx.RemoteProtocolError("refused")

    async with client_of(network) as client:
        client.event_hooks["response"].append(refuse)
        with pytest.raises(httpx.RemoteProtocolError):
            await send_once(client, client.build_request("GET", "http://pbx/"))
        assert network.calls[-1] == "close"


async def test_a_closed_client_sends_nothing() -> None:
    network = Network(ANSWER)
    async with client_of(network) as client:
        request = client.build_request("GET", "http://pbx/")
    with pytest.raises(RuntimeError):
        await send_once(client, request)
    assert network.calls == []


async def test_a_hook_may_replace_the_stream_and_the_encoding_before_the_body_is_read() -> None:
    packed = gzip.compress(b"packed")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)

    class Replaced(httpx.AsyncByteStream):
        def __init__(self, stream: httpx.AsyncByteStream) -> None:
            self.stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            # As it is on the wire.
            assert b"".join([part async for part in self.stream]) == packed
            yield b"unpacked"

    async def hook(response: httpx.Response) -> None:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = Replaced(response.stream)
        response.headers.pop("Content-Encoding")

    async with client_of(Network(head + packed)) as client:
        client.event_hooks = {"response": [hook]}
        assert (await client.get("http://pbx/")).content == b"unpacked"


async def test_the_headers_of_a_client_say_which_encoding_it_accepts() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Accept-Encoding"])
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        client.headers.update({"Accept-Encoding": "identity"})
        await client.get("http://pbx/")
    assert seen == ["identity"]
