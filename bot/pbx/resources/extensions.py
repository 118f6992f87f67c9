"""`/sip`: registered phones, and peers as Asterisk sees them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from itertools import islice
from typing import Annotated
from urllib.parse import quote

from pydantic import BeforeValidator, Field

from bot.pbx.http import PbxConnection
from bot.pbx.rate_limit import Priority
from bot.pbx.resources.phone_book import PhoneBook, spelled
from bot.pbx.responses import Answer
from bot.pbx.schema import (
    ApiModel,
    Count,
    Epoch,
    Integer,
    Name,
    Number,
    Text,
    mappings,
    models,
    parse_row,
    with_value,
)
from bot.sandbox.time_slices import each

# Of one extension. A guesser with a thousand machines is known by far fewer.
MAX_ADDRESSES = 1000
MAX_ADDRESS = 100


class Device(ApiModel):
    ip: Text = ""
    port: Integer = None
    user_agent: Text = ""
    rtt: Number = None


class ExtensionStatus(ApiModel):
    number: Text = Field("", alias="extension")
    name: Name = Field("", alias="callerid")
    status: Text = ""
    devices: Annotated[tuple[Device, ...], BeforeValidator(mappings)] = ()

    @property
    def online(self) -> bool | None:
        return {"available": True, "unavailable": False}.get(self.status.lower())

    def named(self, names: Mapping[str, str]) -> "ExtensionStatus":
        return self.model_copy(update={"name": spelled(names, self.number, self.name)})


class PeerStatus(ApiModel):
    id: Text = ""
    state: Text = ""
    detailed_state: Text = Field("", alias="detailed-state")


class _Failed(ApiModel):
    count: Count = 0
    last_attempt: Epoch = None


@dataclass(frozen=True, slots=True)
class FailedSignIns:
    """Refused passwords from one address; "" for one that the PBX could not read. `tries` grow until a day without
    any."""

    address: str
    tries: int
    last: datetime


class Extensions:
    """Extensions of a PBX, with names from the phone book."""

    def __init__(self, connection: PbxConnection, phone_book: PhoneBook) -> None:
        self._connection = connection
        self._phone_book = phone_book

    async def statuses(self, priority: Priority = Priority.COMMAND) -> Answer[dict[str, ExtensionStatus]]:
        """Return the extensions by number. Measured: with Asterisk down it takes 1 s for each extension, so set a
        timeout."""
        answer = await self._connection.read("sip:getStatuses", priority=priority)
        phones = await models(ExtensionStatus, answer.value, "sip")
        names = await self._phone_book.names(priority) if phones else {}
        named = await each(phones, lambda phone: phone.named(names))
        return with_value(answer, {phone.number: phone for phone in named if phone.number})

    async def status(self, number: str) -> Answer[ExtensionStatus]:
        answer = await self._connection.read(f"sip/{quote(number, safe='')}:getStatus")
        found = parse_row(ExtensionStatus, answer.value, "sip")
        return with_value(answer, found.named(await self._phone_book.names()))

    async def peers(self, priority: Priority = Priority.COMMAND) -> Answer[tuple[PeerStatus, ...]]:
        """Return extensions and trunks as Asterisk sees them; empty if Asterisk does not answer."""
        answer = await self._connection.read("sip:getPeersStatuses", priority=priority)
        return with_value(answer, tuple(await models(PeerStatus, answer.value, "sip")))

    async def failed_sign_ins(
        self, number: str, priority: Priority = Priority.COMMAND
    ) -> Answer[tuple[FailedSignIns, ...]]:
        """Return the refused passwords of an extension by address.

        Measured: a map of addresses, `[]` without any, also for a number that does not exist; only by extension. By the
        PBX's source, it reads its log every 5 minutes, and forgets an extension a day after its last refused password.
        """
        answer = await self._connection.read(f"sip/{quote(number, safe='')}:getAuthFailureStats", priority=priority)
        rows = islice(answer.value.items(), MAX_ADDRESSES) if isinstance(answer.value, Mapping) else ()
        return with_value(answer, tuple(one for address, row in rows if (one := _failed(str(address), row))))


def _failed(address: str, row: object) -> FailedSignIns | None:
    read = _Failed.model_validate(row if isinstance(row, Mapping) else {})
    if read.count <= 0 or read.last_attempt is None:
        return None
    return FailedSignIns(_address(address), read.count, read.last_attempt)


def _address(text: str) -> str:
    try:
        parsed = ip_address(text[:MAX_ADDRESS])
    except ValueError:
        return ""
    # Any text may follow the % of an IPv6 address.
    return "" if getattr(parsed, "scope_id", None) is not None else str(parsed)
