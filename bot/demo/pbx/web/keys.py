"""API keys, their permissions, and the cost of checking one."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

GOOD_SECONDS, BAD_SECONDS = 300, 60
_BCRYPT_OF_GOOD, _BCRYPT_OF_BAD = 0.4, 1.0
PUBLIC = ("system:ping", "system:getAvailableLanguages", "auth:login", "auth:refresh", "cdr:playback", "cdr:download")
# The real checker recognizes ids only in these shapes; before the newer release not a trunk id that ends in a letter.
ID: Final = re.compile(r"\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\A[A-Z][A-Z0-9-]*\d", re.ASCII)
ID_WITH_LETTERS: Final = re.compile(rf"{ID.pattern}|\A[A-Z][A-Z0-9-]*[A-F]", re.ASCII)
Right = Literal["read", "write"]
RIGHTS: Final[tuple[Right, ...]] = get_args(Right)


@dataclass(frozen=True)
class Permissions:
    """Permissions. `paths` maps `/api/v3/cdr` to a right; None: all."""

    paths: Mapping[str, Right] | None = None

    def allow(self, verb: str, path: str, ids: re.Pattern[str] = ID) -> bool:
        """Return True if allowed; `path` is the request's from `/api/v3/` on, still percent-encoded."""
        if self.paths is None:
            return True
        right = self.paths.get(_resource(path, ids))
        return right == "write" or (right == "read" and verb == "GET")


def _resource(path: str, ids: re.Pattern[str]) -> str:
    base = path.rstrip("/").partition(":")[0]
    parent, _, last = base.rpartition("/")
    return parent if ids.fullmatch(last) else base


@dataclass(frozen=True)
class KeyDecision:
    """Result of a check. `known`: the key is valid, so a denial is a missing right."""

    allowed: bool
    cost: float = 0.0
    known: bool = False


class Keys:
    """The bot's key, and the PBX's cache of checked keys."""

    def __init__(self, key: str) -> None:
        self._key = key
        # Error text for a missing right; None: as for an unknown key.
        self.missing_right: str | None = None
        self.revoked = False
        self.permissions = Permissions()
        self._known: dict[str, tuple[bool, float]] = {}

    def revoke(self, revoked: bool, *, remembered: bool = False) -> None:
        """Revoke or restore the key.

        `remembered`: as on the real PBX, which accepts a deleted key while it is cached.
        """
        self.revoked = revoked
        if not remembered:
            self._known.clear()

    def permit(self, permissions: Permissions) -> None:
        self.permissions = permissions
        self._known.clear()

    def judge(
        self, header: str, client: str, verb: str, path: str, now: float, ids: re.Pattern[str] = ID
    ) -> KeyDecision:
        """Check a request.

        A wrong key and a missing right get the same answer. A local client needs no key, but a wrong one is refused.
        """
        if any(path.removeprefix("/api/v3/").startswith(public) for public in PUBLIC):
            return KeyDecision(True)
        token = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else ""
        if not token:
            return KeyDecision(client in ("127.0.0.1", "::1"))
        good, cost = self._checked(token, now)
        return KeyDecision(good and self.permissions.allow(verb, path, ids), cost, known=good)

    def _checked(self, token: str, now: float) -> tuple[bool, float]:
        good, until = self._known.get(token, (False, 0.0))
        if until > now:
            return good, 0.0
        good = not self.revoked and hmac.compare_digest(token.encode(), self._key.encode())
        self._known[token] = (good, now + (GOOD_SECONDS if good else BAD_SECONDS))
        return good, _BCRYPT_OF_GOOD if good else _BCRYPT_OF_BAD
