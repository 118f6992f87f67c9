"""Addresses that a ban would hurt: the bot's own and those of the providers."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

from bot.detection.pbx_findings import KnownAddresses
from bot.engine.trunk_queries import RESOLVE_ALL_WITHIN, resolved

Resolve = Callable[[str], Awaitable[Collection[str]]]
# Any port: nothing is sent.
PORT = 443


async def known_addresses(
    pbx_host: str, trunk_hosts: Mapping[str, str], banned: Iterable[str], resolve: Resolve = resolved
) -> KnownAddresses:
    """Return the known ones. `trunk_hosts` are names of trunks by the host of their provider. Without a ban no name is
    resolved. The bot's address is that of its own machine: behind NAT the PBX sees another one."""
    addresses = set(banned)
    if not addresses:
        return KnownAddresses()
    own, providers = set[str](), dict[str, str]()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(RESOLVE_ALL_WITHIN):
            own = {local for address in await resolve(pbx_host) if (local := _route_to(address))}
            for host, name in trunk_hosts.items():
                found = {host} if host in addresses else await resolve(host)
                providers |= dict.fromkeys(found, name)
    return KnownAddresses(frozenset(own), providers)


def _route_to(address: str) -> str:
    """Return the address of this machine that its packets to `address` come from; "" if there is no route."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, PORT))
        except OSError:
            return ""
        return str(probe.getsockname()[0])
