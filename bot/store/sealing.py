"""Secrets at rest: what is sealed can be read only with the bot's token, which is in no database.

One process is one bot, so there is one key. Until the token is known it is one of this run alone: nothing is ever
sealed with a key that others could guess.
"""

import base64
import hmac
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import JSON, Dialect, TypeDecorator

# Stands before all that is sealed; another way of sealing gets another number.
SEALED = "sealed:1:"
NONCE = 12


class Unreadable(Exception):
    """Sealed with another token, or damaged."""


class Unsealed(dict[str, Any]):
    """What holds no secret and must outlive a change of the token: stored as it is, in a column that is sealed."""


class _Seal:
    def __init__(self) -> None:
        self._cipher = AESGCM(os.urandom(32))

    def use(self, token: str) -> None:
        self._cipher = AESGCM(hmac.digest(token.encode(), b"store", "sha256"))

    def close(self, value: Any) -> str:
        nonce = os.urandom(NONCE)
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        return SEALED + base64.b64encode(nonce + self._cipher.encrypt(nonce, plain, None)).decode()

    def open(self, sealed: str) -> Any:
        try:
            whole = base64.b64decode(sealed.removeprefix(SEALED), validate=True)
            plain = self._cipher.decrypt(whole[:NONCE], whole[NONCE:], None)
        except (InvalidTag, ValueError):
            raise Unreadable from None
        return json.loads(plain.decode("utf-8", "surrogatepass"))


_seal = _Seal()


def use_token(token: str) -> None:
    """From now on everything is sealed, and opened, with the key that is derived from this token."""
    _seal.use(token)


def sealed(value: Any) -> str:
    """Plain JSON, sealed."""
    return _seal.close(value)


def opened(sealed_value: str) -> Any:
    """What `sealed` was given. Raises Unreadable."""
    return _seal.open(sealed_value)


class Sealed(TypeDecorator[Any]):
    """A column of JSON that holds one string, the sealed value; or the value itself, when it is empty or `Unsealed`.
    What cannot be read is None, as if it had been forgotten."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if not value or isinstance(value, Unsealed):
            return value
        return sealed(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return opened(value)
        except Unreadable:
            return None
