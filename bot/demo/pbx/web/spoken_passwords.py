"""All passwords sent to or by this PBX, so that tests can check for leaks."""

from collections.abc import Mapping

_FIELDS = frozenset({"sip_secret", "secret", "password"})
# Answers of the other resources are long, and hold no password.
_RESOURCES = frozenset({"employees", "sip", "passwords", "providers", "sip-providers", "iax-providers"})


class Heard:
    def __init__(self) -> None:
        self.passwords: set[str] = set()

    def listen(self, resource: str, said: object) -> None:
        if resource in _RESOURCES:
            self._pick(said)

    def _pick(self, said: object) -> None:
        if isinstance(said, Mapping):
            self.passwords |= {str(value) for name, value in said.items() if name in _FIELDS}
        items = said.values() if isinstance(said, Mapping) else said if isinstance(said, list) else ()
        for item in items:
            self._pick(item)
