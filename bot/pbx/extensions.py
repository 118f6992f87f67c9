"""`/sip`: which phones are connected, and how the telephony engine sees every peer."""

from typing import Annotated
from urllib.parse import quote

from pydantic import BeforeValidator, Field

from bot.pbx.answers import Answer
from bot.pbx.budget import Priority
from bot.pbx.connection import Connection
from bot.pbx.wire import Integer, Number, Text, Wire, mappings, models, one, with_value


class Device(Wire):
    ip: Text = ""
    port: Integer = None
    user_agent: Text = ""
    rtt: Number = None


class ExtensionStatus(Wire):
    number: Text = Field("", alias="extension")
    name: Text = Field("", alias="callerid")
    status: Text = ""
    devices: Annotated[tuple[Device, ...], BeforeValidator(mappings)] = ()

    @property
    def online(self) -> bool | None:
        return {"available": True, "unavailable": False}.get(self.status.lower())


class PeerStatus(Wire):
    id: Text = ""
    state: Text = ""
    detailed_state: Text = Field("", alias="detailed-state")


class Extensions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def statuses(self, priority: Priority = Priority.COMMAND) -> Answer[dict[str, ExtensionStatus]]:
        """By number. Measured: with the telephony engine down it takes a second for each extension."""
        answer = await self._connection.read("sip:getStatuses", priority=priority)
        return with_value(answer, {e.number: e for e in models(ExtensionStatus, answer.value, "sip") if e.number})

    async def status(self, number: str) -> Answer[ExtensionStatus]:
        answer = await self._connection.read(f"sip/{quote(number, safe='')}:getStatus")
        return with_value(answer, one(ExtensionStatus, answer.value, "sip"))

    async def peers(self, priority: Priority = Priority.COMMAND) -> Answer[tuple[PeerStatus, ...]]:
        """Extensions and trunks as the telephony engine sees them; empty when the engine does not answer."""
        answer = await self._connection.read("sip:getPeersStatuses", priority=priority)
        return with_value(answer, tuple(models(PeerStatus, answer.value, "sip")))
