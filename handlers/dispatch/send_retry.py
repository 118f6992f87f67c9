"""Retry of a request to Telegram while its person waits; alerts are retried for hours from the outbox."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.telegram.errors import MaybeDelivered, TryLater

T = TypeVar("T")

# Seconds. A longer delay goes to the outbox.
MAX_RETRY_DELAY = 20.0
MAX_ATTEMPTS = 3


async def with_retries(attempt: Callable[[], Awaitable[T]]) -> T:
    """Retry if Telegram certainly did not accept the request; never if it may have, which would duplicate the reply.

    Raises DeliveryError.
    """
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return await attempt()
        except MaybeDelivered:
            raise
        except TryLater as error:
            if error.after > MAX_RETRY_DELAY:
                raise
            await asyncio.sleep(error.after)
    return await attempt()
