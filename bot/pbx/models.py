"""What the PBX says, as far as the bot uses it. Unknown or missing fields, numbers as strings, [] for {}: all fine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, list | dict) else str(value)


def _integer(value: object) -> int | None:
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return None


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _epoch(value: object) -> datetime | None:
    seconds = _number(value)
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


def _local(value: object) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(str(value).strip())
    except ValueError:
        return None
    return parsed.replace(tzinfo=None)


def _rows(value: object) -> list[Any]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


Text = Annotated[str, BeforeValidator(_text)]
Integer = Annotated[int | None, BeforeValidator(_integer)]
Count = Annotated[int, BeforeValidator(lambda value: _integer(value) or 0)]
Number = Annotated[float | None, BeforeValidator(_number)]
Epoch = Annotated[datetime | None, BeforeValidator(_epoch)]
LocalTime = Annotated[datetime | None, BeforeValidator(_local)]


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, hide_input_in_errors=True)


class TrunkStatus(Wire):
    id: Text = ""
    type: Text = ""
    state: Text = ""
    contact_status: Annotated[str | None, BeforeValidator(lambda v: str(v) if v else None)] = Field(
        None, alias="contactStatus"
    )
    description: Text = ""
    host: Text = ""
    username: Text = ""
    rtt: Integer = None
    last_update: Epoch = Field(None, alias="lastUpdate")
    last_change: Epoch = Field(None, alias="lastChange")

    @property
    def name(self) -> str:
        return self.description or self.username or self.host or self.id


class Device(Wire):
    ip: Text = ""
    port: Integer = None
    user_agent: Text = ""
    rtt: Number = None


class ExtensionStatus(Wire):
    number: Text = Field("", alias="extension")
    name: Text = Field("", alias="callerid")
    status: Text = ""
    devices: Annotated[tuple[Device, ...], BeforeValidator(_rows)] = ()

    @property
    def online(self) -> bool | None:
        return {"available": True, "unavailable": False}.get(self.status.lower())


class PeerStatus(Wire):
    id: Text = ""
    state: Text = ""
    detailed_state: Text = Field("", alias="detailed-state")


class Leg(Wire):
    start: LocalTime = None
    answer: LocalTime = None
    source_number: Text = Field("", alias="src_num")
    source_name: Text = Field("", alias="src_name")
    destination_number: Text = Field("", alias="dst_num")
    destination_name: Text = Field("", alias="dst_name")
    did: Text = ""
    linkedid: Text = ""


class CallLeg(Leg):
    end: LocalTime = Field(None, alias="endtime")


class Channel(Leg):
    source_channel: Text = Field("", alias="src_chan")
    destination_channel: Text = Field("", alias="dst_chan")

    @property
    def trunk_id(self) -> str | None:
        """`PJSIP/SIP-TRUNK-44BBC135-0000000b` is a channel of the trunk SIP-TRUNK-44BBC135."""
        for channel in (self.source_channel, self.destination_channel):
            if found := re.match(r"[^/]+/((?:SIP|IAX)-[A-Z]*-?[0-9A-F]+)(?:-|$)", channel):
                return found[1]
        return None


class CallRecordLeg(CallLeg):
    id: Integer = None
    disposition: Text = ""
    from_account: Text = ""
    to_account: Text = ""
    is_app: Text = ""
    duration: Count = 0
    talk_seconds: Count = Field(0, alias="billsec")


class CallRecord(Leg):
    disposition: Text = ""
    talk_seconds: Count = Field(0, alias="totalBillsec")
    legs: Annotated[tuple[CallRecordLeg, ...], BeforeValidator(_rows)] = Field((), alias="records")

    @property
    def answered(self) -> bool:
        return self.disposition.upper() == "ANSWERED"

    @property
    def answered_by(self) -> CallRecordLeg | None:
        return next((leg for leg in self.legs if leg.disposition.upper() == "ANSWERED"), None)

    @property
    def after_hours(self) -> bool:
        return any(leg.destination_number == "outworktimes" for leg in self.legs)


class EmployeeRow(Wire):
    id: Text = ""
    number: Text = ""
    name: Text = Field("", alias="user_username")
    email: Text = Field("", alias="user_email")
    mobile: Text = ""


class Employee(Wire):
    id: Text = ""
    number: Text = ""
    name: Text = Field("", alias="user_username")
    email: Text = Field("", alias="user_email")
    mobile: Text = Field("", alias="mobile_number")
    secret: Annotated[SecretStr, BeforeValidator(_text)] = Field(SecretStr(""), alias="sip_secret")


@dataclass(frozen=True, slots=True)
class NewEmployee:
    number: str
    name: str
    secret: SecretStr
    email: str = ""
    mobile: str = ""

    def body(self) -> dict[str, str]:
        wanted = {
            "number": self.number,
            "user_username": self.name,
            "sip_secret": self.secret.get_secret_value(),
            "user_email": self.email,
            "mobile_number": self.mobile,
        }
        return {name: value for name, value in wanted.items() if value}
