"""`/sip`: registered phones, and peers as Asterisk sees them."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from pydantic import BeforeValidator, Field

from bot.pbx.http import PbxConnection
from bot.pbx.rate_limit import Priority
from bot.pbx.resources.phone_book import PhoneBook, spelled
from bot.pbx.responses import Answer
from bot.pbx.schema import ApiModel, Integer, Name, Number, Text, mappings, models, parse_row, with_value
from bot.sandbox.time_slices import each


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
