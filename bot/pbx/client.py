"""The MikoPBX client: one method per use, typed answers, one tree of errors."""

import asyncio
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from bot.pbx import answers
from bot.pbx.answers import Answer, Envelope
from bot.pbx.budget import Budget, Priority
from bot.pbx.errors import (
    Busy,
    NotFound,
    NotJson,
    Refused,
    ServerError,
    TimedOut,
    Unauthorised,
    Uncertain,
    Unreachable,
)
from bot.pbx.models import (
    CallLeg,
    CallRecord,
    Channel,
    Employee,
    EmployeeRow,
    ExtensionStatus,
    NewEmployee,
    PeerStatus,
    TrunkStatus,
)
from bot.pbx.permissions import KeyVerdict, resource_of

M = TypeVar("M", bound=BaseModel)
V = TypeVar("V")

ROOT = "/pbxcore/api/v3/"
# The PBX gives its worker 30 s before it answers at all.
TIMEOUTS = httpx.Timeout(35, connect=5, pool=35)
READ_TRIES = 3
SUSPICIOUSLY_SLOW = 1.5
PAGE = 1000


class Pbx:
    """One station. Every method raises PbxError; a write that was not answered raises Uncertain.

    `allow_http` names hosts to which the key may go over plain http; loopback always may.
    """

    def __init__(
        self,
        url: str,
        key: SecretStr,
        *,
        name: str = "",
        verify: bool | ssl.SSLContext = True,
        allow_http: frozenset[str] = frozenset(),
        budget: Budget | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.name = name or self.host
        if parts.scheme != "https" and self.host not in allow_http and not _is_loopback(self.host):
            raise Refused("plain http would show the API key to the network")
        # Not httpx's base_url: joined to it, `providers:getStatuses` would be an address of the scheme "providers".
        self._root = url.rstrip("/") + ROOT
        self._key = key
        self._budget = budget or Budget(clock=clock, sleep=sleep)
        self._verdict = KeyVerdict(clock)
        self._clock = clock
        self._sleep = sleep
        self._http = httpx.AsyncClient(
            timeout=TIMEOUTS,
            verify=verify,
            transport=transport,
            follow_redirects=False,
        )

    def __repr__(self) -> str:
        return f"Pbx({self.name!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    @property
    def turn_in(self) -> float:
        """Seconds until a command's next request may go; 0 when at once, or when it will be refused at once."""
        try:
            return self._budget.wait(Priority.COMMAND)
        except Busy:
            return 0.0

    # What the bot asks

    async def trunk_statuses(
        self, *, fresh: bool = False, priority: Priority = Priority.COMMAND
    ) -> Answer[dict[str, TrunkStatus]]:
        """SIP and IAX trunks by id. The PBX answers from a memory of up to 10 s unless `fresh`."""
        path = "providers:getStatuses"
        answer = await self._read(path, {"forceCheck": "true"} if fresh else None, priority)
        groups = answer.value if isinstance(answer.value, Mapping) else {}
        found: dict[str, TrunkStatus] = {}
        for group in ("sip", "iax"):
            found |= {t.id: t for t in _models(TrunkStatus, groups.get(group)) if t.id}
        return _with(answer, found)

    async def extension_statuses(self) -> Answer[dict[str, ExtensionStatus]]:
        """By number. Measured: with the telephony engine down it takes a second for each extension."""
        answer = await self._read("sip:getStatuses")
        return _with(answer, {e.number: e for e in _models(ExtensionStatus, answer.value) if e.number})

    async def extension_status(self, number: str) -> Answer[ExtensionStatus]:
        answer = await self._read(f"sip/{number}:getStatus")
        return _with(answer, _model(ExtensionStatus, answer.value, "sip"))

    async def peer_statuses(self, priority: Priority = Priority.COMMAND) -> Answer[tuple[PeerStatus, ...]]:
        """Extensions and trunks as the telephony engine sees them; empty when the engine does not answer."""
        answer = await self._read("sip:getPeersStatuses", priority=priority)
        return _with(answer, tuple(_models(PeerStatus, answer.value)))

    async def active_calls(self) -> Answer[tuple[CallLeg, ...]]:
        """One row for each leg, legs that have ended among them."""
        answer = await self._read("pbx-status:getActiveCalls")
        return _with(answer, tuple(_models(CallLeg, answer.value)))

    async def active_channels(self) -> Answer[tuple[Channel, ...]]:
        answer = await self._read("pbx-status:getActiveChannels")
        return _with(answer, tuple(_models(Channel, answer.value)))

    async def call_records(
        self, start: datetime, end: datetime, *, priority: Priority = Priority.COMMAND
    ) -> AsyncIterator[CallRecord]:
        """Every call that began between two moments of the PBX's wall clock, each once, oldest first.

        Ascending with a fixed end: with the default order new calls would push others from page to page.
        """
        seen: set[str] = set()
        offset = 0
        while True:
            query = {
                "dateFrom": _written(start),
                "dateTo": _written(end),
                "limit": str(PAGE),
                "offset": str(offset),
                "sort": "start",
                "order": "ASC",
            }
            data = (await self._read("cdr", query, priority)).value
            rows = data.get("records") if isinstance(data, Mapping) else data
            new = {record.linkedid: record for record in _models(CallRecord, rows) if record.linkedid not in seen}
            seen |= new.keys()
            for record in new.values():
                yield record
            pagination = data.get("pagination") if isinstance(data, Mapping) else None
            # A page that brings nothing new would bring nothing new for ever.
            if not new or not (isinstance(pagination, Mapping) and pagination.get("hasMore")):
                return
            offset += PAGE

    async def employees(self, search: str = "") -> Answer[tuple[EmployeeRow, ...]]:
        answer = await self._read("employees", {"search": search, "limit": "1000"} if search else None)
        data = answer.value
        return _with(answer, tuple(_models(EmployeeRow, data.get("data") if isinstance(data, Mapping) else data)))

    async def find_employee(self, number: str) -> EmployeeRow | None:
        rows = (await self.employees(f"number:{number}")).value
        return next((row for row in rows if row.number == number), None)

    async def employee(self, employee_id: str) -> Answer[Employee]:
        answer = await self._read(f"employees/{employee_id}")
        return _with(answer, _model(Employee, answer.value, "employees"))

    async def next_free_number(self) -> str:
        answer = await self._read("employees:getDefault")
        return _model(Employee, answer.value, "employees").number

    async def create_employee(self, new: NewEmployee) -> Employee:
        """Never repeated. Uncertain when it was not answered: the PBX may carry it out up to 35 s later."""
        return _model(Employee, (await self._write("employees", new.body())).data, "employees")

    async def time_zone(self) -> str | None:
        """The name of the PBX's zone."""
        data = (await self._read("time-settings")).value
        name = data.get("PBXTimezone") if isinstance(data, Mapping) else None
        return str(name) if name else None

    # How it asks

    async def _read(
        self, path: str, query: Mapping[str, str] | None = None, priority: Priority = Priority.COMMAND
    ) -> Answer[Any]:
        """Reads are repeated where that can help: never after a time-out, which took half a minute already."""
        for attempt in range(1, READ_TRIES + 1):
            started = self._clock()
            try:
                envelope = await self._ask("GET", path, query=query, priority=priority)
            except (Unreachable, ServerError, Busy) as error:
                blocked = isinstance(error, Busy) and error.retry_after > 10
                if attempt == READ_TRIES or blocked:
                    raise
                await self._sleep(0.3 * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311 (no secret)
                continue
            elapsed = self._clock() - started
            suspect = envelope.data == [] and elapsed >= SUSPICIOUSLY_SLOW
            return Answer(envelope.data, envelope.cached, envelope.warnings, elapsed, envelope.pbx_time, suspect)
        raise Unreachable("no answer")

    async def _write(self, path: str, body: Mapping[str, Any], method: str = "POST") -> Envelope:
        try:
            return await self._ask(method, path, body=body)
        except (TimedOut, ServerError, NotJson) as error:
            raise Uncertain(error, resource_of(path)) from error

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        priority: Priority = Priority.COMMAND,
    ) -> Envelope:
        self._verdict.check(path)
        response = await self._send(method, path, query, body, priority)
        try:
            envelope = answers.read(response, resource_of(path))
        except Unauthorised:
            raise await self._verdict.judge(path, method, self._allowed) from None
        except Busy as error:
            if error.retry_after > 10:
                self._budget.block(error.retry_after)
            raise
        self._verdict.works()
        return envelope

    async def _allowed(self, probe: str) -> bool:
        """Whether the key may do something else. Anything but a 401 speaks for the key."""
        response = await self._send("GET", probe, None, None, Priority.WATCH)
        return response.status_code != 401

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        priority: Priority,
    ) -> httpx.Response:
        await self._budget.take(priority)
        resource = resource_of(path)
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}", "Accept": "application/json"}
        try:
            return await self._http.request(method, self._root + path, params=query, json=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(type(error).__name__, resource) from None
        except httpx.TimeoutException as error:
            raise TimedOut(type(error).__name__, resource) from None
        except httpx.TransportError as error:
            lost = Unreachable(f"the connection was lost ({type(error).__name__})", resource)
            raise lost if method == "GET" else Uncertain(lost, resource) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotJson(0, resource) from error


def _models(model: type[M], rows: object) -> list[M]:
    """The rows that can be read; one strange row does not hide the others."""
    values = rows.values() if isinstance(rows, Mapping) else rows if isinstance(rows, list) else []
    found = []
    for row in values:
        try:
            found.append(model.model_validate(row))
        except ValidationError:
            continue
    return found


def _model(model: type[M], data: object, resource: str) -> M:
    if not isinstance(data, Mapping) or not data:
        raise NotFound(("the PBX sent nothing",), resource)
    return model.model_validate(data)


def _with(answer: Answer[Any], value: V) -> Answer[V]:
    return Answer(value, answer.cached, answer.warnings, answer.elapsed, answer.pbx_time, answer.suspect)


def _written(moment: datetime) -> str:
    # Measured: the PBX compares text, and the T of ISO sorts after the space it stores: a whole day goes missing.
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
