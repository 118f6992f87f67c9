"""Who has which extension, spelled as in `/employees`: kept for minutes, so that hardly any command asks for it."""

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
# An answer is not held up longer than this by the question how its people are spelled.
ASKED_WITHIN = 3.0
# After a question that failed: a key without the right for it would only be refused again.
ASKED_AGAIN_AFTER = 120.0


class PhoneBook:
    """`clock` counts seconds. Without an answer of the PBX it is as it was last, and empty in the beginning."""

    def __init__(self, employees: Employees, clock: Monotonic) -> None:
        self._employees = employees
        self._clock = clock
        self._rows: tuple[EmployeeRow, ...] = ()
        self._names: Mapping[str, str] = MappingProxyType({})
        self._good_until = float("-inf")
        self._version = -1
        self._asking = asyncio.Lock()

    async def names(self, priority: Priority = Priority.COMMAND) -> Mapping[str, str]:
        """By number. Never raises for the PBX's sake."""
        await self._ask(priority)
        return self._names

    async def named(self, wanted: str) -> tuple[EmployeeRow, ...]:
        """The employees of whose names `wanted` is a part, however it is spelled."""
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
            log.info("the employees' names are not known", reason=str(error) or "the PBX takes too long")

    async def _renew(self, priority: Priority) -> None:
        version = self._employees.version
        self._rows = (await self._employees.list(priority=priority)).value
        self._names = MappingProxyType({row.number: row.name for row in self._rows if row.number and row.name})
        self._good_until, self._version = self._clock() + KEPT, version

    def _is_good(self) -> bool:
        """What this bot itself has changed is asked for at once."""
        return self._clock() < self._good_until and self._version == self._employees.version


def spelled(names: Mapping[str, str], number: str, name: str) -> str:
    """The employee's name by the number; of anybody else the name that the PBX gives, in one alphabet."""
    return names.get(number) or respelled(name)
