"""The MikoPBX client: one method per use, typed answers, one tree of errors."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Self, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, SecretStr, ValidationError

from bot.pbx.answers import Answer
from bot.pbx.budget import Priority
from bot.pbx.connection import Connection
from bot.pbx.errors import NotFound, NotJson
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
from bot.pbx.permissions import resource_of

M = TypeVar("M", bound=BaseModel)
V = TypeVar("V")

PAGE = 1000


class Pbx:
    """One station. Every method raises PbxError; a write that was not answered raises Uncertain.

    `options` are those of Connection: `verify`, `allow_http` (hosts to which the key may go over plain http; loopback
    always may), `budget`, `transport`, `clock`, `sleep`.
    """

    def __init__(self, url: str, key: SecretStr, *, name: str = "", **options: Any) -> None:
        self._connection = Connection(url, key, **options)
        self.host = self._connection.host
        self.name = name or self.host

    def __repr__(self) -> str:
        return f"Pbx({self.name!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    @property
    def turn_in(self) -> float:
        """Seconds until a command's next request may go."""
        return self._connection.turn_in

    async def trunk_statuses(
        self, *, fresh: bool = False, priority: Priority = Priority.COMMAND
    ) -> Answer[dict[str, TrunkStatus]]:
        """SIP and IAX trunks by id. The PBX answers from a memory of up to 10 s unless `fresh`."""
        path = "providers:getStatuses"
        answer = await self._connection.read(path, {"forceCheck": "true"} if fresh else None, priority)
        found = [trunk for group in _rows(answer.value, path) for trunk in _trunks(group, path)]
        return _with(answer, {trunk.id: trunk for trunk in found if trunk.id})

    async def extension_statuses(self) -> Answer[dict[str, ExtensionStatus]]:
        """By number. Measured: with the telephony engine down it takes a second for each extension."""
        answer = await self._connection.read("sip:getStatuses")
        return _with(answer, {e.number: e for e in _models(ExtensionStatus, answer.value, "sip") if e.number})

    async def extension_status(self, number: str) -> Answer[ExtensionStatus]:
        answer = await self._connection.read(f"sip/{quote(number, safe='')}:getStatus")
        return _with(answer, _model(ExtensionStatus, answer.value, "sip"))

    async def peer_statuses(self, priority: Priority = Priority.COMMAND) -> Answer[tuple[PeerStatus, ...]]:
        """Extensions and trunks as the telephony engine sees them; empty when the engine does not answer."""
        answer = await self._connection.read("sip:getPeersStatuses", priority=priority)
        return _with(answer, tuple(_models(PeerStatus, answer.value, "sip")))

    async def active_calls(self) -> Answer[tuple[CallLeg, ...]]:
        """One row for each leg, legs that have ended among them."""
        answer = await self._connection.read("pbx-status:getActiveCalls")
        return _with(answer, tuple(_models(CallLeg, answer.value, "pbx-status")))

    async def active_channels(self) -> Answer[tuple[Channel, ...]]:
        answer = await self._connection.read("pbx-status:getActiveChannels")
        return _with(answer, tuple(_models(Channel, answer.value, "pbx-status")))

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
            data = (await self._connection.read("cdr", query, priority)).value
            rows = data.get("records") if isinstance(data, Mapping) else data
            found = {record.linkedid: record for record in _models(CallRecord, rows, "cdr")}
            new = {linkedid: record for linkedid, record in found.items() if linkedid not in seen}
            seen |= new.keys()
            for record in new.values():
                yield record
            pagination = data.get("pagination") if isinstance(data, Mapping) else None
            # A page that brings nothing new would bring nothing new for ever.
            if not new or not (isinstance(pagination, Mapping) and pagination.get("hasMore")):
                return
            offset += PAGE

    async def employees(self, search: str = "") -> Answer[tuple[EmployeeRow, ...]]:
        answer = await self._connection.read("employees", {"search": search, "limit": "1000"} if search else None)
        rows = answer.value.get("data") if isinstance(answer.value, Mapping) else answer.value
        return _with(answer, tuple(_models(EmployeeRow, rows, "employees")))

    async def find_employee(self, number: str) -> EmployeeRow | None:
        rows = (await self.employees(f"number:{number}")).value
        return next((row for row in rows if row.number == number), None)

    async def employee(self, employee_id: str) -> Answer[Employee]:
        answer = await self._connection.read(f"employees/{quote(employee_id, safe='')}")
        return _with(answer, _model(Employee, answer.value, "employees"))

    async def next_free_number(self) -> str:
        answer = await self._connection.read("employees:getDefault")
        return _model(Employee, answer.value, "employees").number

    async def create_employee(self, new: NewEmployee) -> Employee:
        """Never repeated. Uncertain when it was not answered: the PBX may carry it out up to 35 s later."""
        return _model(Employee, (await self._connection.write("employees", new.body())).data, "employees")

    async def time_zone(self) -> str | None:
        """The name of the PBX's zone."""
        data = (await self._connection.read("time-settings")).value
        name = data.get("PBXTimezone") if isinstance(data, Mapping) else None
        return str(name) if name else None


def _rows(data: object, resource: str) -> list[Any]:
    """Raises NotJson for what is no collection at all: taken for an empty one, it would say that all is gone."""
    if isinstance(data, Mapping):
        return list(data.values())
    if isinstance(data, list):
        return data
    raise NotJson(200, resource_of(resource))


def _trunks(group: object, resource: str) -> list[TrunkStatus]:
    """A trunk whose row cannot be read is there all the same, in a state that nobody knows."""
    named = group.items() if isinstance(group, Mapping) else [("", row) for row in _rows(group or [], resource)]
    rows = [{"id": key} | (dict(row) if isinstance(row, Mapping) else {}) for key, row in named]
    return [TrunkStatus.model_validate(row) for row in rows]


def _models(model: type[M], data: object, resource: str) -> list[M]:
    """The rows that can be read; one strange row does not hide the others. Raises NotJson."""
    found = []
    for row in _rows(data, resource):
        try:
            found.append(model.model_validate(row))
        except ValidationError:
            continue
    return found


def _model(model: type[M], data: object, resource: str) -> M:
    if not isinstance(data, Mapping) or not data:
        raise NotFound(("the PBX sent nothing",), resource)
    try:
        return model.model_validate(data)
    except ValidationError:
        # Not chained: what could not be read may hold a password.
        raise NotJson(200, resource) from None


def _with(answer: Answer[Any], value: V) -> Answer[V]:
    return Answer(value, answer.cached, answer.warnings, answer.elapsed, answer.pbx_time, answer.suspect)


def _written(moment: datetime) -> str:
    # Measured: the PBX compares text, and the T of ISO sorts after the space it stores: a whole day goes missing.
    return moment.strftime("%Y-%m-%d %H:%M:%S")
