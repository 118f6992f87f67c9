"""The PBX's certificate: MikoPBX's own is self-signed, for a name that is not in use."""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import httpx
import pytest
from pydantic import SecretStr

from bot.app.wiring.pbx_clients import trusting
from bot.pbx import (
    ConnectionRefused,
    ConnectTimedOut,
    Expired,
    HttpsPort,
    NoRoute,
    NoSuchHost,
    NotMikoPbx,
    NotYetValid,
    OtherFingerprint,
    Pbx,
    PbxError,
    PlainHttpPort,
    Unreachable,
    Untrusted,
    WrongName,
)
from bot.pbx.certificate import Certificate, read_certificate, trust_by_fingerprint
from bot.pbx.connection_errors import connection_error
from tests.fixtures.certificates import DAY, Made, make_certificate

# Certificates and other programs go by the machine's clock.
pytestmark = pytest.mark.usefixtures("real_time")

ANSWER = b'{"result":true,"data":{"PBXTimezone":"Europe/Berlin"},"messages":[]}'
TLS_RECORD = b"\x16"
PAGE = b"<!DOCTYPE html><html><title>Router</title></html>"
HTTPS_ONLY = b"<html><center>The plain HTTP request was sent to HTTPS port</center><hr>nginx</html>"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    folder = tmp_path_factory.mktemp("certificates")
    return {
        "own": make_certificate(folder, "own"),
        "other": make_certificate(folder, "other"),
        "issuer": make_certificate(folder, "issuer", is_issuer=True),
        "expired": make_certificate(folder, "expired", begins=-3 * DAY, ends=-2 * DAY),
        "early": make_certificate(folder, "early", begins=2 * DAY, ends=3 * DAY),
        "hostile": make_certificate(folder, "hostile", names=tuple(f"{'x' * 40}-{n}.example" for n in range(40))),
    }


