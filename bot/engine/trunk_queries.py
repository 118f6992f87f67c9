"""Query facts beside trunk states, each only while it can matter and at its own interval."""

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
# A failed query is retried sooner than the interval; one without the right, later.
AGAIN_AFTER = timedelta(minutes=1)
WITHOUT_RIGHT = timedelta(hours=1)
# Timeout of a query, so that it does not delay the states. Seconds.
ASKED_WITHIN = 15.0
# Host names of providers, resolved here as the PBX should resolve them. They are typed into the PBX and may time out:
# hence timeouts, and a thread pool of their own.
RESOLVE_WITHIN = 2.0
RESOLVE_ALL_WITHIN = 10.0
RESOLVERS = ThreadPoolExecutor(2, thread_name_prefix="names of providers")

Resolve = Callable[[str], Awaitable[Collection[str]]]


@dataclass(slots=True)
class _Asked(Generic[T]):
    """Last value of a query, and when the next one is allowed."""

    value: T | None = None
    again_at: datetime | None = None
    is_forbidden: bool = False

    async def renew(
        self, question: Callable[[], Awaitable[Answer[T]]], every: timedelta, now: datetime, *, at_once: bool = False
    ) -> None:
        """Query again if due, with a timeout of ASKED_WITHIN seconds; a failure keeps the old value until a retry."""
        if self.again_at is not None and now < self.again_at and not at_once:
            return
        try:
            async with asyncio.timeout(ASKED_WITHIN):
                self.value = (await question()).value
        except (PbxError, TimeoutError) as error:
            log.info("PBX error, query retried later", reason=str(error) or "timed out")
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


class TrunkQueries:
    """Cached queries of one station."""

    def __init__(self, pbx: Pbx, resolve: Resolve = _resolved) -> None:
        self._pbx = pbx
        self._resolve = resolve
        self._list: _Asked[tuple[TrunkRow, ...]] = _Asked()
        self._routes: _Asked[tuple[OutboundRoute, ...]] = _Asked()
        self._bans: _Asked[tuple[Ban, ...]] = _Asked()
        self.listed: Mapping[str, TrunkRow] = {}

    @property
    def knows_list(self) -> bool:
        """True if a trunk without a state may be judged deleted: the list is known, or the key may not read it."""
        return self._list.value is not None or self._list.is_forbidden

    async def renew_list(self, now: datetime, *, missed: bool) -> None:
        """Refresh the list; at once if `missed`: a trunk has no state any more, and only the list shows if it was
        deleted.
        """
        pbx, before = self._pbx, self._list.value
        await self._list.renew(lambda: pbx.trunks.list(Priority.WATCH), LIST_EVERY, now, at_once=missed)
        if self._list.value is not before:
            self.listed = {row.id: row for row in self._list.value or ()}

    async def outbound(self, now: datetime) -> tuple[OutboundRoute, ...] | None:
        """Return the outbound routes; None while unknown."""
        pbx = self._pbx
        await self._routes.renew(lambda: pbx.routing.outbound(Priority.WATCH), ROUTES_EVERY, now)
        return self._routes.value

    async def banned(self, silent: Iterable[TrunkStatus], now: datetime) -> Mapping[str, Ban]:
        """Return the firewall bans of trunks without an answer from the provider, by trunk id."""
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
