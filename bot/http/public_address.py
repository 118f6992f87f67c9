"""Requests to addresses that people give, limited to the public internet.

Against DNS rebinding a name is resolved once, all of its addresses are checked, and the connection is made to one of
these. The certificate is checked for the name all the same.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

# Public in Python's own table, or in that of some 3.11: reserved for protocols, relays of 6to4, and the address of
# Azure's platform services.
NOT_PUBLIC = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
# The only IPv6 range that is allocated.
ALLOCATED_V6 = ip_network("2000::/3")
# Teredo and other protocols, documentation, 6to4: the first and the last carry an arbitrary IPv4 address.
EXCLUDED_V6 = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
# Carries an IPv4 address, for machines that have none of their own.
NAT64 = ip_network("64:ff9b::/96")
MAX_ADDRESSES = 4
# A silent name server holds a thread until its timeout of half a minute. Separate from the threads that resolve the
# PBXs' names.
RESOLVER_THREADS = ThreadPoolExecutor(16, thread_name_prefix="names of calendars")

Resolve = Callable[[str, int], Awaitable[list[str]]]


def without_keepalive(ssl_context: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
    """Return a transport without keep-alive: connections are pooled by IP address, and a certificate is checked for one
    name."""
    limits = httpx.Limits(max_connections=4, max_keepalive_connections=0)
    return httpx.AsyncHTTPTransport(verify=ssl_context, trust_env=False, limits=limits)


@cache
def _ssl_context() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


class NotPublic(httpx.TransportError):
    """Address in a private network, or of this machine."""


def is_public(address: str) -> bool:
    """Return True for an IP address of the public internet. Pure."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return _is_public_v4(ip)
    if ip in NAT64:
        return _is_public_v4(IPv4Address(ip.packed[-4:]))
    return _is_public_v6(ip)


def _is_public_v4(address: IPv4Address) -> bool:
    ordinary = address.is_global and not address.is_multicast and not address.is_reserved
    return ordinary and not any(address in network for network in NOT_PUBLIC)


def _is_public_v6(address: IPv6Address) -> bool:
    is_allocated = address in ALLOCATED_V6 and not any(address in network for network in EXCLUDED_V6)
    return is_allocated and address.is_global and address.scope_id is None


def is_of_this_machine(address: str) -> bool:
    """Return True for an address of this machine: only such an address can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as bound:
            bound.bind((address, 0))
    except OSError:
        return False
    return True


async def resolve(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host. Raises OSError or UnicodeError."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(
        RESOLVER_THREADS, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class PublicOnlyTransport(httpx.AsyncBaseTransport):
    """Transport of requests over https to the public internet, and to the hosts that `allowed` names as they stand in
    an address: `host`, or `host:port`. Raises NotPublic."""

    def __init__(
        self,
        allowed: frozenset[str] = frozenset(),
        resolve: Resolve = resolve,
        through: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self.through = through or without_keepalive(_ssl_context())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if is_allowed(request.url, self._allowed):
            return await self.through.handle_async_request(request)
        if request.url.scheme != "https":
            raise NotPublic("plain http")
        failure: httpx.TransportError = httpx.ConnectError("no such host")
        for address in (await self._resolve_public(request.url))[:MAX_ADDRESSES]:
            try:
                return await self.through.handle_async_request(_with_address(address, request))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _resolve_public(self, url: httpx.URL) -> list[str]:
        try:
            found = await self._resolve(url.raw_host.decode("ascii"), url.port or 443)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError("no such host") from error
        # All of them: of a name that has both kinds neither can be preferred.
        if not all(is_public(address) and not is_of_this_machine(address) for address in found):
            raise NotPublic("inside")
        return found

    async def aclose(self) -> None:
        await self.through.aclose()


def is_allowed(url: httpx.URL, allowed: frozenset[str]) -> bool:
    """Return True for an allowed host; a port other than the default has to be named with it."""
    host, default_port = url.raw_host.decode("ascii"), 80 if url.scheme == "http" else 443
    written = f"[{host}]" if ":" in host else host
    return f"{written}:{url.port or default_port}" in allowed or (url.port is None and written in allowed)


def _with_address(address: str, request: httpx.Request) -> httpx.Request:
    """Return the request to this IP address, with the host's name in its headers and its SNI."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode("ascii")},
    )
