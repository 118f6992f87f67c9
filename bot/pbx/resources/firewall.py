"""`/firewall`: addresses banned by the PBX's own fail2ban."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import islice

from pydantic import Field

from bot.pbx.http import PbxConnection
from bot.pbx.rate_limit import Priority
from bot.pbx.responses import Answer, scalar
from bot.pbx.schema import MAX_ROWS, ApiModel, Epoch, mappings, with_value
from bot.sandbox.time_slices import each

MAX_ADDRESS = 100
# Limit of bans of one address.
MAX_JAILS = 20


class _Jailed(ApiModel):
    until: Epoch = Field(None, alias="timeunban")


@dataclass(frozen=True, slots=True)
class Ban:
    """Ban of one address, in the form in which addresses are compared; `until` None if the PBX gives no end."""

    address: str
    until: datetime | None = None

    @property
    def can_be_lifted(self) -> bool:
        """Return True for an address: `unban` takes nothing else."""
        return _parsed(self.address) is not None


class Firewall:
    def __init__(self, connection: PbxConnection) -> None:
        self._connection = connection

    async def banned(self, priority: Priority = Priority.COMMAND) -> Answer[tuple[Ban, ...]]:
        """Return the bans.

        By the PBX's source, a map of addresses to their bans, one for each jail, and `[]` without bans; the PBX caches
        it for 30 s.
        """
        answer = await self._connection.read("firewall:getBannedIps", priority=priority)
        rows = islice(answer.value.items(), MAX_ROWS) if isinstance(answer.value, Mapping) else ()
        listed = [(row.get("ip"), row) for row in mappings(answer.value)]
        found = [(scalar(address)[:MAX_ADDRESS], row) for address, row in (*rows, *listed)]
        bans = await each(found, lambda listed: _ban(*listed))
        return with_value(answer, tuple(ban for ban in bans if ban.address))

    async def unban(self, address: str) -> None:
        """Lift all bans of the address. Raises ValueError for anything else than an address.

        By the PBX's source, the text becomes a part of a shell command even when it is no address.
        """
        if (parsed := _parsed(address)) is None:
            raise ValueError("this does not appear to be an address that a PBX bans")
        await self._connection.write("firewall:unbanIp", {"ip": str(parsed)})


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    # Any text may follow the % of an IPv6 address.
    return None if getattr(parsed, "scope_id", None) is not None else parsed


def _compared(address: str) -> str:
    """Return an address as resolvers write it; other text as it is."""
    if (parsed := _parsed(address.strip())) is None:
        return address
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def _ban(address: str, row: object) -> Ban:
    bans = mappings(row.get("bans"))[:MAX_JAILS] if isinstance(row, Mapping) else []
    ends = [_Jailed.model_validate(ban).until for ban in bans]
    # A permanent ban has no end, or a negative one.
    known = [end for end in ends if end is not None and end.timestamp() > 0]
    return Ban(_compared(address), max(known) if len(known) == len(ends) and known else None)
