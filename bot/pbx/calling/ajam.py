"""Sessions of AMI over http(s): log in, actions, log off."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

import httpx
from pydantic import SecretStr

from bot.http import urls
from bot.pbx.calling import packets
from bot.pbx.calling.packets import Packet
from bot.pbx.errors import (
    AmiClassMissing,
    AmiLoginRefused,
    AmiOff,
    NotJson,
    PbxError,
    ServerError,
    Unreachable,
    WriteRefused,
)
from bot.pbx.exchange import Exchange
from bot.runtime.clock import Monotonic

# Resource of the errors raised here, as those of the API have theirs.
CALLING = "calling"
PATH = "/asterisk/rawman"
COOKIE = "mansession_id"
# Timeouts in seconds: of an action that answers at once, and of a connection. A wrong login is answered after one.
AT_ONCE = 10.0
CONNECT = 5.0
# Bytes of an answer; the list of all actions has 20,000.
MAX_BYTES = 64 * 1024
# Seconds without another login after a refused one: the PBX shuts out an address with several.
PAUSE = 300.0
# Class of write access that an action needs.
CLASSES = {"Originate": "originate"}
LIMITS = httpx.Limits(max_connections=10, max_keepalive_connections=2, keepalive_expiry=10)


@dataclass(frozen=True, slots=True)
class AmiAccount:
    """Account of AMI. `url` is the address of AJAM, like https://pbx.example.com:8089."""

    url: str
    user: str
    secret: SecretStr


class Session:
    """Session that has logged in."""

    def __init__(self, ajam: "Ajam", cookie: str) -> None:
        self._ajam = ajam
        self._cookie = cookie

    async def ask(self, name: str, *, within: float = AT_ONCE, is_write: bool = False, **fields: str) -> Packet:
        """Carry out an action and return the response, of success or failure. Raises PbxError: AmiClassMissing where
        the account lacks the class for it; if the answer to a write is lost, Uncertain or what came in its place."""
        response, packet = await self._ajam.send(packets.action(name, **fields), self._cookie, within, is_write)
        if packets.is_denied(packet):
            # A session that Asterisk does not know any more, after its restart, is replaced by one without an account.
            if _cookie_of(response) not in ("", self._cookie):
                raise Unreachable("the session of AMI is gone", CALLING)
            raise AmiClassMissing(CLASSES.get(name, name), CALLING)
        return packet


class Ajam:
    """Client of AJAM with one account. Its secret is not sent to an address or certificate that is not to be trusted.
    Raises PbxError."""

    def __init__(
        self,
        account: AmiAccount,
        *,
        verify: bool | ssl.SSLContext = True,
        allow_http: frozenset[str] = frozenset(),
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Monotonic = time.monotonic,
    ) -> None:
        if urls.refusal(account.url, allow_http) is not None:
            raise WriteRefused("plain http would show the AMI secret to the network", CALLING)
        self._account = account
        self._url = account.url.rstrip("/") + PATH
        self._clock = clock
        self._refused_until = 0.0
        # One after the other: of many at once with a wrong secret only the first is a failed login.
        self._logging_in = asyncio.Lock()
        self._exchange = Exchange(
            self._url,
            verify=verify,
            timeouts=httpx.Timeout(AT_ONCE, connect=CONNECT),
            limits=LIMITS,
            transport=transport,
        )

    async def close(self) -> None:
        await self._exchange.close()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Log in, and log off at the end. Raises AmiLoginRefused, from memory while another try would only be one more
        failed login."""
        async with self._logging_in:
            if (remaining := self._refused_until - self._clock()) > 0:
                raise AmiLoginRefused("the AMI account is refused", CALLING, remaining)
            session = Session(self, await self._log_in())
        try:
            yield session
        finally:
            # Without it the session ends by itself after a minute.
            with suppress(PbxError):
                await session.ask("Logoff")

    async def _log_in(self) -> str:
        """Return the cookie of a new session."""
        form = packets.action("Login", Username=self._account.user, Secret=self._account.secret.get_secret_value())
        response, packet = await self.send(form, "", AT_ONCE, is_write=False)
        if packet["response"] != "Success":
            self._refused_until = self._clock() + PAUSE
            raise AmiLoginRefused("the AMI account is refused", CALLING, PAUSE)
        cookie = _cookie_of(response)
        if not cookie:
            raise NotJson(response.status_code, CALLING)
        return cookie

    async def send(
        self, form: Mapping[str, str], cookie: str, within: float, is_write: bool
    ) -> tuple[httpx.Response, Packet]:
        """Send an action and return its answer."""
        headers = {"Cookie": f'{COOKIE}="{cookie}"'} if cookie else {}
        timeouts = httpx.Timeout(within, connect=CONNECT)
        request = self._exchange.http.build_request("POST", self._url, data=form, headers=headers, timeout=timeouts)
        async with self._exchange.converted_errors(CALLING, is_read=not is_write):
            response, content = await self._exchange.send(request, MAX_BYTES, within + CONNECT)
            return response, _read(response, content)
        raise Unreachable("no answer", CALLING)


def _read(response: httpx.Response, content: bytearray) -> Packet:
    """Return the packet of an answer. Raises the PbxError that an answer without one means."""
    status = response.status_code
    packet = packets.parse(content) if response.is_success else None
    if packet is not None:
        return packet
    if response.is_redirect:
        raise WriteRefused("the address redirects, and the AMI secret is not sent after a redirect", CALLING)
    if status == 404:
        raise AmiOff("no AMI at the address", CALLING)
    if status >= 500:
        raise ServerError(status, CALLING)
    raise NotJson(status, CALLING)


def _cookie_of(response: httpx.Response) -> str:
    """Return the id of the session; empty if the answer names none that can be sent back."""
    for header in response.headers.get_list("Set-Cookie"):
        with suppress(CookieError):
            found = SimpleCookie(header).get(COOKIE)
            if found is not None and found.value.isascii() and found.value.isalnum():
                return found.value
    return ""
