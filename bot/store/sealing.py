"""Encryption of secrets at rest, with a key derived from the bot's token, which is in no database.

One process is one bot, so there is one key. Until the token is known, a random key of this run is used.
"""

import base64
import hmac
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import JSON, Dialect, TypeDecorator

# Prefix of encrypted values; another encryption format gets another number.
SEALED = "sealed:1:"
NONCE_BYTES = 12


class Unreadable(Exception):
    """Encrypted with another token, or damaged."""


class Unsealed(dict[str, Any]):
    """Value without a secret that must survive a change of the token: stored as plain JSON in an encrypted column."""


class _Seal:
    def __init__(self) -> None:
        self._cipher = AESGCM(os.urandom(32))

    def use_token(self, token: str) -> None:
        self._cipher = AESGCM(hmac.digest(token.encode(), b"store", "sha256"))

    def seal(self, value: Any) -> str:
        nonce = os.urandom(NONCE_BYTES)
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        return SEALED + base64.b64encode(nonce + self._cipher.encrypt(nonce, plain, None)).decode()

    def unseal(self, sealed: str) -> Any:
        try:
            decoded = base64.b64decode(sealed.removeprefix(SEALED), validate=True)
            plain = self._cipher.decrypt(decoded[:NONCE_BYTES], decoded[NONCE_BYTES:], None)
        except (InvalidTag, ValueError):
            raise Unreadable from None
        return json.loads(plain.decode("utf-8", "surrogatepass"))


_seal = _Seal()


def use_token(token: str) -> None:
    """Encrypt and decrypt with the key derived from this token from now on."""
    _seal.use_token(token)


def seal(value: Any) -> str:
    """Encrypt a JSON value."""
    return _seal.seal(value)


def unseal(sealed_value: str) -> Any:
    """Decrypt the result of `seal`. Raises Unreadable."""
    return _seal.unseal(sealed_value)


class Sealed(TypeDecorator[Any]):
    """JSON column that holds one string, the encrypted value; or the value itself, if it is empty or `Unsealed`. A
    value that cannot be decrypted is read as None."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if not value or isinstance(value, Unsealed):
            return value
        return seal(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return unseal(value)
        except Unreadable:
            return None
