"""Checks of URLs: callable, and safe for a secret. Pure."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import httpx

PORTS = range(1, 65536)


def split(url: str) -> SplitResult:
    """Return the parts of an address. Raises ValueError with the remedy, which quotes nothing of it."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port  # evaluated here only: a ValueError for a wrong port
    except ValueError:
        host_of(url)
        raise ValueError("is not a web address: its host or port is wrong") from None
    return parts


def host_of(url: str) -> str:
    """Return the host, empty without any. Raises ValueError for an address that httpx cannot call: some fail only when
    it decodes the host's name."""
    try:
        parts = httpx.URL(url)
        host = parts.host
        # As a name server is asked: labels of at most 63 letters, none of them empty.
        host.encode("idna")
    except (httpx.InvalidURL, ValueError):
        raise ValueError("is not a web address: its host is no name or address that can be called") from None
    if parts.port is not None and parts.port not in PORTS:
        raise ValueError(f"has the port {parts.port}, and ports end at {PORTS[-1]}")
    return host


def refusal(url: str, allowed: frozenset[str], shown: str = "the API key") -> str | None:
    """Return the reason why a URL is refused, or None. Plain http is for loopback, and for hosts in PBX_ALLOW_HTTP.
    `shown` is the secret that is sent there."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or host in allowed or host == "localhost" or _is_loopback(host):
        return None
    return f"plain http would show {shown} to the network; use https, or name the host: PBX_ALLOW_HTTP={host}"


def is_private_host(host: str) -> bool:
    """Return True for a host on this machine or in a private network."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal"))


def is_local_url(url: str) -> bool:
    """Return True for a URL of this machine itself."""
    host = urlsplit(url).hostname or ""
    return host == "localhost" or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
