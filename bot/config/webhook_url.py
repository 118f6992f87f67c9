"""Webhook address, and the secret that authenticates Telegram there."""

import hmac
import re
from urllib.parse import urlsplit

# Ports supported by Telegram; a self-hosted Bot API server may use others.
PORTS = (443, 80, 88, 8443)
LOOPBACK = ("127.0.0.1", "localhost")


def read_address(value: str) -> str:
    """Return the address as Telegram's getWebhookInfo returns it, for comparison. Raises ValueError."""
    parts = urlsplit(value)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError("must begin with https://, for Telegram calls nothing else")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must be a plain address without user, password or query; the bot makes its own secret")
    if not re.fullmatch(r"\w+://[\w.-]+(:\d{1,5})?(/[\x21-\x7e]*)?", value, re.ASCII):
        raise ValueError("is not a web address; write it like https://bot.example.com/telegram")
    _ = parts.port  # property access raises ValueError beyond 65535
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path or '/'}"


def out_of_reach(address: str) -> str | None:
    """Return the reason why Telegram cannot call this address, None if it can."""
    parts = urlsplit(address)
    if parts.hostname in LOOPBACK:
        return "is this machine itself, where Telegram cannot reach it; write the address the world sees"
    if (parts.port or 443) not in PORTS:
        return f"has the port {parts.port}; Telegram calls only {', '.join(map(str, PORTS))}"
    return None


def secret(token: str) -> str:
    """Derive the secret from the bot's token, so that it needs no setting and is the same at each start."""
    return hmac.new(token.encode(), b"webhook", "sha256").hexdigest()
