"""Names by extension, spelled as in `/employees`: cached for minutes, so that few commands need a request."""

import asyncio
from collections.abc import Collection, Mapping
from types import MappingProxyType

import structlog

from bot.pbx.errors import PbxError
from bot.pbx.rate_limit import Priority
from bot.pbx.resources.employees import EmployeeRow, Employees
from bot.runtime.clock import Monotonic
from bot.sandbox.time_slices import matching
from bot.text.person_names import is_named, respelled
from bot.text.similar_names import nearest_names

log = structlog.get_logger(__name__)

CACHE_TIMEOUT = 300.0
# Timeout: names may delay an answer by this much. Seconds.
REQUEST_TIMEOUT = 3.0
# Retry interval after a failure: a key without the right would only be refused again.
RETRY_AFTER = 120.0


class PhoneBook:
    """Cached names. `clock` in seconds. After a failed request the last names stay; empty at first."""

    def __init__(self, employees: Employees, clock: Monotonic) -> None:
        self._employees = employees
        self._clock = clock
        self._rows: tuple[EmployeeRow, ...] = ()
        self._names: Mapping[str, str] = MappingProxyType({})
        self._valid_until = float("-inf")
        self._version = -1
        self._lock = asyncio.Lock()

    @property
    def last_names(self) -> Collection[str]:
        """Names from the last request; empty before the first."""
        return self._names.values()

    async def names(self, priority: Priority = Priority.COMMAND) -> Mapping[str, str]:
        """Return names by number, the last ones after a timeout or PbxError."""
        await self._refresh(priority)
        return self._names

    async def named(self, text: str) -> tuple[EmployeeRow, ...]:
        """Return the employees with `text` in their names, in any spelling."""
        await self._refresh(Priority.COMMAND)
        return tuple(await matching(self._rows, lambda row: is_named(row.name, text)))

    async def nearest(self, text: str) -> tuple[EmployeeRow, ...]:
        """Return the employees with the names nearest to `text`, for a `text` that `named` does not find."""
        await self._refresh(Priority.COMMAND)
        near = nearest_names(text, [row.name for row in self._rows])
        return tuple(row for row in self._rows if row.name in near)

    async def _refresh(self, priority: Priority) -> None:
        if self._is_valid():
            return
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT), self._lock:
                if not self._is_valid():
                    await self._fetch(priority)
        except (PbxError, TimeoutError) as error:
            self._valid_until, self._version = self._clock() + RETRY_AFTER, self._employees.version
            log.info("PBX error, employee names not refreshed", reason=str(error) or "timed out")

    async def _fetch(self, priority: Priority) -> None:
        version = self._employees.version
        self._rows = (await self._employees.list(priority=priority)).value
        self._names = MappingProxyType({row.number: row.name for row in self._rows if row.number and row.name})
        self._valid_until, self._version = self._clock() + CACHE_TIMEOUT, version

    def _is_valid(self) -> bool:
        """Return True while the cache is fresh; the bot's own writes invalidate it."""
        return self._clock() < self._valid_until and self._version == self._employees.version


def spelled(names: Mapping[str, str], number: str, name: str) -> str:
    """Return the employee's name by number; for others the PBX's name, in one alphabet."""
    return names.get(number) or respelled(name)
