"""Private parts and undocumented behaviour of python-telegram-bot that the bot relies on.

No other module uses them. tests/telegram/test_library.py states each of them, and fails first after an upgrade.
"""

import os
from collections.abc import Mapping
from typing import Any

import httpx
from telegram import Bot
from telegram.error import NetworkError, TelegramError
from telegram.request import BaseRequest, HTTPXRequest

# Without it the library warns at every 429 that the waiting time will become a timedelta.
os.environ.setdefault("PTB_TIMEDELTA", "true")

# Text of the TelegramError for a body that is not the JSON of the Bot API.
INVALID_RESPONSE = "Invalid server response"
GATEWAY_TIMEOUT = "Gateway Timeout (504)"
# Raised for an answer that lacks fields, or has kinds of them that the library does not know.
UNPARSABLE = (TypeError, KeyError, ValueError)
PHASES = ("connect", "read", "write", "pool")


class ClientRequest(HTTPXRequest):
    """Requests over an httpx client that can be configured, and replaced while the bot runs."""

    @property
    def client(self) -> httpx.AsyncClient:
        return self._client

    def configure(self, client: httpx.AsyncClient) -> None:
        """Called with each new client before its first request."""

    def replace_client(self) -> httpx.AsyncClient:
        """Return the old client, still open."""
        old, self._client = self._client, self._build_client()
        return old

    def _build_client(self) -> httpx.AsyncClient:
        client = super()._build_client()
        self.configure(client)
        return client


class RawBot(Bot):
    @property
    def pools(self) -> tuple[BaseRequest, BaseRequest]:
        """Connections for getUpdates, and for all other methods."""
        return self._request

    async def call(self, method: str, parameters: dict[str, Any], read_timeout: float) -> Any:
        """Return the unparsed `result` of a Bot API method. Raises TelegramError."""
        return await self._post(method, parameters, read_timeout=read_timeout)


def timeouts_of(options: Mapping[str, Any], defaults: httpx.Timeout) -> float:
    """Return the sum, in seconds, of the timeouts in the options of `do_request`, the client's where none is given."""
    given = {phase: options.get(f"{phase}_timeout") for phase in PHASES}
    return sum(
        (value if isinstance(value, int | float) else getattr(defaults, phase)) or 0.0 for phase, value in given.items()
    )


def upload_size(options: Mapping[str, Any]) -> int:
    """Return the bytes of the files that `do_request` is called with."""
    data = options.get("request_data")
    files = (data.multipart_data or {}).values() if data is not None else ()
    return sum(len(file[1]) for file in files if isinstance(file[1], bytes))


def is_http_status(error: NetworkError) -> bool:
    """Return True when an HTTP status reports the error. Its cause is an error of httpx when no answer came."""
    return error.__cause__ is None or isinstance(error.__cause__, TelegramError)


def is_gateway_timeout(error: NetworkError) -> bool:
    """Return True for a 504 whose body is not the JSON of the Bot API."""
    return isinstance(error.__cause__, TelegramError) and str(error).startswith(GATEWAY_TIMEOUT)
