"""`/pbx-status`: the calls that are up."""

import re

from pydantic import Field

from bot.pbx.answers import Answer
from bot.pbx.connection import Connection
from bot.pbx.wire import LocalTime, Text, Wire, models, with_value

TRUNK_CHANNEL = re.compile(r"[^/]+/((?:SIP|IAX)-[A-Z]*-?[0-9A-F]+)(?:-|$)")


class Leg(Wire):
    """One stretch of a call between two parties; times are the PBX's wall clock."""

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
            if found := TRUNK_CHANNEL.match(channel):
                return found[1]
        return None


class Calls:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def active(self) -> Answer[tuple[CallLeg, ...]]:
        """One row for each leg, legs that have ended among them."""
        answer = await self._connection.read("pbx-status:getActiveCalls")
        return with_value(answer, tuple(models(CallLeg, answer.value, "pbx-status")))

    async def channels(self) -> Answer[tuple[Channel, ...]]:
        answer = await self._connection.read("pbx-status:getActiveChannels")
        return with_value(answer, tuple(models(Channel, answer.value, "pbx-status")))
