"""Trust in the public certificate authorities, shared by the connections to Telegram and to all PBXs."""

import ssl
from functools import cache

import httpx


@cache
def public_trust(verify: bool = True) -> ssl.SSLContext:
    """Return the context of the process; without `verify` one that accepts any certificate. Measured: each takes 50 ms
    and a megabyte. Callers do not change it."""
    return httpx.create_ssl_context(verify=verify)
