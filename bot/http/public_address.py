"""Addresses that people give: only the public internet may be behind them, and exactly what was checked is called.

A name that leads to a public address at one moment and into the own network at the next one gains nothing: it is
resolved once, every address it has is looked at, and the connection is made to one of these and to nothing else. The
certificate is checked for the name all the same.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

# What Python's own table calls public, or has called so in some 3.11: reserved for protocols, relays of 6to4, and the
# address under which every machine at Azure reaches what manages it.
NOT_PUBLIC = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
# Of IPv6 nothing else is given out to anybody.
GIVEN_OUT = ip_network("2000::/3")
# Teredo and other protocols, documentation, 6to4: the first and the last carry an IPv4 address of anybody's choice.
NOT_GIVEN_OUT = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
# Carries an IPv4 address, for machines that have none of their own.
NAT64 = ip_network("64:ff9b::/96")
ADDRESSES_TRIED = 4
# A name server that does not answer holds a thread for half a minute. These are its own: the PBXs' names are looked up
# by others.
LOOKING_UP = ThreadPoolExecutor(16, thread_name_prefix="names of calendars")

Resolve = Callable[[str, int], Awaitable[list[str]]]


def unkept(trusting: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
    """Keeps no connection: it would be known by its IP address, and its certificate was checked for one name only."""
    limits = httpx.Limits(max_connections=4, max_keepalive_connections=0)
    return httpx.AsyncHTTPTransport(verify=trusting, trust_env=False, limits=limits)


@cache
def _trusting() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


class NotPublic(httpx.TransportError):
    """The address leads into the own network, or to this machine."""


def is_public(address: str) -> bool:
    """Whether this IP address belongs to the public internet. Pure."""
    try:
        one = ip_address(address)
    except ValueError:
        return False
    if isinstance(one, IPv4Address):
        return _is_public_v4(one)
    if one in NAT64:
        return _is_public_v4(IPv4Address(one.packed[-4:]))
    return _is_public_v6(one)


def _is_public_v4(address: IPv4Address) -> bool:
    ordinary = address.is_global and not address.is_multicast and not address.is_reserved
    return ordinary and not any(address in network for network in NOT_PUBLIC)


def _is_public_v6(address: IPv6Address) -> bool:
    given_out = address in GIVEN_OUT and not any(address in network for network in NOT_GIVEN_OUT)
    return given_out and address.is_global and address.scope_id is None


def is_of_this_machine(address: str) -> bool:
    """Whether a connection would not even leave the machine: nothing else lets itself be bound to here."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as bound:
            bound.bind((address, 0))
    except OSError:
        return False
    return True


async def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host. Raises OSError or UnicodeError."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(LOOKING_UP, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class OnlyPublic(httpx.AsyncBaseTransport):
    """Sends requests over https to the public internet, and to the hosts that `allowed` names as they stand in an
    address: `host`, or `host:port`. Raises NotPublic."""

    def __init__(
        self,
        allowed: frozenset[str] = frozenset(),
        resolve: Resolve = resolve,
        through: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self.through = through or unkept(_trusting())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if is_allowed(request.url, self._allowed):
            return await self.through.handle_async_request(request)
        if request.url.scheme != "https":
            raise NotPublic("plain http")
        failure: httpx.TransportError = httpx.ConnectError("no such host")
        for address in (await self._checked(request.url))[:ADDRESSES_TRIED]:
            try:
                return await self.through.handle_async_request(_to(address, request))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _checked(self, url: httpx.URL) -> list[str]:
        try:
            found = await self._resolve(url.raw_host.decode("ascii"), url.port or 443)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError("no such host") from error
        # All of them: of a name that has both, nobody could say which is meant.
        if not all(is_public(one) and not is_of_this_machine(one) for one in found):
            raise NotPublic("inside")
        return found

    async def aclose(self) -> None:
        await self.through.aclose()


def is_allowed(url: httpx.URL, allowed: frozenset[str]) -> bool:
    """A port that is not the usual one has to be named with its host."""
    host, usual = url.raw_host.decode("ascii"), 80 if url.scheme == "http" else 443
    written = f"[{host}]" if ":" in host else host
    return f"{written}:{url.port or usual}" in allowed or (url.port is None and written in allowed)


def _to(address: str, request: httpx.Request) -> httpx.Request:
    """The same request to this IP address; it goes on naming the host, and the certificate is checked for that."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode("ascii")},
    )
