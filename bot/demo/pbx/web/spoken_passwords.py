"""Every password that was ever said to this PBX, or by it: a test may look whether one of them got anywhere else."""

from collections.abc import Mapping

_FIELDS = frozenset({"sip_secret", "secret", "password"})
# Of the others the answers are long, and hold none.
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
