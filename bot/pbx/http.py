"""Asking the PBX: the key, the budget, the time-outs, and what is tried again."""

import asyncio
import random
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import SecretStr

from bot.http import decompression, response_head, urls
from bot.http.decompression import Garbled, TooMuch
from bot.http.response_head import EndlessHead
from bot.pbx import responses
from bot.pbx.errors import (
    Busy,
    NotJson,
    Refused,
    ServerError,
    TimedOut,
    TooLarge,
    Unauthorised,
    Uncertain,
    Unreachable,
    Untrusted,
    WrongName,
)
from bot.pbx.key_check import KeyVerdict, resource_of
from bot.pbx.rate_limit import Budget, Priority
from bot.pbx.responses import Answer, Envelope, Reply
from bot.pbx.single_flight import UnderWay
from bot.runtime.clock import Monotonic, Sleep

ROOT = "/pbxcore/api/v3/"
# The PBX gives its worker 30 s before it answers at all.
TIMEOUTS = httpx.Timeout(35, connect=5, pool=35)
# A whole exchange, from the connection to the last byte: an answer that comes byte by byte is never late by itself.
ANSWERED_WITHIN = 40.0
READ_TRIES = 3
# The next look comes soon anyway; with all PBXs away, each try more is a third of the whole.
WATCH_TRIES = 2
SUSPICIOUSLY_SLOW = 1.5
# In seconds: a day.
LONGEST_TALK = 86_400
# Converting a long talk takes the PBX a while, and it gives itself 30 s.
FETCH_TIMEOUTS = httpx.Timeout(60, connect=5, pool=35)
# A recording may take so long, and as much longer as so many bytes a second need for what has come of it.
FETCHED_WITHIN = 60.0
FETCH_RATE = 100_000
# Of what comes instead of a recording.
MOST_OF_AN_ERROR = 64 * 1024
# A look every 10 s finds its connection still open; the PBX itself closes one only after it has rested for longer.
# There are more for the commands and recordings that go on at the same time, so that no look has to wait for them.
LIMITS = httpx.Limits(max_connections=10, max_keepalive_connections=2, keepalive_expiry=60)


@cache
def _trusting(verify: bool) -> ssl.SSLContext:
    """One for all stations. Measured: each takes 50 ms and a megabyte."""
    return httpx.create_ssl_context(verify=verify)


@dataclass(frozen=True, slots=True)
class Sound:
    """`content_type` as the PBX says; `seconds` when it tells how long it lasts."""

    content: bytes
    content_type: str
    seconds: int | None


