"""Whether a secret may be sent to an address at all. Pure."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def refusal(url: str, allowed: frozenset[str]) -> str | None:
    """Why it may not, or None. Plain http is for loopback, and for hosts that the settings allow by name."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or host in allowed or host == "localhost" or _is_loopback(host):
        return None
    return f"plain http would show the API key to the network; use https, or name the host: PBX_ALLOW_HTTP={host}"


def stays_near(host: str) -> bool:
    """Whether what is sent there stays on this machine or in its own network."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal"))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
