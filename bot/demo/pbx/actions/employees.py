"""Actions of `/employees`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.demo.pbx import seed
from bot.demo.pbx.employees import EmployeeRecord, matching, next_free, record, row
from bot.demo.pbx.web.envelope import ActionCall, ActionResult, refused
from bot.demo.pbx.web.passwords import sip_complaints

if TYPE_CHECKING:
    from bot.demo.pbx.world import StandinPbx

_PROCESSOR = "Employees\\{}Action::main"
_BATCH_MOST = 20
_LEAST_RING, _MOST_RING = 3, 180
_RING_OUT_OF_RANGE = (
    "The routing settings do not correctly specify the time before the transfer. "
    f"Choose a value between {_LEAST_RING}-{_MOST_RING}."
)
_WHOLE = re.compile(r"-?\d+")
# API field -> (attribute, maximum length)
_TEXTS = {
    "user_email": ("email", 255),
    "mobile_dialstring": ("mobile_dialstring", 255),
    "sip_dtmfmode": ("dtmfmode", 20),
    "sip_transport": ("transport", 20),
    "sip_manualattributes": ("attributes", 1024),
    "sip_networkfilterid": ("network_filter", 20),
    "fwd_forwarding": ("forwarding", 64),
    "fwd_forwardingonbusy": ("forwarding_busy", 64),
    "fwd_forwardingonunavailable": ("forwarding_unavailable", 64),
    "user_avatar": ("avatar", 100_000),
}
_ENUMS = {
    "sip_dtmfmode": ("auto", "auto_info", "inband", "rfc4733", "info"),
    "sip_transport": ("udp", "tcp", "tls", "udp,tcp"),
}


@dataclass(frozen=True)
class EmployeeActions:
    pbx: "StandinPbx"

    def get_list(self, call: ActionCall) -> ActionResult:
        found = matching(self.pbx.employees.values(), str(call.params.get("search", "")))
        page = found
        if "limit" in call.params or "offset" in call.params:
            limit, offset = _whole(call.params.get("limit")), max(0, _whole(call.params.get("offset")))
            page = found[offset : offset + (min(limit, 1000) if limit > 0 else 50)]
        data = {"data": [row(person) for person in page], "recordsTotal": len(found), "recordsFiltered": len(found)}
        return ActionResult(data, function="getList", processor=_PROCESSOR.format("GetList"), cost=0.02)

    def get_record(self, call: ActionCall) -> ActionResult:
        person = self.pbx.employees.get(int(call.id))
        if person is None:
            return _told(refused([f"Employee with user_id {call.id} not found"]), "getRecord", "GetRecord")
        return _told(ActionResult(self._record(person)), "getRecord", "GetRecord")

    def get_default(self, call: ActionCall) -> ActionResult:
        number = next_free(self.pbx.employees.values(), self.pbx.service_numbers)
        blank = EmployeeRecord(0, number, "", seed.secret(self.pbx.random), transport="udp,tcp")
        return _told(ActionResult(self._record(blank)), "getDefault", "GetRecord")

    def create(self, call: ActionCall) -> ActionResult:
        # A body with an id takes the PBX's migration path: no defaults, and 200 instead of 201.
        migrated = "id" in call.params
        blank = EmployeeRecord(0, "", "", "", dtmfmode="" if migrated else "auto", ring_length=0 if migrated else 45)
        blank.transport = "udp,tcp" if migrated else "udp"
        answer = self._saved(blank, call.params, needs_secret=not migrated)
        if not answer.result:
            return _told(answer, "create", "SaveRecord")
        status = 200 if migrated else 201
        page = "" if migrated else f"extensions/modify/{blank.id}"
        return _told(replace(answer, status=status, http_code=status, reload=page), "create", "SaveRecord")

    def put(self, call: ActionCall) -> ActionResult:
        stored = self.pbx.employees.get(int(call.id)) if call.id else None
        if stored is None:
            return _unknown(call, "update")
        fresh = EmployeeRecord(
            stored.id, "", "", stored.secret, avatar=stored.avatar, ring_length=0, online=stored.online
        )
        fresh.transport, fresh.phone, fresh.disabled = stored.transport, stored.phone, stored.disabled
        return self._changed(fresh, call, "update")

    def patch(self, call: ActionCall) -> ActionResult:
        stored = self.pbx.employees.get(int(call.id)) if call.id else None
        if stored is None:
            return _unknown(call, "patch")
        known = {"number": stored.number, "user_username": stored.name, "mobile_number": stored.mobile}
        copy = EmployeeRecord(**vars(stored))
        return self._changed(
            copy, ActionCall(call.verb, call.resource, call.id, params=known | dict(call.params)), "patch"
        )

    def delete(self, call: ActionCall) -> ActionResult:
        person = self.pbx.employees.get(int(call.id)) if call.id else None
        if person is None:
            return _told(refused([f"Employee not found (ID: {call.id})"]), "delete", "DeleteRecord")
        links = "".join(self._references(person))
        if links:
            return _told(refused([f"There are references to the object - {links}"]), "delete", "DeleteRecord")
        del self.pbx.employees[person.id]
        for queue in self.pbx.queues:
            queue.members = [number for number in queue.members if number != person.number]
        self.pbx.changed()
        return _told(ActionResult({"deleted_id": str(person.id)}), "delete", "DeleteRecord")

    def _references(self, person: EmployeeRecord) -> list[str]:
        """Return the references that block a deletion.

        Measured: routes, forwards of other employees, and a voice menu; queue memberships do not block.
        """
        numbers = {person.number, person.mobile} - {""}
        routes = [
            _link("incoming-routes", str(route["id"]), "map signs", str(route["rulename"]))
            for route in self.pbx.incoming_routes
            if route["extension"] in numbers
        ]
        forwarding = [
            _link("extensions", str(other.id), "user", f"Employee routing settings - {other.name}")
            for other in self.pbx.employees.values()
            if other is not person and numbers & {other.forwarding, other.forwarding_busy, other.forwarding_unavailable}
        ]
        chosen = any(number in numbers for _, number in self.pbx.menu.choices)
        menu = [_link("ivr-menu", self.pbx.menu.id, "sitemap", f"IVR menu - {self.pbx.menu.name}")] if chosen else []
        return routes + forwarding + menu

    def batch_create(self, call: ActionCall) -> ActionResult:
        wanted = call.params.get("employees")
        mode = str(call.params.get("mode", "create"))
        rows = wanted if isinstance(wanted, list) else []
        if not rows or len(rows) > _BATCH_MOST:
            text = "Employees array is required" if not rows else f"Maximum batch size is {_BATCH_MOST} employees"
            return _told(refused([text]), "batchCreate", "BatchCreate")
        results = self._batch(rows, mode, keep_going=_true(call.params.get("skip_errors")))
        return _told(_batch_answer(results, mode, len(rows)), "batchCreate", "BatchCreate")

    def batch_delete(self, call: ActionCall) -> ActionResult:
        return replace(refused(["Action 'batchDelete' is not implemented yet"]), function="batchDelete")

    def _batch(self, rows: list[object], mode: str, *, keep_going: bool) -> list[dict[str, object]]:
        """Process rows up to the first bad one, or all with `keep_going`; rows created before it stay."""
        results: list[dict[str, object]] = []
        for index, fields in enumerate(rows):
            params: Mapping[str, object] = fields if isinstance(fields, dict) else {}
            blank = EmployeeRecord(0, "", "", "", transport="udp,tcp")
            answer = self._saved(blank, params, needs_secret=True, database=mode == "create")
            done = "created" if mode == "create" else "validated"
            errors = _texts(answer)
            results.append(
                {
                    "index": index,
                    "status": "validation_failed" if errors else done,
                    "data": [] if errors else answer.data,
                    "errors": errors,
                }
            )
            if errors and not keep_going and index + 1 < len(rows):
                break
        return results

    def _changed(self, person: EmployeeRecord, call: ActionCall, function: str) -> ActionResult:
        answer = self._saved(person, call.params, needs_secret=False)
        if answer.result:
            answer = replace(answer, http_code=200)
        return _told(answer, function, "SaveRecord")

    def _saved(
        self, person: EmployeeRecord, params: Mapping[str, object], *, needs_secret: bool, database: bool = True
    ) -> ActionResult:
        """Check and store; a refusal stores no change."""
        fields = dict(params)
        missing = _missing(fields, needs_secret=needs_secret)
        if missing:
            return refused(missing)
        _fill(person, fields)
        complaints = self._complaints(person, fields)
        if complaints:
            return refused(complaints, coded=True)
        if database:
            before = self.pbx.employees.get(person.id)
            person.known = before is not None and before.known and before.number == person.number
            person.id = person.id or self.pbx.next_user_id()
            self.pbx.employees[person.id] = person
            self.pbx.changed()
        return ActionResult(self._record(person))

    def _complaints(self, person: EmployeeRecord, fields: dict[str, object]) -> list[str]:
        others = [other for other in self.pbx.employees.values() if other.id != person.id]
        enums = [
            f"Field '{name}' must be one of: {', '.join(allowed)}"
            for name, allowed in _ENUMS.items()
            if name in fields and str(fields[name]) not in allowed
        ]
        if enums:
            return enums
        complaints = sip_complaints(person.secret)
        if person.email and not re.fullmatch(r"\A[^@\s]+@[^@\s][^@\s.]*\.[^@\s]+", person.email):
            complaints.append("Likely the email address is invalid")
        if any(person.number in (other.number, other.mobile) for other in others):
            complaints.append("Extension already occupied")
        if person.mobile and any(person.mobile in (other.mobile, other.number) for other in others):
            complaints.append("The mobile number is already used by another employee")
        if person.forwarding and not _LEAST_RING <= person.ring_length <= _MOST_RING:
            complaints.append(_RING_OUT_OF_RANGE)
        if person.number in (person.forwarding, person.forwarding_busy, person.forwarding_unavailable):
            complaints.append("You cannot set up forwarding to your own number")
        return complaints

    def _record(self, person: EmployeeRecord) -> dict[str, object]:
        return record(person, [*self.pbx.employees.values(), person])


def _link(page: str, id_: str, icon: str, name: str) -> str:
    return f"<a href='/admin-cabinet/{page}/modify/{id_}'><i class=\"{icon} icon\"></i> {name}</a>"


def _told(answer: ActionResult, function: str, action: str) -> ActionResult:
    return replace(answer, function=function, processor=_PROCESSOR.format(action), cost=0.02)


def _unknown(call: ActionCall, function: str) -> ActionResult:
    word = "patch" if function == "patch" else "update"
    failed = refused([f"Employee not found for {word} operation (ID: {call.id})"], 404, coded=True)
    return replace(failed, function=function)


def _missing(fields: dict[str, object], *, needs_secret: bool) -> dict[str, str]:
    needed = {"user_username": "ex_ValidateUsernameEmpty", "number": "ex_ValidateNumberIsEmpty"}
    if needs_secret:
        needed["sip_secret"] = "ex_ValidateSecretEmpty"  # noqa: S105 - the key of a message
    given = fields | {"number": _digits(fields.get("number"))}
    return {name: key for name, key in needed.items() if not str(given.get(name) or "").strip()}


def _digits(value: object) -> str:
    return re.sub(r"\D", "", str(value if value is not None else ""))


def _fill(person: EmployeeRecord, fields: dict[str, object]) -> None:
    """Normalize instead of refusing, as the PBX does: digits only, cut to length, unknown fields ignored."""
    person.number = _digits(fields["number"])[:8]
    person.name = str(fields["user_username"])[:100]
    if fields.get("sip_secret"):
        person.secret = str(fields["sip_secret"])[:100]
    person.mobile = _digits(fields.get("mobile_number"))
    if not person.mobile:
        person.mobile_dialstring = ""
    for name, (attribute, longest) in _TEXTS.items():
        if name in fields and (name != "mobile_dialstring" or person.mobile):
            setattr(person, attribute, str(fields[name] or "")[:longest])
    if "sip_enableRecording" in fields:
        person.recording = _true(fields["sip_enableRecording"])
    if "fwd_ringlength" in fields:
        person.ring_length = max(0, _whole(fields["fwd_ringlength"]))
    elif person.forwarding and not person.ring_length:
        person.ring_length = 45


def _batch_answer(results: list[dict[str, object]], mode: str, total: int) -> ActionResult:
    failed = [result for result in results if result["errors"]]
    done = len(results) - len(failed)
    errors = [f"Record {result['index']}: validation error" for result in failed]
    created = done if mode == "create" else 0
    stats = {"total": total, "validated": done, "created": created, "failed": len(failed), "errors": errors}
    messages: dict[str, object] = {}
    if done:
        word = "created" if mode == "create" else "validated"
        messages["info"] = [f"Successfully {word} {done} employees"]
    if failed:
        messages |= {"warning": [f"Failed to process {len(failed)} records"], "error": errors}
    data = {"mode": mode, "results": results, "stats": stats}
    return ActionResult(data, messages, result=done > 0, status=200 if done else 422)


def _texts(answer: ActionResult) -> list[str]:
    errors = answer.messages.get("error", []) if isinstance(answer.messages, Mapping) else answer.messages
    if isinstance(errors, dict):
        return [str(text) for text in errors.values()]
    return [str(text) for text in errors] if isinstance(errors, list) else []


def _whole(value: object) -> int:
    text = str(value).strip()
    return int(text) if _WHOLE.fullmatch(text) else 0


def _true(value: object) -> bool:
    return str(value).strip().lower() in ("true", "1", "yes", "on")
