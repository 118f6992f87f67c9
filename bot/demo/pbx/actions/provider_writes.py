"""Changes of trunks: create, PUT, PATCH, DELETE, enable and disable."""

import copy
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.demo.pbx import seed
from bot.demo.pbx.actions.providers import masked, told
from bot.demo.pbx.registration.sights import NEWEST
from bot.demo.pbx.registration.trunks import SECRET_MASK, ProviderRecord
from bot.demo.pbx.web.envelope import ActionCall, ActionResult, refused

if TYPE_CHECKING:
    from bot.demo.pbx.world import StandinPbx

_SEVERAL_LABELS = re.compile(r"\A(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*\.?", re.ASCII | re.IGNORECASE)
_ENUMS = {
    "registration_type": ("none", "outbound", "inbound"),
    "dtmfmode": ("auto", "auto_info", "inband", "rfc4733", "info"),
    "transport": ("udp", "tcp", "tls", "udp,tcp"),
}
_REQUIRED = {"description": "Provider description is required", "registration_type": "Registration type is required"}
_RANGES = {"port": (1, 65535), "qualifyfreq": (10, 3600)}
_PORTS = {"SIP": 5060, "IAX": 4569}
_BOOLEANS = ("disabled", "qualify", "disablefromuser", "cid_did_debug")
_READ_ONLY = ("id", "type", "networkfilter_represent", "additionalHosts")


def true(value: object) -> bool:
    """Return True for `true`, `"true"`, `1` and `"1"`; False for all else, an absent value included."""
    return str(value).strip().lower() in ("true", "1")


@dataclass(frozen=True)
class ProviderWrites:
    pbx: "StandinPbx"

    def create(self, call: ActionCall) -> ActionResult:
        kind = "IAX" if call.resource == "iax-providers" else "SIP"
        record = copy.deepcopy(seed.TRUNK_DEFAULTS) | {"type": kind, "port": _PORTS[kind]}
        sent = _sent(call)
        refusal = _missing(sent) or _refusal(sent, record | sent) or self._host_refused(kind, sent)
        if refusal:
            return told(refusal, "create", "SaveRecord")
        trunk = ProviderRecord(self.pbx.new_trunk_id(kind), self._filled(record, sent))
        self.pbx.add_trunk(trunk, pace=self.pbx.speed)
        page = f"providers/modify{kind.lower()}/{trunk.id}"
        answer = ActionResult(masked(trunk), status=201, http_code=201, reload=page, cost=0.04)
        return told(answer, "create", "SaveRecord")

    def put(self, call: ActionCall) -> ActionResult:
        return self._update(call, "update", whole=True)

    def patch(self, call: ActionCall) -> ActionResult:
        return self._update(call, "patch", whole=False)

    def delete(self, call: ActionCall) -> ActionResult:
        if call.id not in self.pbx.trunks:
            return told(refused(["api_ProviderNotFound"]), "delete", "DeleteRecord")
        self.pbx.remove_trunk(call.id)
        return told(ActionResult(messages={"info": ["api_ProviderDeleted"]}), "delete", "DeleteRecord")

    def update_status(self, call: ActionCall) -> ActionResult:
        """Set `disabled`; an absent value enables the trunk. On `/providers` the body must name the type."""
        if call.resource == "providers" and str(call.params.get("type", "")).upper() not in ("SIP", "IAX"):
            return told(refused(["api_InvalidProviderType"]), "updateStatus", "UpdateStatus")
        trunk = self.pbx.trunks.get(call.id)
        if trunk is None:
            return told(refused(["api_ProviderNotFound"]), "updateStatus", "UpdateStatus")
        disabled = true(call.params.get("disabled"))
        if self.pbx.fault.kind != "ignore_switching":
            self.pbx.set_disabled(trunk, disabled, pace=self.pbx.speed)
        data = {
            "id": trunk.id,
            "type": trunk.record["type"],
            "disabled": disabled,
            "description": trunk.text("description"),
        }
        return told(ActionResult(data), "updateStatus", "UpdateStatus")

    def _update(self, call: ActionCall, function: str, *, whole: bool) -> ActionResult:
        trunk = self.pbx.trunks.get(call.id)
        if trunk is None:
            return told(refused(["Provider not found"], 404, coded=True), function, "SaveRecord")
        sent = _sent(call)
        # Stored values do not count: a change of the kind of registration must send all fields it needs.
        wrong = (_missing(sent) if whole else None) or _refusal(sent, sent) or self._crash(trunk, sent)
        if wrong:
            return told(wrong, function, "SaveRecord")
        if sent.get("secret") == SECRET_MASK and sent["registration_type"] == "outbound":
            del sent["secret"]
        record = self._filled(trunk.record, {"note": ""} | sent)
        disabled = bool(record["disabled"])
        trunk.record = record | {"disabled": trunk.disabled}
        self.pbx.set_disabled(trunk, disabled, pace=self.pbx.speed)
        self.pbx.changed()
        return told(ActionResult(masked(trunk), http_code=200), function, "SaveRecord")

    def _filled(self, base: Mapping[str, object], sent: Mapping[str, object]) -> dict[str, object]:
        known = {name: _typed(name, value) for name, value in sent.items() if name in base and name not in _READ_ONLY}
        record = {**base, **known}
        # Without a port the newer release looks it up in DNS; the older one stores the default.
        if not record["port"] and self.pbx.dialect != NEWEST:
            record["port"] = _PORTS[str(record["type"])]
        return record

    def _crash(self, trunk: ProviderRecord, sent: Mapping[str, object]) -> ActionResult | None:
        """Return the PBX's crash: it reads the kind of registration whenever a secret is sent, and fails without it."""
        if "secret" in sent and "registration_type" not in sent:
            return refused(['Undefined array key "registration_type"'])
        return self._host_refused(trunk.text("type"), sent)

    def _host_refused(self, kind: str, sent: Mapping[str, object]) -> ActionResult | None:
        """Refuse a host without a dot in the newer release, which takes an address or a full name; the port is a field
        of its own.
        """
        host = str(sent.get("host", ""))
        if kind != "SIP" or self.pbx.dialect != NEWEST or not host or _is_host(host):
            return None
        return refused(["Provider host must be an IP/CIDR literal or a multi-label hostname"])


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return _SEVERAL_LABELS.fullmatch(text) is not None
    return True


