"""Names by extension, spelled as in `/employees`: cached for minutes, so that few commands need a request."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

import structlog

from bot.pbx.errors import PbxError
from bot.pbx.rate_limit import Priority
from bot.pbx.resources.employees import EmployeeRow, Employees
from bot.runtime.clock import Monotonic
from bot.sandbox.time_slices import those
from bot.text.person_names import is_named, respelled

log = structlog.get_logger(__name__)

KEPT = 300.0
# Timeout: names may delay an answer by this much. Seconds.
ASKED_WITHIN = 3.0
# Retry interval after a failure: a key without the right would only be refused again.
ASKED_AGAIN_AFTER = 120.0


class PhoneBook:
    """Cached names. `clock` in seconds. After a failed request the last names stay; empty at first."""

    def __init__(self, employees: Employees, clock: Monotonic) -> None:
        self._employees = employees
        self._clock = clock
        self._rows: tuple[EmployeeRow, ...] = ()
        self._names: Mapping[str, str] = MappingProxyType({})
        self._good_until = float("-inf")
        self._version = -1
        self._asking = asyncio.Lock()

    async def names(self, priority: Priority = Priority.COMMAND) -> Mapping[str, str]:
        """Return names by number, the last ones after a timeout or PbxError."""
        await self._ask(priority)
        return self._names

    async def named(self, wanted: str) -> tuple[EmployeeRow, ...]:
        """Return the employees with `wanted` in their names, in any spelling."""
        await self._ask(Priority.COMMAND)
        return tuple(await those(self._rows, lambda row: is_named(row.name, wanted)))

    async def _ask(self, priority: Priority) -> None:
        if self._is_good():
            return
        try:
            async with asyncio.timeout(ASKED_WITHIN), self._asking:
                if not self._is_good():
                    await self._renew(priority)
        except (PbxError, TimeoutError) as error:
            self._good_until, self._version = self._clock() + ASKED_AGAIN_AFTER, self._employees.version
            log.info("PBX error, employee names not refreshed", reason=str(error) or "timed out")

    async def _renew(self, priority: Priority) -> None:
        version = self._employees.version
        self._rows = (await self._employees.list(priority=priority)).value
        self._names = MappingProxyType({row.number: row.name for row in self._rows if row.number and row.name})
        self._good_until, self._version = self._clock() + KEPT, version

    def _is_good(self) -> bool:
        """Return True while the cache is fresh; the bot's own writes invalidate it."""
        return self._clock() < self._good_until and self._version == self._employees.version


def spelled(names: Mapping[str, str], number: str, name: str) -> str:
    """Return the employee's name by number; for others the PBX's name, in one alphabet."""
    return names.get(number) or respelled(name)
