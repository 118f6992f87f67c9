"""Everything that can come instead of an answer from the PBX.

PbxError
├── Unreachable     no connection
├── Untrusted       a certificate nobody vouches for
│   └── WrongName   a certificate of a trusted issuer, for another name than the one that was asked for
├── TimedOut        a connection, but no answer in time
├── NotJson         an answer that is not the API's: an error page, half a body, or more than any PBX has to say
├── Unauthorised    the API key is refused
├── Forbidden       the key lives, but lacks a right
├── KeyTooNarrow    the key may not ask for this one trunk, whatever its rights
├── NotFound
├── Conflict        a number or a name is taken
├── Invalid         the PBX does not accept what it was given
├── Busy            too many requests, or a queue that is full
├── ServerError
├── TooLarge        a recording that is larger than what it is wanted for takes
├── Refused         the bot itself will not send the key there
└── Uncertain       a write that was not answered and may yet be carried out
"""

from collections.abc import Sequence


class PbxError(Exception):
    """`str()` is one sentence for the log; it never holds the key."""

    def __init__(self, reason: str, resource: str = "") -> None:
        super().__init__(f"{resource}: {reason}" if resource else reason)
        self.resource = resource


class Unreachable(PbxError):
    """`refused`: the machine is there, and nothing listens at the port."""

    def __init__(self, reason: str, resource: str = "", *, refused: bool = False) -> None:
        super().__init__(reason, resource)
        self.refused = refused


class Untrusted(PbxError): ...


class WrongName(Untrusted): ...


class TimedOut(PbxError): ...


class NotJson(PbxError):
    def __init__(self, status: int, resource: str = "") -> None:
        super().__init__(f"an answer that is not JSON (HTTP {status})", resource)
        self.status = status


class Unauthorised(PbxError):
    """`again_in`: seconds until the key is tried again; the PBX punishes addresses that fail to log in."""

    def __init__(self, reason: str, resource: str = "", again_in: float = 0.0) -> None:
        super().__init__(reason, resource)
        self.again_in = again_in


class Forbidden(PbxError):
    """`permission_row` as the PBX's own page of API keys calls it; `needs` is "read" or "write"."""

    def __init__(self, permission_row: str, needs: str, resource: str = "") -> None:
        super().__init__(f"the API key has no {needs} right on {permission_row!r}", resource)
        self.permission_row = permission_row
        self.needs = needs


class KeyTooNarrow(PbxError):
    """Measured: every key with limited rights is refused for a trunk whose id ends in a letter, which is a fault of the
    PBX; a key with all rights is not. `permission_row` is the right that a write needs besides."""

    def __init__(self, permission_row: str, resource: str = "") -> None:
        super().__init__("keys with limited rights are refused for a trunk whose id ends in a letter", resource)
        self.permission_row = permission_row


class _Refusal(PbxError):
    """`data` is what the PBX told besides its messages: of a batch, what became of each row."""

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
    """`retry_after` in seconds. The PBX names none: it blocks an address for 300 s and longer at each repeat."""

    def __init__(self, reason: str, retry_after: float, resource: str = "") -> None:
        super().__init__(reason, resource)
        self.retry_after = retry_after


class ServerError(PbxError):
    def __init__(self, status: int, resource: str = "") -> None:
        super().__init__(f"internal error (HTTP {status})", resource)
        self.status = status


class TooLarge(PbxError):
    """`size` in bytes, or None when it was not told."""

    def __init__(self, size: int | None, resource: str = "") -> None:
        super().__init__(f"a recording that is too large ({size or 'more'} bytes)", resource)
        self.size = size


class Refused(PbxError): ...


class Uncertain(PbxError):
    """`cause` is what came instead of the answer."""

    def __init__(self, cause: PbxError, resource: str = "") -> None:
        super().__init__(f"not known whether it was carried out ({cause})", resource)
        self.cause = cause
