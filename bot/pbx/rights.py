"""Rights of the API key: what the bot uses, what it costs to lack one, and a probe of each that changes nothing.

A write right is probed by a POST to a method that only GET has: the PBX checks the key first and answers 405. Measured.
"""

from dataclasses import dataclass
from enum import StrEnum

from bot.pbx.http import PbxConnection
from bot.pbx.key_check import ROWS


class Importance(StrEnum):
    # Without it the bot does not work.
    REQUIRED = "required"
    USED = "used"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Right:
    """Right on a row of the PBX's page of API keys. `probe` is a GET that needs it, `write_probe` a POST; "" if it is
    only read. `without` is what does not work without the right, `read_only` what does not with Read alone."""

    resource: str
    probe: str
    without: str
    importance: Importance = Importance.USED
    write_probe: str = ""
    read_only: str = ""

    @property
    def row(self) -> str:
        return ROWS[self.resource]

    @property
    def needs(self) -> str:
        return "Read and write" if self.write_probe else "Read"


RIGHTS = (
    Right("providers", "providers", "nothing is watched, and no alert comes", Importance.REQUIRED),
    Right(
        "sip",
        "sip:getPeersStatuses",
        "no extensions in /status and /watch, no Re-register, and a dead telephony engine looks like dead trunks",
    ),
    Right("pbx-status", "pbx-status:getActiveCalls", "no /calls, and NO_CALLS_AFTER never alerts"),
    Right("cdr", "cdr?limit=1", "no /cdr, /missed, /stats and recordings, and NO_CALLS_AFTER never alerts"),
    Right(
        "employees",
        "employees?limit=1",
        "no /employees, and numbers have no names",
        write_probe="employees:getDefault",
        read_only="employees cannot be added, changed or deleted",
    ),
    Right(
        "sip-providers",
        "sip-providers?limit=1",
        "no cards of SIP trunks, and outages while the bot was away stay unknown",
        write_probe="sip-providers:getDefault",
        read_only="SIP trunks cannot be re-registered, added, changed or deleted",
    ),
    Right(
        "iax-providers",
        "iax-providers?limit=1",
        "no cards of IAX trunks, and outages while the bot was away stay unknown",
        write_probe="iax-providers:getDefault",
        read_only="IAX trunks cannot be added, changed or deleted",
    ),
    Right("incoming-routes", "incoming-routes", "routes that go with a deleted trunk or employee are not shown"),
    Right("outbound-routes", "outbound-routes", "alerts do not say over which trunks outgoing calls go instead"),
    Right("call-queues", "call-queues", "queues have no names, and deleting an employee does not show who needs them"),
    Right(
        "time-settings",
        "time-settings",
        "the name of the PBX's time zone is unknown, and times across a clock change are wrong",
        Importance.OPTIONAL,
    ),
    Right(
        "firewall",
        "firewall:getBannedIps",
        "no /bans, and a provider that the PBX itself has banned looks like one that does not answer",
        Importance.OPTIONAL,
        write_probe="firewall:getBannedIps",
        read_only="no address can be unbanned",
    ),
    Right(
        "advice",
        "advice:getList",
        "what the PBX itself finds wrong (a default password, the firewall off) is not told",
        Importance.OPTIONAL,
    ),
    Right("storage", "storage:usage", "nobody is told that its disk is nearly full", Importance.OPTIONAL),
)

# The PBX may ban an address with failed logins.
FEW_REFUSED = 5


@dataclass(frozen=True, slots=True)
class Held:
    """Result of the probes of a right."""

    right: Right
    reads: bool
    writes: bool = True

    @property
    def is_complete(self) -> bool:
        return self.reads and self.writes


class Rights:
    """Rights of the key of one PBX."""

    def __init__(self, connection: PbxConnection) -> None:
        self._connection = connection

    async def probe(self) -> tuple[Held, ...]:
        """Probe every right, one request each, two for a write right that is there; none of them if all of the first
        FEW_REFUSED are refused: then the key itself is. Raises PbxError."""
        held: list[Held] = []
        for right in RIGHTS:
            is_refused = len(held) >= FEW_REFUSED and not any(one.reads for one in held)
            held.append(Held(right, reads=False, writes=False) if is_refused else await self._held(right))
        return tuple(held)

    async def _held(self, right: Right) -> Held:
        if not await self._connection.is_key_accepted(right.probe):
            return Held(right, reads=False, writes=False)
        writes = not right.write_probe or await self._connection.is_key_accepted(right.write_probe, "POST")
        return Held(right, reads=True, writes=writes)
