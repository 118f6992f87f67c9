"""Inbound routes, outbound routes and queues. Read only: the bot shows the effects of a change."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.pbx.http import PbxConnection
from bot.pbx.rate_limit import Priority
from bot.pbx.responses import Answer
from bot.pbx.schema import ApiModel, Integer, Name, Text, mappings, models, with_value

# More than any PBX has. Outbound routes are compared pairwise.
MAX_ROUTES = 1000


class IncomingRoute(ApiModel):
    """Inbound route. `number` is the DID, empty for any; `extension` is the target."""

    id: Text = ""
    name: Name = Field("", alias="rulename")
    number: Text = ""
    trunk: Text = Field("", alias="providerid")
    extension: Text = ""


class OutboundRoute(ApiModel):
    """Outbound route: numbers with this prefix and `rest` more digits; None or negative for any.

    The PBX tries matching routes in the order of `priority` (measured: the next one 0.2 s after a failed trunk).
    """

    id: Text = ""
    name: Name = Field("", alias="rulename")
    trunk: Text = Field("", alias="providerid")
    begins: Text = Field("", alias="numberbeginswith")
    rest: Integer = Field(None, alias="restnumbers")
    priority: Integer = None


class QueueMember(ApiModel):
    extension: Text = ""


class Queue(ApiModel):
    id: Text = ""
    extension: Text = ""
    name: Name = ""
    members: Annotated[tuple[QueueMember, ...], BeforeValidator(mappings)] = ()


class Routing:
    def __init__(self, connection: PbxConnection) -> None:
        self._connection = connection

    async def incoming(self) -> Answer[tuple[IncomingRoute, ...]]:
        answer = await self._connection.read("incoming-routes")
        return with_value(answer, tuple(await models(IncomingRoute, answer.value, "incoming-routes", MAX_ROUTES)))

    async def outbound(self, priority: Priority = Priority.COMMAND) -> Answer[tuple[OutboundRoute, ...]]:
        answer = await self._connection.read("outbound-routes", priority=priority)
        return with_value(answer, tuple(await models(OutboundRoute, answer.value, "outbound-routes", MAX_ROUTES)))

    async def queues(self) -> Answer[tuple[Queue, ...]]:
        answer = await self._connection.read("call-queues")
        return with_value(answer, tuple(await models(Queue, answer.value, "call-queues")))