@asynccontextmanager
async def served(
    by: Made | None, body: bytes = ANSWER, status: str = "200 OK"
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Yield the port, and the heads of the requests."""
    heads: list[bytes] = []

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            first = await reader.readexactly(1)
            if first == TLS_RECORD:
                writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            kind = b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            writer.write(f"HTTP/1.1 {status}\r\n".encode() + kind)
            await writer.drain()

    context = None
    if by is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(by.file, by.key)
    server = await asyncio.start_server(answers, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], heads
    finally:
        server.close()


async def error_at(url: str, verify: bool | ssl.SSLContext = True) -> PbxError | None:
    try:
        async with Pbx(url, SecretStr("key"), verify=verify) as pbx:
            assert await pbx.time_zone() == "Europe/Berlin"
    except PbxError as error:
        return error
    return None


async def asked(by: Made, verify: bool | ssl.SSLContext) -> PbxError | None:
    """Return the error of a request to a PBX whose address is in no certificate. With one no key is sent."""
    async with served(by) as (port, heads):
        error = await error_at(f"https://127.0.0.1:{port}", verify)
    assert error is None or heads == []
    return error


async def test_the_very_certificate_is_trusted_whatever_name_it_is_for(made: dict[str, Made]) -> None:
    assert await asked(made["own"], trusting(made["own"].file)) is None


async def test_another_one_of_the_same_name_is_not(made: dict[str, Made]) -> None:
    assert type(await asked(made["issuer"], trusting(made["own"].file))) is Untrusted
    assert type(await asked(made["own"], True)) is Untrusted


async def test_an_issuer_vouches_only_for_the_names_in_its_certificates(made: dict[str, Made]) -> None:
    error = await asked(made["issuer"], trusting(made["issuer"].file))
    assert type(error) is WrongName
    assert error.shown == "mikopbx"


@pytest.mark.parametrize("name", ["own", "issuer", "expired", "early", "hostile"])
async def test_a_fingerprint_is_enough_whatever_name_issuer_and_date(made: dict[str, Made], name: str) -> None:
    assert await asked(made[name], trust_by_fingerprint({made[name].fingerprint})) is None
    both = {made["other"].fingerprint, made[name].fingerprint}
    assert await asked(made[name], trust_by_fingerprint(both)) is None


async def test_another_fingerprint_is_refused_before_the_key_is_sent_and_both_are_named(made: dict[str, Made]) -> None:
    error = await asked(made["own"], trust_by_fingerprint({made["other"].fingerprint}))
    assert type(error) is OtherFingerprint
    assert error.shown == made["own"].fingerprint
    assert made["own"].fingerprint in str(error)
    assert made["other"].fingerprint in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(("name", "kind"), [("expired", Expired), ("early", NotYetValid)])
async def test_a_date_that_does_not_fit_is_told_with_it(
    made: dict[str, Made], name: str, kind: type[Untrusted]
) -> None:
    error = await asked(made[name], trusting(made[name].file))
    assert type(error) is kind
    shown = await read(made[name])
    assert error.shown == f"{shown.not_after if kind is Expired else shown.not_before:%Y-%m-%d}"


async def read(by: Made, trust: ssl.SSLContext | None = None) -> Certificate:
    async with served(by) as (port, heads):
        shown = await read_certificate("127.0.0.1", port, trust)
    assert heads == []
    return shown


async def test_what_the_certificate_shows_is_read_without_trust(made: dict[str, Made]) -> None:
    shown = await read(made["own"])
    assert shown.names == ("mikopbx",)
    assert shown.issuer == "CN=mikopbx,O=MikoPBX"
    assert shown.fingerprint == made["own"].fingerprint
    assert shown.is_self_signed
    assert shown.not_before < shown.not_after
    assert shown.flaw is None


async def test_the_failed_check_is_named(made: dict[str, Made]) -> None:
    assert (await read(made["own"], ssl.create_default_context())).flaw is Untrusted
    assert (await read(made["own"], trusting(made["own"].file))).flaw is None
    assert (await read(made["issuer"], trusting(made["issuer"].file))).flaw is WrongName
    assert (await read(made["expired"], trusting(made["expired"].file))).flaw is Expired
    assert (await read(made["early"], trusting(made["early"].file))).flaw is NotYetValid
    assert (await read(made["own"], trust_by_fingerprint({made["other"].fingerprint}))).flaw is OtherFingerprint


async def test_a_certificate_with_many_long_names_is_shown_in_part(made: dict[str, Made]) -> None:
    shown = await read(made["hostile"])
    assert len(shown.names) == 8
    assert max(map(len, shown.names)) <= 64


async def test_plain_http_at_the_https_port_is_told(made: dict[str, Made]) -> None:
    async with served(None) as (port, _):
        assert type(await error_at(f"https://127.0.0.1:{port}")) is PlainHttpPort
        with pytest.raises(PlainHttpPort):
            await read_certificate("127.0.0.1", port)


async def test_https_at_the_http_port_is_told(made: dict[str, Made]) -> None:
    async with served(None, HTTPS_ONLY, "400 Bad Request") as (port, _):
        assert type(await error_at(f"http://127.0.0.1:{port}")) is HttpsPort
    async with served(made["own"]) as (port, _):
        assert type(await error_at(f"http://127.0.0.1:{port}")) is HttpsPort


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "401 Unauthorized"])
async def test_a_page_of_something_else_is_told(status: str) -> None:
    async with served(None, PAGE, status) as (port, _):
        assert type(await error_at(f"http://127.0.0.1:{port}")) is NotMikoPbx


async def test_a_host_that_is_not_known_and_one_that_refuses_are_told_apart() -> None:
    assert type(await error_at("https://pbx.invalid")) is NoSuchHost
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    for host in ("127.0.0.1", "localhost"):
        assert type(await error_at(f"https://{host}:{port}")) is ConnectionRefused


async def test_a_server_that_never_answers_the_handshake_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock, pytest.raises(ConnectTimedOut):
        await read_certificate("127.0.0.1", sock.getsockname()[1], within=0.1)


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (TimeoutError(), ConnectTimedOut),
        (OSError(errno.ETIMEDOUT, ""), ConnectTimedOut),
        (OSError(errno.EHOSTUNREACH, ""), NoRoute),
        (OSError(errno.ENETUNREACH, ""), NoRoute),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), NoSuchHost),
        (ExceptionGroup("", [OSError(errno.ENETUNREACH, ""), OSError(errno.ECONNREFUSED, "")]), ConnectionRefused),
        (ssl.SSLError(1, "anything else"), Unreachable),
    ],
)
def test_the_error_of_the_socket_decides(cause: Exception, kind: type[PbxError]) -> None:
    wrapped = httpx.ConnectError("All connection attempts failed")
    wrapped.__cause__ = cause
    assert type(connection_error(wrapped)) is kind
