"""HTTP requests to the PBX: key, rate limit, timeouts, retries."""

import asyncio
import random
import ssl
import time
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import SecretStr

from bot.http import decompression, urls
from bot.http.decompression import BodyTooLarge
from bot.pbx import responses
from bot.pbx.errors import (
    Busy,
    NotJson,
    ServerError,
    TimedOut,
    TooLarge,
    Unauthorised,
    Uncertain,
    Unreachable,
    WriteRefused,
)
from bot.pbx.exchange import Exchange
from bot.pbx.key_check import KeyStatus, resource_of
from bot.pbx.rate_limit import Priority, RequestBudget
from bot.pbx.recording import Recording, seconds_of
from bot.pbx.responses import Answer, Envelope, HttpReply
from bot.runtime.clock import Monotonic, Sleep
from bot.runtime.tasks import SingleFlight

ROOT = "/pbxcore/api/v3/"
# Timeouts in seconds; the PBX gives its worker 30 s to answer.
TIMEOUTS = httpx.Timeout(35, connect=5, pool=35)
# Timeout of a whole exchange: the read timeout alone does not limit an answer sent byte by byte.
RESPONSE_TIMEOUT = 40.0
READ_TRIES = 3
# The next poll is soon; while all PBXs are away, each retry adds a third to the load.
WATCH_TRIES = 2
SUSPECT_AFTER = 1.5
# Timeouts of a recording: the PBX takes up to 30 s to convert a long one.
FETCH_TIMEOUTS = httpx.Timeout(60, connect=5, pool=35)
# Timeout of the whole recording in seconds, extended by the received bytes divided by FETCH_RATE.
FETCH_DEADLINE = 60.0
FETCH_RATE = 100_000
# Bytes read of an error in place of a recording.
MAX_ERROR_BYTES = 64 * 1024
# A poll every 10 s reuses its connection; the PBX closes one only after a longer idle time. Commands and recordings use
# others, so that a poll does not queue for them; /status asks three things at once.
LIMITS = httpx.Limits(max_connections=10, max_keepalive_connections=4, keepalive_expiry=60)


