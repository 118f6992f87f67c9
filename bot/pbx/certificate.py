"""The certificate that a PBX shows: read without trusting it, and trusted by its fingerprint alone."""

import asyncio
import hashlib
import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.pbx.connection_errors import FingerprintMismatch, connection_error
from bot.pbx.errors import Expired, NotYetValid, PbxError, Unreachable, Untrusted, WrongName

if TYPE_CHECKING:
    from cryptography import x509

# Seconds, for the connection and the handshake together.
HANDSHAKE_TIMEOUT = 5.0
# A certificate with more is not made for people.
MAX_NAMES = 8
MAX_TEXT = 64


@dataclass(frozen=True, slots=True)
class Certificate:
    """Certificate of a server. Its texts come from that server.

    `names` are its DNS names and addresses, its common name if it has none; `fingerprint` is SHA-256, as openssl prints
    it. `flaw` is the error that a connection would raise, of the first check that fails: issuer, then date, then name;
    None if it is trusted, or no trust was given.
    """

    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    fingerprint: str
    is_self_signed: bool
    flaw: type[Untrusted] | None = None


SHOWN: dict[type[Untrusted], Callable[[Certificate], str]] = {
    WrongName: lambda shown: ", ".join(shown.names[:3]),
    Expired: lambda shown: f"{shown.not_after:%Y-%m-%d}",
    NotYetValid: lambda shown: f"{shown.not_before:%Y-%m-%d}",
}


async def read_certificate(
    host: str, port: int, trust: ssl.SSLContext | None = None, within: float = HANDSHAKE_TIMEOUT
) -> Certificate:
    """Read the certificate, whoever issued it; nothing is sent but the handshake. With `trust`, a second handshake
    finds the flaw. Raises PbxError if there is no certificate: Unreachable, PlainHttpPort."""
    shown = parse(await _handshake(host, port, _accepting_any(), within))
    if trust is None:
        return shown
    try:
        await _handshake(host, port, trust, within)
    except Untrusted as untrusted:
        return replace(shown, flaw=type(untrusted))
    return shown


async def explain(error: Untrusted, url: str) -> Untrusted:
    """Return the error with what the certificate shows of the failed check, as far as that can be read."""
    field = SHOWN.get(type(error))
    address = urlsplit(url)
    if field is None or not address.hostname:
        return error
    try:
        shown = await read_certificate(address.hostname, address.port or 443)
    except PbxError:
        return error
    return type(error)(error.reason, error.resource, field(shown))


async def wants_https(url: str) -> bool:
    """Return True for a plain http address where TLS answers."""
    address = urlsplit(url)
    if address.scheme != "http" or not address.hostname:
        return False
    try:
        await read_certificate(address.hostname, address.port or 80)
    except PbxError:
        return False
    return True


def parse(der: bytes) -> Certificate:
    """Parse a certificate. Raises PbxError if that is impossible."""
    from cryptography import x509  # imported late: it takes 20 ms of a start that needs none

    try:
        read = x509.load_der_x509_certificate(der)
        return Certificate(
            names=_names(read),
            issuer=_text(read.issuer.rfc4514_string()),
            not_before=read.not_valid_before_utc,
            not_after=read.not_valid_after_utc,
            fingerprint=fingerprint_of(der),
            is_self_signed=read.issuer == read.subject,
        )
    except ValueError as error:
        raise PbxError(f"certificate cannot be parsed ({type(error).__name__})") from None


def fingerprint_of(der: bytes) -> str:
    """Return the SHA-256 fingerprint in upper case with colons."""
    return hashlib.sha256(der).digest().hex(":").upper()


def trust_by_fingerprint(fingerprints: Collection[str]) -> ssl.SSLContext:
    """Return a context that accepts certificates with one of these fingerprints, whatever their name, issuer and date,
    and no other. The check is a part of the handshake: nothing is sent before."""

    class Pinned(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            shown = self.getpeercert(binary_form=True)
            if shown is None or fingerprint_of(shown) not in fingerprints:
                raise FingerprintMismatch(fingerprint_of(shown) if shown else "none", fingerprints)

    context = _accepting_any()
    context.sslobject_class = Pinned
    return context


async def _handshake(host: str, port: int, context: ssl.SSLContext, within: float) -> bytes:
    """Return the certificate, DER."""
    try:
        async with asyncio.timeout(within):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    except (OSError, TimeoutError) as error:
        raise connection_error(error) from None
    try:
        shown: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.transport.abort()
    if not shown:
        raise Unreachable("the server shows no certificate")
    return shown


def _accepting_any() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _names(read: "x509.Certificate") -> tuple[str, ...]:
    from cryptography import x509

    found: list[object] = []
    try:
        alternatives = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found += alternatives.get_values_for_type(x509.DNSName)
        found += alternatives.get_values_for_type(x509.IPAddress)
    except x509.ExtensionNotFound:
        found += (one.value for one in read.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME))
    return tuple(_text(str(name)) for name in found[:MAX_NAMES])


def _text(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text[:MAX_TEXT])