def _sent(call: ActionCall) -> dict[str, object]:
    return {name: value for name, value in call.params.items() if value is not None}


def _missing(sent: Mapping[str, object]) -> ActionResult | None:
    missing = {name: text for name, text in _REQUIRED.items() if not str(sent.get(name) or "").strip()}
    return refused(missing) if missing else None


def _refusal(sent: Mapping[str, object], whole: Mapping[str, object]) -> ActionResult | None:
    wrong = [text for name, value in sent.items() for text in _complaint(name, value)] or _incomplete(whole)
    return refused(wrong, coded=True) if wrong else None


def _incomplete(fields: Mapping[str, object]) -> list[str]:
    """Return the errors of fields required by the kind of registration."""
    kind = fields.get("registration_type")
    needed = {
        "host": (("outbound", "none"), "Enter the server name or IP address of the provider"),
        "username": (("outbound", "inbound"), "Enter your login to log in to your provider."),
        "secret": (("outbound", "inbound"), "Enter password for authorization"),
    }
    return [text for name, (kinds, text) in needed.items() if kind in kinds and not fields.get(name)]


def _complaint(name: str, value: object) -> list[str]:
    if name in _ENUMS and str(value).lower() not in _ENUMS[name]:
        return [f"Field '{name}' must be one of: {', '.join(_ENUMS[name])}"]
    if name in _RANGES and str(value).lstrip("-").isdigit() and (name != "port" or int(str(value))):
        least, most = _RANGES[name]
        if int(str(value)) > most:
            return [f"Field '{name}' must be at most {most} (got {value})"]
        if int(str(value)) < least:
            return [f"Field '{name}' must be at least {least} (got {value})"]
    return []


def _typed(name: str, value: object) -> object:
    if name in _BOOLEANS:
        return true(value)
    if name in _RANGES:
        text = str(value).strip()
        return int(text) if text.isdigit() else 0
    longest = {"note": 500, "description": 255}.get(name, 1024)
    return str(value if value is not None else "")[:longest]
