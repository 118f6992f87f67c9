"""What answers at the address of a PBX: https first, and its certificate, before any key is sent there."""

import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bot.http import decompression, response_head, urls
from bot.http.public_trust import public_trust
from bot.pbx import PbxError
from bot.pbx.certificate import Certificate, read_certificate
from bot.pbx.connection_errors import connection_error
from bot.pbx.errors import Busy, NotFound, NotMikoPbx, ServerError, TimedOut
from bot.pbx.http import ROOT
from bot.pbx.responses import HttpReply, read

# Of the API that no key is needed for.
PING = "system:ping"
TIMEOUT = 10.0
MAX_BYTES = 64 * 1024
UNREADABLE = (decompression.BodyTooLarge, decompression.Garbled, response_head.EndlessHead)


@dataclass(frozen=True, slots=True)
class AddressFound:
    """Address at which a server answers; no certificate over plain http."""

    url: str
    certificate: Certificate | None

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


async def find(url: str, *, scheme_typed: bool, trust: ssl.SSLContext | None) -> AddressFound:
    """Find how an address answers. https is tried first, even where plain http is typed, as MikoPBX has both; other
    ports are taken as they are typed. Raises PbxError."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "http" and (port is not None or urls.is_local_url(url)):
        return AddressFound(url, None)
    secure = url.replace("http://", "https://", 1)
    try:
        return AddressFound(secure, await read_certificate(host, port or 443, trust or public_trust()))
    except PbxError:
        plain = secure.replace("https://", "http://", 1)
        if parts.scheme == "https" and scheme_typed:
            raise
        try:
            await check_is_mikopbx(plain, verify=public_trust())
        except PbxError:
            plain = ""
        if not plain:
            raise
        return AddressFound(plain, None)


async def check_is_mikopbx(url: str, verify: ssl.SSLContext) -> None:
    """Raises PbxError if no MikoPBX with the API answers; one that is overloaded is one all the same."""
    client = httpx.AsyncClient(verify=verify, timeout=TIMEOUT, headers=decompression.IDENTITY)
    response_head.limit_head(client)
    async with client:
        try:
            async with client.stream("GET", url.rstrip("/") + ROOT + PING) as response:
                body = await decompression.read_all(response, MAX_BYTES)
        except httpx.TimeoutException as error:
            raise TimedOut(type(error).__name__) from None
        except httpx.TransportError as error:
            raise connection_error(error) from None
        except (httpx.HTTPError, httpx.InvalidURL, *UNREADABLE):
            raise NotMikoPbx(0) from None
    try:
        read(HttpReply(response.status_code, body), "")
    except NotFound:
        raise NotMikoPbx(response.status_code) from None
    except (Busy, ServerError, TimedOut):
        return
