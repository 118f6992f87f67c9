"""`/firewall`: whom the PBX's own fail2ban keeps out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from pydantic import Field

from bot.pbx.http import Connection
from bot.pbx.rate_limit import Priority
from bot.pbx.responses import Answer, scalar
from bot.pbx.schema import MOST_ROWS, Epoch, Wire, mappings, with_value
from bot.sandbox.time_slices import each

LONGEST_ADDRESS = 100
# In which one address may sit at a time.
MOST_JAILS = 20


class _Jailed(Wire):
    until: Epoch = Field(None, alias="timeunban")


@dataclass(frozen=True, slots=True)
class Ban:
    """Of one address; `until` is None where the PBX does not say when it ends."""

    address: str
    until: datetime | None = None


class Firewall:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def banned(self, priority: Priority = Priority.COMMAND) -> Answer[tuple[Ban, ...]]:
        """By the PBX's source a map of addresses to their bans, one for each jail, and `[]` when there are none; it is
        remembered there for 30 s."""
        answer = await self._connection.read("firewall:getBannedIps", priority=priority)
        rows = islice(answer.value.items(), MOST_ROWS) if isinstance(answer.value, Mapping) else ()
        listed = [(row.get("ip"), row) for row in mappings(answer.value)]
        found = [(scalar(address)[:LONGEST_ADDRESS], row) for address, row in (*rows, *listed)]
        bans = await each(found, lambda listed: _ban(*listed))
        return with_value(answer, tuple(ban for ban in bans if ban.address))


def _ban(address: str, row: object) -> Ban:
    bans = mappings(row.get("bans"))[:MOST_JAILS] if isinstance(row, Mapping) else []
    ends = [_Jailed.model_validate(ban).until for ban in bans]
    # A ban for good has no end, or one before all time.
    known = [end for end in ends if end is not None and end.timestamp() > 0]
    return Ban(address, max(known) if len(known) == len(ends) and known else None)