class Connection:
    """One station, one key, one budget. Raises PbxError."""

    def __init__(
        self,
        url: str,
        key: SecretStr,
        *,
        verify: bool | ssl.SSLContext = True,
        allow_http: frozenset[str] = frozenset(),
        budget: Budget | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Monotonic = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        if urls.refusal(url, allow_http) is not None:
            raise Refused("plain http would show the API key to the network")
        self.host = urlsplit(url).hostname or ""
        # Not httpx's base_url: joined to it, `providers:getStatuses` would be an address of the scheme "providers".
        self._root = url.rstrip("/") + ROOT
        self._key = key
        self._budget = budget or Budget(clock=clock, sleep=sleep)
        self._verdict = KeyVerdict(clock)
        self._clock = clock
        self._sleep = sleep
        self._http = httpx.AsyncClient(
            timeout=TIMEOUTS,
            verify=_trusting(verify) if isinstance(verify, bool) else verify,
            limits=LIMITS,
            transport=transport,
            follow_redirects=False,
            headers=decompression.UNPACKED,
        )
        response_head.bound(self._http)
        self._under_way = UnderWay()

    async def close(self) -> None:
        await self._http.aclose()

    @property
    def turn_in(self) -> float:
        """Seconds until a command's next request may go; 0 when at once, or when it will be refused at once."""
        try:
            return self._budget.wait(Priority.COMMAND)
        except Busy:
            return 0.0

    async def read(
        self, path: str, query: Mapping[str, str] | None = None, priority: Priority = Priority.COMMAND
    ) -> Answer[Any]:
        """Who asks what is being asked at that moment is given the same answer: fifty people who want to know in the
        same second how the PBX is cost it no more than one."""
        key = (path, tuple(sorted((query or {}).items())), priority)
        answer: Answer[Any] = await self._under_way.join(key, lambda: self._read(path, query, priority))
        return answer

    async def _read(self, path: str, query: Mapping[str, str] | None, priority: Priority) -> Answer[Any]:
        """Reads are repeated where that can help: never after a time-out, which took half a minute already."""
        tries = WATCH_TRIES if priority is Priority.WATCH else READ_TRIES
        for attempt in range(1, tries + 1):
            started = self._clock()
            try:
                envelope = await self.ask("GET", path, query=query, priority=priority)
            except (Unreachable, ServerError, Busy) as error:
                blocked = isinstance(error, Busy) and error.retry_after > 10
                if attempt == tries or blocked:
                    raise
                await self._sleep(0.3 * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311 (no secret)
                continue
            elapsed = self._clock() - started
            suspect = envelope.data == [] and elapsed >= SUSPICIOUSLY_SLOW
            return Answer(envelope.data, envelope.cached, envelope.warnings, elapsed, envelope.pbx_time, suspect)
        raise Unreachable("no answer")

    async def write(
        self,
        path: str,
        body: Mapping[str, Any],
        method: str = "POST",
        priority: Priority = Priority.COMMAND,
    ) -> Envelope:
        """Never repeated. Raises Uncertain when it was not answered: it may be carried out later."""
        try:
            return await self.ask(method, path, body=body, priority=priority)
        except (TimedOut, ServerError, NotJson) as error:
            raise Uncertain(error, resource_of(path)) from error
        finally:
            # What was asked before may be answered as it was before.
            self._under_way.forget()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        priority: Priority = Priority.COMMAND,
    ) -> Envelope:
        self._verdict.check(path)
        reply = await self._send(method, path, query, body, priority)
        try:
            envelope = await _understood(reply, resource_of(path), method)
        except Unauthorised:
            raise await self._verdict.judge(path, method, self._allowed) from None
        except Busy as error:
            if error.retry_after > 10:
                self._budget.block(error.retry_after)
            raise
        self._verdict.works()
        return envelope

    async def _allowed(self, probe: str) -> bool:
        """Whether the key may do something else. Anything but a refusal speaks for the key."""
        reply = await self._send("GET", probe, None, None, Priority.WATCH)
        return reply.status not in (401, 403)

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        priority: Priority,
    ) -> Reply:
        await self._budget.take(priority)
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}", "Accept": "application/json"}
        most = responses.MOST_BYTES_OF.get(resource_of(path), responses.MOST_BYTES)
        with _named(method, resource_of(path)):
            async with (
                asyncio.timeout(ANSWERED_WITHIN),
                self._http.stream(method, self._root + path, params=query, json=body, headers=headers) as response,
            ):
                return Reply(response.status_code, await decompression.whole(response, most))
        raise Unreachable("no answer", resource_of(path))

    async def fetch(self, address: str, query: Mapping[str, str], limit: int) -> Sound:
        """A recording from an address that the PBX gave: on the PBX itself or not at all, and without the key, which it
        does not need. Raises TooLarge when it has more than `limit` bytes."""
        try:
            whole = urljoin(self._root, address)
        except ValueError:
            whole = ""
        if not whole.startswith(self._root + "cdr:"):
            raise Refused("the recording is said to be somewhere else than on the PBX", "cdr")
        await self._budget.take(Priority.COMMAND)
        with _named("GET", "cdr"):
            url = httpx.URL(whole).copy_merge_params(query)
            began = asyncio.get_running_loop().time()
            async with (
                asyncio.timeout_at(began + FETCHED_WITHIN) as deadline,
                self._http.stream("GET", url, timeout=FETCH_TIMEOUTS) as response,
            ):
                kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                if not response.is_success or kind in ("application/json", "text/html"):
                    refusal = Reply(response.status_code, await decompression.whole(response, MOST_OF_AN_ERROR))
                    responses.read(refusal, "cdr")
                    raise NotJson(response.status_code, "cdr")
                content = bytearray()
                try:
                    async for piece in decompression.pieces(response, limit):
                        content += piece
                        deadline.reschedule(began + FETCHED_WITHIN + len(content) / FETCH_RATE)
                except TooMuch as much:
                    raise TooLarge(much.told, "cdr") from None
                return Sound(bytes(content), kind, _seconds(response))
        raise Unreachable("no answer", "cdr")


async def _understood(reply: Reply, resource: str, method: str) -> Envelope:
    """As `answers.read` does, beside the loop when that takes long."""
    if not responses.takes_long(reply.content):
        return responses.read(reply, resource, method)
    return await asyncio.to_thread(responses.read, reply, resource, method)


def _seconds(response: httpx.Response) -> int | None:
    try:
        seconds = round(float(response.headers["X-Audio-Duration"]))
    except (KeyError, ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds <= LONGEST_TALK else None


@contextmanager
def _named(method: str, resource: str) -> Iterator[None]:
    """Turns what httpx raises into a PbxError."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            if "mismatch" in str(error):
                raise WrongName("its certificate is for another name", resource) from None
            raise Untrusted("its certificate is not trusted", resource) from None
        raise Unreachable(type(error).__name__, resource, refused=_is_refused(error)) from None
    except httpx.TimeoutException as error:
        raise TimedOut(type(error).__name__, resource) from None
    except TimeoutError:
        raise TimedOut("its answer does not come to an end", resource) from None
    except (TooMuch, Garbled, EndlessHead) as error:
        raise NotJson(0, resource) from error
    except httpx.TransportError as error:
        lost = Unreachable(f"the connection was lost ({type(error).__name__})", resource)
        raise lost if method == "GET" else Uncertain(lost, resource) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotJson(0, resource) from error


def _is_refused(error: BaseException | None) -> bool:
    """httpx wraps the error of the socket, which wraps one for each address that was tried."""
    while error is not None:
        found = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
        if any(isinstance(one, ConnectionRefusedError) for one in found):
            return True
        error = error.__cause__ or error.__context__
    return False
