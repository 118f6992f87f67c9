"""`/storage`: the disk with recordings and call records."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.pbx.http import PbxConnection
from bot.pbx.rate_limit import Priority
from bot.pbx.responses import Answer
from bot.pbx.schema import ApiModel, Number, Truth, with_value


class _Usage(ApiModel):
    total_size: Number = None
    free_space: Number = None
    # Not computed yet.
    pending: Truth = False


@dataclass(frozen=True, slots=True)
class Disk:
    """Disk; sizes are MB."""

    total: float
    free: float


class Storage:
    def __init__(self, connection: PbxConnection) -> None:
        self._connection = connection

    async def usage(self, priority: Priority = Priority.COMMAND) -> Answer[Disk | None]:
        """Return the disk; None while unknown.

        Measured: every figure is zero, without an error, where the disk is not mounted as usual.
        """
        answer = await self._connection.read("storage:usage", priority=priority)
        read = _Usage.model_validate(answer.value if isinstance(answer.value, Mapping) else {})
        total, free = read.total_size or 0.0, read.free_space
        is_known = not read.pending and free is not None and 0 <= free <= total and total > 0
        return with_value(answer, Disk(total, free) if is_known and free is not None else None)
