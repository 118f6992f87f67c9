"""Requests to the Bot API for a check: each once, none of them with an effect.

The bot's own connection is not used: it hides the Date of an answer, retries, and counts failures.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

import httpx
from socksio.exceptions import SOCKSError

from bot.config.settings import Settings
from bot.http import decompression, response_head
from bot.http.public_trust import public_trust

# Seconds; a proxy far away takes some.
TIMEOUT = 15.0
MAX_BYTES = 1024 * 1024


class Trouble(StrEnum):
    """Reason for no answer of the Bot API."""

    PROXY = "proxy"
    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    TIMED_OUT = "timed out"
    TOO_MANY = "too many requests"
    # Something answers, but not the Bot API.
    NOT_TELEGRAM = "not Telegram"


class NoAnswer(Exception):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer of the Bot API: `result`, or the code and text of a refusal. `date` is the server's clock."""

    result: Any
    code: int
    description: str
    date: datetime | None

    @property
    def is_ok(self) -> bool:
        return self.code == 0

    def field(self, name: str) -> Any:
        return self.result.get(name) if isinstance(self.result, Mapping) else None


class BotApi:
    """Client for one check, a context manager."""

    def __init__(self, settings: Settings) -> None:
        proxy = settings.telegram_proxy.get_secret_value() if settings.telegram_proxy else None
        self._root = f"{settings.telegram_api_url}/bot{settings.telegram_token.get_secret_value()}/"
        self._http = httpx.AsyncClient(
            proxy=proxy, verify=public_trust(), timeout=TIMEOUT, headers=decompression.IDENTITY
        )
        response_head.limit_head(self._http)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def ask(self, method: str, **parameters: int | str) -> Reply:
        """Raises NoAnswer, whose text holds no part of an address: the token is one."""
        try:
            async with self._http.stream("POST", self._root + method, json=parameters) as response:
                content = await decompression.read_all(response, MAX_BYTES)
        except httpx.TimeoutException:
            raise NoAnswer(Trouble.TIMED_OUT) from None
        except (httpx.ProxyError, SOCKSError):
            # The second escapes from httpx where something else than such a proxy answers.
            raise NoAnswer(Trouble.PROXY) from None
        except httpx.TransportError as error:
            untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
            raise NoAnswer(Trouble.UNTRUSTED if untrusted else Trouble.UNREACHABLE) from None
        except (httpx.HTTPError, decompression.BodyTooLarge, decompression.Garbled, ValueError):
            raise NoAnswer(Trouble.NOT_TELEGRAM) from None
        return _reply(content, _date(response))


def _reply(content: bytes | bytearray, date: datetime | None) -> Reply:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise NoAnswer(Trouble.NOT_TELEGRAM) from None
    match body:
        case {"ok": True, "result": result}:
            return Reply(result, 0, "", date)
        case {"ok": False, "error_code": int(code), "description": str(description)}:
            return Reply(None, code, description, date)
    raise NoAnswer(Trouble.NOT_TELEGRAM)


def _date(response: httpx.Response) -> datetime | None:
    try:
        date = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return None
    return date if date.tzinfo is not None else None
