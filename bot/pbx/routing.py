"""Where calls go: routes in, routes out, and queues. Only read: the bot tells what a change would take with it."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.pbx.answers import Answer
from bot.pbx.connection import Connection
from bot.pbx.wire import Text, Wire, mappings, models, with_value


class IncomingRoute(Wire):
    """`number` is the DID, empty for any; `extension` where its calls go."""

    id: Text = ""
    name: Text = Field("", alias="rulename")
    number: Text = ""
    trunk: Text = Field("", alias="providerid")
    extension: Text = ""


class OutboundRoute(Wire):
    id: Text = ""
    name: Text = Field("", alias="rulename")
    trunk: Text = Field("", alias="providerid")


class QueueMember(Wire):
    extension: Text = ""


class Queue(Wire):
    id: Text = ""
    extension: Text = ""
    name: Text = ""
    members: Annotated[tuple[QueueMember, ...], BeforeValidator(mappings)] = ()


class Routing:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def incoming(self) -> Answer[tuple[IncomingRoute, ...]]:
        answer = await self._connection.read("incoming-routes")
        return with_value(answer, tuple(models(IncomingRoute, answer.value, "incoming-routes")))

    async def outbound(self) -> Answer[tuple[OutboundRoute, ...]]:
        answer = await self._connection.read("outbound-routes")
        return with_value(answer, tuple(models(OutboundRoute, answer.value, "outbound-routes")))

    async def queues(self) -> Answer[tuple[Queue, ...]]:
        answer = await self._connection.read("call-queues")
        return with_value(answer, tuple(models(Queue, answer.value, "call-queues")))
