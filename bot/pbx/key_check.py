"""Distinguish a refused key from a missing right: both are 401 with the same text.

The result comes from probes of other rights. It is cached, and while the key counts as refused, retries are rare: the
PBX bans addresses with failed logins.
"""

import re
import time
from collections.abc import Awaitable, Callable

from bot.pbx.errors import Forbidden, KeyTooNarrow, PbxError, Unauthorised
from bot.runtime.clock import Monotonic

# Names on the PBX's page of API keys, the same in every language. Measured; the last three by its source.
ROWS = {
    "employees": "Employees Management",
    "providers": "Providers",
    "sip-providers": "SIP Providers",
    "iax-providers": "IAX Providers",
    "incoming-routes": "Incoming Routes",
    "outbound-routes": "Outbound Routes",
    "call-queues": "Call Queues",
    "sip": "SIP",
    "cdr": "Call Records",
    "pbx-status": "PBX Status",
    "time-settings": "Time Settings",
    "firewall": "Firewall",
    "advice": "System Advice",
    "storage": "Storage",
    "sysinfo": "Sysinfo",
}
# One cheap request for each right the bot uses.
PROBES = (
    "providers:getStatuses",
    "pbx-status:getActiveCalls",
    "cdr?limit=1",
    "employees?limit=1",
    "sip:getPeersStatuses",
)
# Ids that the PBX's own check of limited rights does not recognize.
ENDS_IN_A_LETTER = re.compile(r"(?:sip|iax)-providers/[^/:]*[A-Z](?::|$)")
FIRST_PAUSE = 60.0
MAX_PAUSE = 300.0

Probe = Callable[[str], Awaitable[bool]]


def resource_of(path: str) -> str:
    """Return the resource: `providers` of `providers:getStatuses`, `employees` of `employees/7?x=1`."""
    return path.split("?")[0].split("/")[0].split(":")[0]


def no_right(method: str, resource: str) -> Forbidden:
    """Return the error for a missing right."""
    return Forbidden(ROWS.get(resource, resource), "read" if method == "GET" else "write", resource)


class KeyStatus:
    """Cached status of the key. `clock` in seconds."""

    def __init__(self, clock: Monotonic = time.monotonic) -> None:
        self._clock = clock
        self._refused_until = 0.0
        self._pause = FIRST_PAUSE

    def check(self, path: str) -> None:
        """Raise Unauthorised from the cache while a retry would only be another failed login."""
        if (remaining := self._refused_until - self._clock()) > 0:
            raise Unauthorised("the key is refused", resource_of(path), remaining)

    def mark_accepted(self) -> None:
        self._refused_until, self._pause = 0.0, FIRST_PAUSE

    async def evaluate(self, path: str, method: str, probe: Probe) -> PbxError:
        """Return the error that a 401 on this path means."""
        resource = resource_of(path)
        needs = "read" if method == "GET" else "write"
        for candidate in PROBES:
            if needs == "read" and resource_of(candidate) == resource:
                continue
            if await probe(candidate):
                self.mark_accepted()
                if ENDS_IN_A_LETTER.match(path):
                    return KeyTooNarrow(ROWS[resource], resource)
                return no_right(method, resource)
        pause, self._pause = self._pause, min(self._pause * 2, MAX_PAUSE)
        self._refused_until = self._clock() + pause
        return Unauthorised("the key is refused", resource, pause)
