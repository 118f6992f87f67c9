"""Errors of a connection and its TLS handshake as PbxErrors. Pure.

Libraries wrap the error of the socket, so that all causes are searched.
"""

import errno
import socket
import ssl
from collections.abc import Collection, Iterator

from bot.pbx.errors import (
    ConnectionRefused,
    ConnectTimedOut,
    Expired,
    NoRoute,
    NoSuchHost,
    NotYetValid,
    OtherFingerprint,
    PbxError,
    PlainHttpPort,
    Unreachable,
    Untrusted,
    WrongName,
)

# Results of OpenSSL's verification, which the ssl module does not name. All others are of the issuer.
CERTIFICATE_FLAWS: dict[int, tuple[type[Untrusted], str]] = {
    9: (NotYetValid, "certificate is not valid yet"),
    10: (Expired, "certificate has expired"),
    62: (WrongName, "certificate is for another host name"),
    64: (WrongName, "certificate is for another host name"),
}
# Reasons of OpenSSL for bytes that are not TLS; which one depends on the bytes and its release.
NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})
ERRNO: dict[int, tuple[type[Unreachable], str]] = {
    errno.ECONNREFUSED: (ConnectionRefused, "connection refused"),
    errno.ETIMEDOUT: (ConnectTimedOut, "connection timed out"),
    errno.EHOSTUNREACH: (NoRoute, "no route to the host"),
    errno.ENETUNREACH: (NoRoute, "no route to the network"),
    errno.EHOSTDOWN: (NoRoute, "the host is down"),
}


class FingerprintMismatch(ssl.SSLCertVerificationError):
    """Certificate whose fingerprint `shown` is none of those `expected`."""

    def __init__(self, shown: str, expected: Collection[str]) -> None:
        super().__init__("the certificate has another fingerprint")
        self.shown = shown
        self.expected = expected


def connection_error(error: BaseException, resource: str = "") -> PbxError:
    """Return the error that a failed connection means. Of several addresses that were tried, the most telling one."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, FingerprintMismatch):
            expected = " or ".join(sorted(cause.expected))
            return OtherFingerprint(f"certificate's fingerprint is not {expected}", resource, cause.shown)
        if isinstance(cause, ssl.SSLCertVerificationError):
            kind, reason = CERTIFICATE_FLAWS.get(cause.verify_code, (Untrusted, "certificate is not trusted"))
            return kind(reason, resource)
        if isinstance(cause, ssl.SSLError) and getattr(cause, "reason", None) in NOT_TLS:
            return PlainHttpPort("plain http answers at the https address", resource)
        if isinstance(cause, socket.gaierror):
            return NoSuchHost(f"no such host ({cause.strerror})", resource)
    # A host that refuses at one of its addresses is there; one without a route to IPv6 may still be.
    errors = {cause.errno for cause in causes if isinstance(cause, OSError)}
    for number, (unreachable, reason) in ERRNO.items():
        if number in errors:
            return unreachable(reason, resource)
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return ConnectTimedOut("connection timed out", resource)
    return Unreachable(f"no connection ({type(error).__name__})", resource)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and all its causes."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _causes(one)
        error = error.__cause__ or error.__context__
