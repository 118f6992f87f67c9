"""Errors of requests to the PBX.

PbxError
├── Unreachable     no connection
│   ├── NoSuchHost          the name is unknown, or no name server answers
│   ├── ConnectionRefused   the host answers, but no process listens at the port
│   ├── ConnectTimedOut
│   └── NoRoute
├── PlainHttpPort   plain HTTP answers at an https address
├── HttpsPort       TLS answers at an http address
├── Untrusted       a certificate of an unknown issuer
│   ├── WrongName   a trusted certificate for another host name
│   ├── Expired
│   ├── NotYetValid
│   └── OtherFingerprint
├── TimedOut        a timeout after the connection
├── NotJson         not an answer of the API: an error page, a truncated or an oversized body
│   └── NotMikoPbx  a page or answer of another program
├── Unauthorised    the API key is refused
├── Forbidden       the key is valid, but lacks a right
├── KeyTooNarrow    the key cannot be used for this trunk, with any rights
├── NotFound
├── Conflict        a number or name is in use
├── Invalid         the PBX rejects the values
├── Busy            too many requests, or a full queue
├── ServerError
├── TooLarge        a recording beyond the caller's limit
├── Refused         the bot does not send the key there
├── AmiOff          no AMI at the address for calls
├── AmiLoginRefused the AMI account is refused
├── AmiClassMissing the AMI account lacks a class
└── Uncertain       a write without an answer, which may still be carried out
"""

from collections.abc import Sequence


class PbxError(Exception):
    """Error of a request. `str()` is one sentence for the log; it never holds the key."""

    def __init__(self, reason: str, resource: str = "") -> None:
        super().__init__(f"{resource}: {reason}" if resource else reason)
        self.resource = resource


class Unreachable(PbxError): ...


class NoSuchHost(Unreachable): ...


class ConnectionRefused(Unreachable): ...


class ConnectTimedOut(Unreachable): ...


class NoRoute(Unreachable): ...


class PlainHttpPort(PbxError): ...


class HttpsPort(PbxError): ...


class Untrusted(PbxError):
    """Certificate that is not accepted; the key was not sent.

    `shown` is what the certificate shows of the failed check: its names, date or fingerprint; empty if unknown.
    """

    def __init__(self, reason: str, resource: str = "", shown: str = "") -> None:
        super().__init__(f"{reason}: {shown}" if shown else reason, resource)
        self.reason = reason
        self.shown = shown


class WrongName(Untrusted): ...


class Expired(Untrusted): ...


class NotYetValid(Untrusted): ...


class OtherFingerprint(Untrusted): ...


class TimedOut(PbxError): ...


class NotJson(PbxError):
    def __init__(self, status: int, resource: str = "") -> None:
        super().__init__(f"answer is not JSON (HTTP {status})", resource)
        self.status = status


class NotMikoPbx(NotJson): ...


class Unauthorised(PbxError):
    """Refused key. `again_in`: seconds until it is retried; the PBX bans addresses with failed logins."""

    def __init__(self, reason: str, resource: str = "", again_in: float = 0.0) -> None:
        super().__init__(reason, resource)
        self.again_in = again_in


class Forbidden(PbxError):
    """Missing right. `permission_row` as named on the PBX's page of API keys; `needs` is "read" or "write"."""

    def __init__(self, permission_row: str, needs: str, resource: str = "") -> None:
        super().__init__(f"the API key has no {needs} right on {permission_row!r}", resource)
        self.permission_row = permission_row
        self.needs = needs


class KeyTooNarrow(PbxError):
    """Key unusable for this trunk.

    Measured: every key with limited rights is refused for a trunk whose id ends in a letter, a bug of the PBX; a key
    with all rights is not. `permission_row` is the right that a write needs as well.
    """

    def __init__(self, permission_row: str, resource: str = "") -> None:
        super().__init__("key with limited rights refused for a trunk whose id ends in a letter", resource)
        self.permission_row = permission_row


class _Refusal(PbxError):
    """Rejected request. `data` of the response: for a batch, the result of each row."""

    def __init__(
        self, messages: Sequence[str], resource: str = "", fields: dict[str, str] | None = None, data: object = None
    ) -> None:
        super().__init__("; ".join(messages) or "no reason given", resource)
        self.messages = tuple(messages)
        self.fields = fields or {}
        self.data = data


class NotFound(_Refusal): ...


class Conflict(_Refusal): ...


class Invalid(_Refusal): ...


class Busy(PbxError):
    """Too many requests.

    `retry_after` in seconds. The PBX sends none: it blocks an address for 300 s and longer at each repeat.
    """

    def __init__(self, reason: str, retry_after: float, resource: str = "") -> None:
        super().__init__(reason, resource)
        self.retry_after = retry_after


class ServerError(PbxError):
    def __init__(self, status: int, resource: str = "") -> None:
        super().__init__(f"internal error (HTTP {status})", resource)
        self.status = status


class TooLarge(PbxError):
    """Oversized recording. `size` in bytes, None if unknown."""

    def __init__(self, size: int | None, resource: str = "") -> None:
        super().__init__(f"recording is too large ({size or 'unknown'} bytes)", resource)
        self.size = size


class WriteRefused(PbxError): ...


class AmiOff(PbxError): ...


class AmiLoginRefused(PbxError):
    """Refused AMI account. `again_in`: seconds until it is tried again; the PBX bans addresses with failed logins."""

    def __init__(self, reason: str, resource: str = "", again_in: float = 0.0) -> None:
        super().__init__(reason, resource)
        self.again_in = again_in


class AmiClassMissing(PbxError):
    """AMI account without a class of write access, `ami_class` as the PBX's page names it."""

    def __init__(self, ami_class: str, resource: str = "") -> None:
        super().__init__(f"the AMI account has no write access to {ami_class!r}", resource)
        self.ami_class = ami_class


class Uncertain(PbxError):
    """Write without an answer: read back before a retry. `cause` is the timeout or other error in place of it."""

    def __init__(self, cause: PbxError, resource: str = "") -> None:
        super().__init__(f"write without an answer, may still be carried out ({cause})", resource)
        self.cause = cause
