"""`/pbx-status`: active calls."""

import re
from collections.abc import Mapping
from typing import Self

from pydantic import Field

from bot.pbx.http import PbxConnection
from bot.pbx.rate_limit import Priority
from bot.pbx.resources.phone_book import PhoneBook, spelled
from bot.pbx.responses import Answer
from bot.pbx.schema import ApiModel, LocalTime, Name, Text, models, with_value
from bot.sandbox.time_slices import each

# Asterisk's longest name.
MAX_CHANNEL = 80
# More than any PBX has at once, even with many callers in queues that ring all members.
MAX_LEGS = 5000
MAX_CHANNELS = 2000
TRUNK_CHANNEL = re.compile(r"[^/]+/((?:SIP|IAX)-[A-Z]*-?[0-9A-F]+)(?:-|$)")


class Leg(ApiModel):
    """Part of a call between two parties; times are the PBX's local time."""

    start: LocalTime = None
    answer: LocalTime = None
    source_number: Text = Field("", alias="src_num")
    source_name: Name = Field("", alias="src_name")
    destination_number: Text = Field("", alias="dst_num")
    destination_name: Name = Field("", alias="dst_name")
    did: Text = ""
    linkedid: Text = ""

    @property
    def came_by_trunk(self) -> bool:
        return False

    @property
    def went_by_trunk(self) -> bool:
        return False

    def named(self, names: Mapping[str, str]) -> Self:
        """Return a copy with employees' names as in `/employees`.

        The far end of a trunk is never an employee, whatever its number.
        """
        source = spelled({} if self.came_by_trunk else names, self.source_number, self.source_name)
        destination = spelled({} if self.went_by_trunk else names, self.destination_number, self.destination_name)
        if (source, destination) == (self.source_name, self.destination_name):
            return self
        return self.model_copy(update={"source_name": source, "destination_name": destination})


class CallLeg(Leg):
    end: LocalTime = Field(None, alias="endtime")


class Channel(Leg):
    source_channel: Text = Field("", alias="src_chan")
    destination_channel: Text = Field("", alias="dst_chan")

    @property
    def came_by_trunk(self) -> bool:
        return TRUNK_CHANNEL.match(self.source_channel) is not None

    @property
    def trunk_id(self) -> str | None:
        """Return the trunk of a channel: SIP-TRUNK-44BBC135 for `PJSIP/SIP-TRUNK-44BBC135-0000000b`."""
        for channel in (self.source_channel, self.destination_channel):
            if found := TRUNK_CHANNEL.match(channel[:MAX_CHANNEL]):
                return found[1]
        return None


class Calls:
    """Active calls, with names from the phone book."""

    def __init__(self, connection: PbxConnection, phone_book: PhoneBook) -> None:
        self._connection = connection
        self._phone_book = phone_book

    async def active(self) -> Answer[tuple[CallLeg, ...]]:
        """Return one row for each leg, ended legs included."""
        answer = await self._connection.read("pbx-status:getActiveCalls")
        legs = await models(CallLeg, answer.value, "pbx-status", MAX_LEGS)
        names = await self._phone_book.names() if legs else {}
        return with_value(answer, tuple(await each(legs, lambda leg: leg.named(names))))

    async def channels(self, priority: Priority = Priority.COMMAND) -> Answer[tuple[Channel, ...]]:
        """Return one row for each leg that is up, without the names of employees."""
        answer = await self._connection.read("pbx-status:getActiveChannels", priority=priority)
        return with_value(answer, tuple(await models(Channel, answer.value, "pbx-status", MAX_CHANNELS)))