class PbxConnection:
    """HTTP connection of one station, with one key and one rate limit. Timeout of a request: RESPONSE_TIMEOUT, of
    `fetch` FETCH_DEADLINE; reads are retried, writes are not. Raises PbxError."""

    def __init__(
        self,
        url: str,
        key: SecretStr,
        *,
        verify: bool | ssl.SSLContext = True,
        allow_http: frozenset[str] = frozenset(),
        budget: RequestBudget | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Monotonic = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        if urls.refusal(url, allow_http) is not None:
            raise WriteRefused("plain http would show the API key to the network")
        self.host = urlsplit(url).hostname or ""
        # Not httpx's base_url: joined to it, `providers:getStatuses` would be a URL with the scheme "providers".
        self._root = url.rstrip("/") + ROOT
        self._key = key
        self._budget = budget or RequestBudget(clock=clock, sleep=sleep)
        self._key_status = KeyStatus(clock)
        self._clock = clock
        self._sleep = sleep
        self._exchange = Exchange(url, verify=verify, timeouts=TIMEOUTS, limits=LIMITS, transport=transport)
        # Of a poll, which is sent again and again.
        self._get = lru_cache(maxsize=2)(partial(self._request, "GET"))
        self._single_flight = SingleFlight()

    async def close(self) -> None:
        await self._exchange.close()

    @property
    def wait_seconds(self) -> float:
        """Seconds until a command's next request may be sent; 0 for now, or if it will be refused at once."""
        try:
            return self._budget.wait(Priority.COMMAND)
        except Busy:
            return 0.0

    async def read(
        self, path: str, query: Mapping[str, str] | None = None, priority: Priority = Priority.COMMAND
    ) -> Answer[Any]:
        """Read a resource.

        Concurrent equal requests share one task and its retries, so that fifty people asking at once cost the PBX one
        request. Polls come one at a time.
        """
        if priority is Priority.WATCH:
            return await self._read(path, query, priority)
        key = (path, tuple(sorted((query or {}).items())), priority)
        answer: Answer[Any] = await self._single_flight.do(key, lambda: self._read(path, query, priority))
        return answer

    async def _read(self, path: str, query: Mapping[str, str] | None, priority: Priority) -> Answer[Any]:
        """Read in READ_TRIES attempts at most, WATCH_TRIES for a poll. Retried on Unreachable, ServerError and a short
        Busy; not after a timeout, which took half a minute already."""
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
            suspect = envelope.data == [] and elapsed >= SUSPECT_AFTER
            return Answer(envelope.data, envelope.cached, envelope.warnings, elapsed, envelope.pbx_time, suspect)
        raise Unreachable("no answer")

    async def write(
        self,
        path: str,
        body: Mapping[str, Any],
        method: str = "POST",
        priority: Priority = Priority.COMMAND,
    ) -> Envelope:
        """Write without retries. Raises Uncertain after a timeout or lost answer: it may be carried out later."""
        try:
            return await self.ask(method, path, body=body, priority=priority)
        except (TimedOut, ServerError, NotJson) as error:
            raise Uncertain(error, resource_of(path)) from error
        finally:
            # A pending read may return the state before the write.
            self._single_flight.forget()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        priority: Priority = Priority.COMMAND,
    ) -> Envelope:
        self._key_status.check(path)
        reply = await self._send(method, path, query, body, priority)
        try:
            envelope = await _parse(reply, resource_of(path), method)
        except Unauthorised:
            raise await self._key_status.evaluate(path, method, self.is_key_accepted) from None
        except Busy as error:
            if error.retry_after > 10:
                self._budget.block(error.retry_after)
            raise
        self._key_status.mark_accepted()
        return envelope

    async def is_key_accepted(self, probe: str, method: str = "GET") -> bool:
        """Return True if the key is accepted for this request; only a refusal is False. Its status is unchanged."""
        reply = await self._send(method, probe, None, None, Priority.WATCH)
        return reply.status not in (401, 403)

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        priority: Priority,
    ) -> HttpReply:
        await self._budget.acquire(priority)
        request = self._get(path) if method == "GET" and not query else self._request(method, path, query, body)
        max_bytes = responses.MAX_BYTES_OF.get(resource_of(path), responses.MAX_BYTES)
        async with self._exchange.converted_errors(resource_of(path), is_read=method == "GET"):
            response, content = await self._exchange.send(request, max_bytes, RESPONSE_TIMEOUT)
            return HttpReply(response.status_code, content)
        raise Unreachable("no answer", resource_of(path))

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> httpx.Request:
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}", "Accept": "application/json"}
        return self._exchange.http.build_request(method, self._root + path, params=query, json=body, headers=headers)

    async def fetch(self, address: str, query: Mapping[str, str], limit: int) -> Recording:
        """Fetch a recording from an address given by the PBX: only on the PBX itself, and without the key, which is not
        needed. Not retried; the timeout grows with the bytes received. Raises TooLarge beyond `limit` bytes."""
        try:
            target = urljoin(self._root, address)
        except ValueError:
            target = ""
        if not target.startswith(self._root + "cdr:"):
            raise WriteRefused("recording address is not on the PBX", "cdr")
        await self._budget.acquire(Priority.COMMAND)
        async with self._exchange.converted_errors("cdr", is_read=True):
            url = httpx.URL(target).copy_merge_params(query)
            began = asyncio.get_running_loop().time()
            async with (
                asyncio.timeout_at(began + FETCH_DEADLINE) as deadline,
                self._exchange.http.stream("GET", url, timeout=FETCH_TIMEOUTS) as response,
            ):
                kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                if not response.is_success or kind in ("application/json", "text/html"):
                    refusal = HttpReply(response.status_code, await decompression.read_all(response, MAX_ERROR_BYTES))
                    responses.read(refusal, "cdr")
                    raise NotJson(response.status_code, "cdr")
                content = bytearray()
                try:
                    async for piece in decompression.pieces(response, limit):
                        content += piece
                        deadline.reschedule(began + FETCH_DEADLINE + len(content) / FETCH_RATE)
                except BodyTooLarge as much:
                    raise TooLarge(much.content_length, "cdr") from None
                return Recording(bytes(content), kind, seconds_of(response))
        raise Unreachable("no answer", "cdr")


async def _parse(reply: HttpReply, resource: str, method: str) -> Envelope:
    """Parse as `responses.read` does, in a thread if it is slow."""
    if not responses.is_slow(reply.content):
        return responses.read(reply, resource, method)
    return await asyncio.to_thread(responses.read, reply, resource, method)
