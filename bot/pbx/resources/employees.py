"""`/employees`: people, their extensions and SIP accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from bot.pbx.errors import Conflict, Invalid, NotFound, NotJson, PbxError
from bot.pbx.http import PbxConnection
from bot.pbx.rate_limit import Priority
from bot.pbx.responses import MAX_MESSAGES, Answer, Envelope, plain, scalar
from bot.pbx.schema import ApiModel, Count, Name, Note, Secret, Text, Truth, mappings, models, parse_row, with_value

# Limit of `employees:batchCreate`.
BATCH_SIZE = 20
# Limit of one page of the list.
PAGE_SIZE = 1000
# Twice that; measured: the PBX keeps to its limit.
MAX_PAGE_ROWS = 2000
# More than any PBX has: stops an endless list.
MAX_EMPLOYEES = 20_000


class EmployeeRow(ApiModel):
    """Employee in the list; a name longer than the schema takes is cut, unlike that of Employee."""

    id: Text = ""
    number: Text = ""
    name: Name = Field("", alias="user_username")
    email: Text = Field("", alias="user_email")
    mobile: Text = ""
    disabled: Truth = False


class Employee(ApiModel):
    """Employee in full.

    `ring` is in seconds; `forward`, `busy` and `unavailable` hold a number, `hangup`, `busy`, `voicemail`, `did2user`,
    or "".
    """

    id: Text = ""
    number: Text = ""
    name: Text = Field("", alias="user_username")
    secret: Secret = Field(SecretStr(""), alias="sip_secret")
    email: Text = Field("", alias="user_email")
    mobile: Text = Field("", alias="mobile_number")
    dial: Text = Field("", alias="mobile_dialstring")
    transport: Text = Field("", alias="sip_transport")
    dtmf: Text = Field("", alias="sip_dtmfmode")
    record: Truth = Field(False, alias="sip_enableRecording")
    filter: Text = Field("", alias="sip_networkfilterid")
    extra: Note = Field("", alias="sip_manualattributes")
    ring: Count = Field(0, alias="fwd_ringlength")
    forward: Text = Field("", alias="fwd_forwarding")
    busy: Text = Field("", alias="fwd_forwardingonbusy")
    unavailable: Text = Field("", alias="fwd_forwardingonunavailable")


class EmployeeDraft(BaseModel):
    """Requested values of an employee. None is unspecified: the PBX keeps its value or default."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, defer_build=True)

    number: str | None = None
    name: str | None = Field(None, serialization_alias="user_username")
    secret: SecretStr | None = Field(None, serialization_alias="sip_secret")
    email: str | None = Field(None, serialization_alias="user_email")
    mobile: str | None = Field(None, serialization_alias="mobile_number")
    dial: str | None = Field(None, serialization_alias="mobile_dialstring")
    transport: str | None = Field(None, serialization_alias="sip_transport")
    dtmf: str | None = Field(None, serialization_alias="sip_dtmfmode")
    record: bool | None = Field(None, serialization_alias="sip_enableRecording")
    filter: str | None = Field(None, serialization_alias="sip_networkfilterid")
    extra: str | None = Field(None, serialization_alias="sip_manualattributes")
    ring: int | None = Field(None, serialization_alias="fwd_ringlength")
    forward: str | None = Field(None, serialization_alias="fwd_forwarding")
    busy: str | None = Field(None, serialization_alias="fwd_forwardingonbusy")
    unavailable: str | None = Field(None, serialization_alias="fwd_forwardingonunavailable")

    def body(self) -> dict[str, Any]:
        """Return the request body: specified values only, the secret in clear."""
        body = self.model_dump(by_alias=True, exclude_none=True)
        if self.secret is not None:
            body["sip_secret"] = self.secret.get_secret_value()
        return body


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Result of one row of a batch: the employee, or the errors; neither if the PBX did not report it."""

    employee: Employee | None
    errors: tuple[str, ...]


class Employees:
    """Employees of a PBX.

    Writes are not retried, and raise Uncertain without an answer: the PBX may carry one out up to 35 s later.
    """

    def __init__(self, connection: PbxConnection) -> None:
        self._connection = connection
        self.version = 0
        """Incremented by each write: cached employees may be outdated."""

    async def list(self, search: str = "", *, priority: Priority = Priority.COMMAND) -> Answer[tuple[EmployeeRow, ...]]:
        """Return all matches, by name. `search` is part of a name, number or e-mail, or `number:201` exactly."""
        found: dict[str, EmployeeRow] = {}
        offset = 0
        while True:
            query = {"limit": str(PAGE_SIZE), "offset": str(offset)} | ({"search": search} if search else {})
            answer = await self._connection.read("employees", query, priority)
            rows = answer.value.get("data") if isinstance(answer.value, Mapping) else answer.value
            page = await models(EmployeeRow, rows, "employees", MAX_PAGE_ROWS)
            new = {row.id: row for row in page if row.id not in found}
            found |= new
            if len(found) > MAX_EMPLOYEES:
                raise NotJson(200, "employees")
            # A page without new rows would repeat forever.
            if len(page) < PAGE_SIZE or not new:
                return with_value(answer, tuple(found.values()))
            offset += PAGE_SIZE

    async def find(self, number: str) -> EmployeeRow | None:
        rows = (await self.list(f"number:{number}")).value
        return next((row for row in rows if row.number == number), None)

    async def get(self, employee_id: str, *, priority: Priority = Priority.COMMAND) -> Answer[Employee]:
        """Return the employee with the SIP secret in clear: the PBX sends it to every key with the read right."""
        answer = await self._connection.read(f"employees/{quote(employee_id, safe='')}", priority=priority)
        return with_value(answer, parse_row(Employee, answer.value, "employees"))

    async def next_free_number(self) -> str:
        answer = await self._connection.read("employees:getDefault")
        return parse_row(Employee, answer.value, "employees").number

    async def create(self, draft: EmployeeDraft) -> Employee:
        return parse_row(Employee, (await self._write("employees", draft.body())).data, "employees")

    async def update(self, employee_id: str, draft: EmployeeDraft) -> Employee:
        """Change the specified values only."""
        path = f"employees/{quote(employee_id, safe='')}"
        return parse_row(Employee, (await self._write(path, draft.body(), "PATCH")).data, "employees")

    async def delete(self, employee_id: str) -> None:
        """Delete. Raises Invalid, with the PBX's text, while another object refers to the employee."""
        await self._write(f"employees/{quote(employee_id, safe='')}", {}, "DELETE")

    async def create_many(self, drafts: Sequence[EmployeeDraft]) -> tuple[BatchResult, ...]:
        """Create at most BATCH employees, as a bulk request. Not a transaction: rows succeed or fail one by one."""
        body = {"employees": [draft.body() for draft in drafts], "mode": "create", "skip_errors": True}
        try:
            data = (await self._write("employees:batchCreate", body, priority=Priority.BULK)).data
        except (Conflict, Invalid, NotFound) as refusal:
            # A batch without any success is refused as a whole, with the same results in it.
            data = refusal.data
            if not _results(data):
                raise
        by_index = {scalar(row.get("index")): row for row in _results(data)}
        return tuple(_batch_result(by_index.get(str(index))) for index in range(len(drafts)))

    async def _write(
        self, path: str, body: Mapping[str, Any], method: str = "POST", priority: Priority = Priority.COMMAND
    ) -> Envelope:
        try:
            return await self._connection.write(path, body, method, priority)
        finally:
            self.version += 1


def _results(data: object) -> list[Any]:
    return mappings(data.get("results")) if isinstance(data, Mapping) else []


def _batch_result(row: Mapping[str, Any] | None) -> BatchResult:
    if row is None:
        return BatchResult(None, ())
    if row.get("status") == "created":
        try:
            return BatchResult(parse_row(Employee, row.get("data"), "employees"), ())
        except PbxError:
            # An unreadable row does not affect the others.
            return BatchResult(None, ())
    errors = row.get("errors")
    texts = tuple(plain(text) for text in errors[:MAX_MESSAGES]) if isinstance(errors, list) else (plain(errors),)
    return BatchResult(None, texts or (plain(row.get("status")),))
