"""What a lookout needs of the ledger: its memory back after a restart, and one place to write what happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bot.incidents.model import Happened


class Watch(Protocol):
    @property
    def in_trouble(self) -> bool:
        """True while the PBX proves nothing but the state of its trunks."""


class Watched(Protocol):
    async def numbers(self) -> frozenset[str]:
        """Extensions that are watched now."""


class Book(Protocol):
    async def remembered(self) -> Mapping[str, dict[str, Any]]:
        """The memories of the station by subject."""

    async def apply(
        self, changed: Mapping[str, dict[str, Any] | None], happened: Sequence[Happened], now: datetime
    ) -> None:
        """Memories and what happened, in one transaction; None forgets a memory."""
