"""Errors of requests to the PBX.

PbxError
├── Unreachable     no connection
├── Untrusted       an untrusted certificate
│   └── WrongName   a trusted certificate for another host name
├── TimedOut        a timeout after the connection
├── NotJson         not an answer of the API: an error page, a truncated or an oversized body
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
└── Uncertain       a write without an answer, which may still be carried out
"""

from collections.abc import Sequence


class PbxError(Exception):
    """Error of a request. `str()` is one sentence for the log; it never holds the key."""

    def __init__(self, reason: str, resource: str = "") -> None:
        super().__init__(f"{resource}: {reason}" if resource else reason)
        self.resource = resource


class Unreachable(PbxError):
    """No connection. `refused`: the host answers, but no process listens at the port."""

    def __init__(self, reason: str, resource: str = "", *, refused: bool = False) -> None:
        super().__init__(reason, resource)
        self.refused = refused


class Untrusted(PbxError): ...


class WrongName(Untrusted): ...


class TimedOut(PbxError): ...


class NotJson(PbxError):
    def __init__(self, status: int, resource: str = "") -> None:
        super().__init__(f"answer is not JSON (HTTP {status})", resource)
        self.status = status


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


class Uncertain(PbxError):
    """Write without an answer: read back before a retry. `cause` is the timeout or other error in place of it."""

    def __init__(self, cause: PbxError, resource: str = "") -> None:
        super().__init__(f"write without an answer, may still be carried out ({cause})", resource)
        self.cause = cause
