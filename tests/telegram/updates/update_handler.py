"""Handler of updates made of one function, which decides nothing beforehand."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from telegram import Update

from bot.store.database import Session


@dataclass(frozen=True)
class HandledBy:
    handler: Callable[[Update], Awaitable[None]]

    def decide(self, _session: Session, _update: Update) -> None:
        return None

    def repeat(self, _update_id: int) -> None:
        return None

    async def handle(self, update: Update, _decided: Any = None) -> bool:
        await self.handler(update)
        return False
