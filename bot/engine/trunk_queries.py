"""Query facts beside trunk states, each only while it can matter and at its own interval."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from bot.pbx import Ban, OutboundRoute, Pbx, Priority, TrunkRow, TrunkStatus
from bot.pbx.cached_query import CachedQuery

LIST_EVERY = timedelta(minutes=10)
ROUTES_EVERY = timedelta(minutes=5)
BANS_EVERY = timedelta(minutes=1)
# Host names of providers, resolved here as the PBX should resolve them. They are typed into the PBX and may time out:
# hence timeouts, and a thread pool of their own.
RESOLVE_WITHIN = 2.0
RESOLVE_ALL_WITHIN = 10.0
RESOLVERS = ThreadPoolExecutor(2, thread_name_prefix="names of providers")

Resolve = Callable[[str], Awaitable[Collection[str]]]


async def resolved(host: str) -> Collection[str]:
    """Return the addresses of a host name; none after RESOLVE_WITHIN seconds."""
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

    def __init__(self, pbx: Pbx, resolve: Resolve = resolved) -> None:
        self._pbx = pbx
        self._resolve = resolve
        self._list: CachedQuery[tuple[TrunkRow, ...]] = CachedQuery()
        self._routes: CachedQuery[tuple[OutboundRoute, ...]] = CachedQuery()
        self._bans: CachedQuery[tuple[Ban, ...]] = CachedQuery()
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
        if (value := self._list.value) is not None and value is not before:
            self.listed = {row.id: row for row in value}

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
