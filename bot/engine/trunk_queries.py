"""What the watch asks the PBX beside the states of its trunks, each only while it can matter, and not at every look."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import structlog

from bot.pbx import Answer, Ban, Forbidden, OutboundRoute, Pbx, PbxError, Priority, TrunkRow, TrunkStatus

log = structlog.get_logger(__name__)

T = TypeVar("T")

LIST_EVERY = timedelta(minutes=10)
ROUTES_EVERY = timedelta(minutes=5)
BANS_EVERY = timedelta(minutes=1)
# What fails is asked again sooner than what is known is asked anew; a right that is missing, later.
AGAIN_AFTER = timedelta(minutes=1)
WITHOUT_RIGHT = timedelta(hours=1)
# What is asked beside the states must not keep them from being told.
ASKED_WITHIN = 15.0
# Names are resolved here as the PBX should resolve them; while a cut lasts that may fail or take long. They are what
# somebody has written into the PBX: so all of them have a time, too, and threads apart from everybody else's.
RESOLVE_WITHIN = 2.0
RESOLVE_ALL_WITHIN = 10.0
RESOLVERS = ThreadPoolExecutor(2, thread_name_prefix="names of providers")

Resolve = Callable[[str], Awaitable[Collection[str]]]


@dataclass(slots=True)
class _Asked(Generic[T]):
    """The last answer, and when the next question may go."""

    value: T | None = None
    again_at: datetime | None = None
    is_forbidden: bool = False

    async def renew(
        self, question: Callable[[], Awaitable[Answer[T]]], every: timedelta, now: datetime, *, at_once: bool = False
    ) -> None:
        """A failure keeps what was known."""
        if self.again_at is not None and now < self.again_at and not at_once:
            return
        try:
            async with asyncio.timeout(ASKED_WITHIN):
                self.value = (await question()).value
        except (PbxError, TimeoutError) as error:
            log.info("the PBX does not answer a question of the watch", reason=str(error) or "it takes too long")
            self.is_forbidden = isinstance(error, Forbidden)
            self.again_at = now + (WITHOUT_RIGHT if self.is_forbidden else AGAIN_AFTER)
        else:
            self.again_at = now + every


async def _resolved(host: str) -> Collection[str]:
    try:
        async with asyncio.timeout(RESOLVE_WITHIN):
            found: list[Any] = await asyncio.get_running_loop().run_in_executor(RESOLVERS, _ask_for, host)
    except (OSError, TimeoutError, UnicodeError, ValueError):
        return ()
    return {str(address[4][0]) for address in found}


def _ask_for(host: str) -> list[Any]:
    return socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)


class Inquiries:
    """Of one station."""

    def __init__(self, pbx: Pbx, resolve: Resolve = _resolved) -> None:
        self._pbx = pbx
        self._resolve = resolve
        self._list: _Asked[tuple[TrunkRow, ...]] = _Asked()
        self._routes: _Asked[tuple[OutboundRoute, ...]] = _Asked()
        self._bans: _Asked[tuple[Ban, ...]] = _Asked()

    @property
    def listed(self) -> Mapping[str, TrunkRow]:
        return {row.id: row for row in self._list.value or ()}

    @property
    def knows_list(self) -> bool:
        """While it is not known, nothing is missing; with a key that may not read it, what has no state is gone."""
        return self._list.value is not None or self._list.is_forbidden

    async def renew_list(self, now: datetime, *, missed: bool) -> None:
        """`missed`: a trunk has gone from the states, and only the list tells whether it was deleted."""
        pbx = self._pbx
        await self._list.renew(lambda: pbx.trunks.list(Priority.WATCH), LIST_EVERY, now, at_once=missed)

    async def outbound(self, now: datetime) -> tuple[OutboundRoute, ...] | None:
        """The routes out; None when they are not known."""
        pbx = self._pbx
        await self._routes.renew(lambda: pbx.routing.outbound(Priority.WATCH), ROUTES_EVERY, now)
        return self._routes.value

    async def banned(self, silent: Iterable[TrunkStatus], now: datetime) -> Mapping[str, Ban]:
        """Which of the trunks whose provider is silent the PBX itself keeps out, by their ids."""
        pbx = self._pbx
        await self._bans.renew(lambda: pbx.firewall.banned(Priority.WATCH), BANS_EVERY, now)
        bans = {ban.address: ban for ban in self._bans.value or () if ban.until is None or ban.until > now}
        if not bans:
            return {}
        found: dict[str, Ban] = {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RESOLVE_ALL_WITHIN):
                for trunk in silent:
                    addresses = {trunk.host} if trunk.host in bans else await self._resolve(trunk.host)
                    ban = next((bans[address] for address in addresses if address in bans), None)
                    if ban is not None:
                        found[trunk.id] = ban
        return found
