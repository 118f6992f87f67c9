"""Address of a dead man's switch; a secret, since anyone with it can send the heartbeat."""

import re
from urllib.parse import urlsplit

from bot.http import urls

# Shorter parts are words that appear in other log lines too.
SECRET_PART = 10


def check(address: str) -> None:
    """Check the address. Raises ValueError with the remedy."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not a web address; copy the ping or push address of your monitor whole")
    urls.host_of(address)
    if parts.scheme == "http" and not urls.stays_near(parts.hostname):
        raise ValueError("would show its secret to the network; use https, plain http is for your own network")


def secrets(address: str) -> list[str]:
    """Return the strings to redact; the path alone identifies the sender."""
    parts = re.split(r"[/?&=]", address.partition("//")[2])[1:]
    return [address, *(part for part in parts if len(part) >= SECRET_PART)]
