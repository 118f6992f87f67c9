"""HTTP with the PBX: a client of bounded answers, and its errors as PbxErrors."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from bot.http import decompression, response_head
from bot.http.decompression import BodyTooLarge, Garbled
from bot.http.httpx_library import send_once
from bot.http.public_trust import public_trust
from bot.http.response_head import EndlessHead
from bot.pbx.certificate import explain, wants_https
from bot.pbx.connection_errors import connection_error
from bot.pbx.errors import HttpsPort, NotJson, TimedOut, Uncertain, Unreachable, Untrusted


class Exchange:
    """Client of the HTTP server at one address. It follows no redirect, and reads no endless head. `transport` is for
    tests."""

    def __init__(
        self,
        url: str,
        *,
        verify: bool | ssl.SSLContext,
        timeouts: httpx.Timeout,
        limits: httpx.Limits,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self._url = url
        self._has_answered = False
        self.http = httpx.AsyncClient(
            timeout=timeouts,
            verify=public_trust(verify) if isinstance(verify, bool) else verify,
            limits=limits,
            transport=transport,
            follow_redirects=False,
            headers=decompression.IDENTITY,
        )
        response_head.limit_head(self.http)

    async def close(self) -> None:
        await self.http.aclose()

    async def send(self, request: httpx.Request, max_bytes: int, within: float) -> tuple[httpx.Response, bytearray]:
        """Send a request; return the closed response and its whole body. `within`: seconds for both together, which the
        timeouts of single reads do not limit. Raises errors of httpx, to be converted."""
        if self.http.is_closed:
            # Its station was removed or changed meanwhile.
            raise httpx.ConnectError("the client is closed", request=request)
        async with asyncio.timeout(within):
            response = await send_once(self.http, request)
            self._has_answered = True
            try:
                return response, await decompression.read_all(response, max_bytes)
            finally:
                await response.aclose()

    @asynccontextmanager
    async def converted_errors(self, resource: str, *, is_read: bool) -> AsyncIterator[None]:
        """Convert httpx errors to PbxError. A write whose answer is lost raises Uncertain, but TimedOut after a
        timeout."""
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            meant = connection_error(error, resource)
            raise await explain(meant, self._url) if isinstance(meant, Untrusted) else meant from None
        except httpx.TimeoutException as error:
            raise TimedOut(type(error).__name__, resource) from None
        except TimeoutError:
            raise TimedOut("answer timed out", resource) from None
        except (BodyTooLarge, Garbled, EndlessHead) as error:
            raise NotJson(0, resource) from error
        except httpx.TransportError as error:
            # Servers but nginx close a plain connection without a word, and so does any that stops.
            if not self._has_answered and await wants_https(self._url):
                raise HttpsPort("https answers at the http address", resource) from None
            unreachable = Unreachable(f"connection lost ({type(error).__name__})", resource)
            raise unreachable if is_read else Uncertain(unreachable, resource) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotJson(0, resource) from error
