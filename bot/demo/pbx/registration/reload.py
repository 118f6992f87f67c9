"""What Asterisk has heard of the PBX's records: it reads its configuration anew only after the last of the changes."""

from typing import Final

from bot.demo.pbx.registration.sights import Change, Condition
from bot.demo.pbx.registration.trunks import Trunk

# Seconds after the last change until Asterisk has it. Measured: the PBX's worker waits for 5 s without a change; a
# loaded machine took 24 s.
RELOAD_AFTER: Final = 5.0
# With another one of these Asterisk registers anew; another password is only taken for the next try.
_REGISTRATION = ("registration_type", "host", "port", "username", "transport", "outbound_proxy")


class Reload:
    """`after` is in seconds of the real PBX."""

    def __init__(self, after: float = RELOAD_AFTER) -> None:
        self.after = after
        self._due: float | None = None

    def want(self, now: float, speed: float) -> None:
        """A change, from which the waiting begins anew."""
        self._due = now + self.after / speed

    def take(self, now: float) -> float | None:
        """When the reload was, if one has become due since the last look."""
        if self._due is None or self._due > now:
            return None
        due, self._due = self._due, None
        return due


def load(trunk: Trunk, at: float, pace: float) -> None:
    """Asterisk reads the record of a trunk as it is now."""
    before, trunk.loaded = trunk.loaded, dict(trunk.record)
    if (truth := _truth(trunk, before)) is not None:
        trunk.changes.append(Change(at, truth, pace))
    was_on = before is not None and not before["disabled"]
    if trunk.disabled:
        if was_on:
            trunk.changes.append(Change(at, "unloaded", pace))
    elif before is None or not was_on or any(before[name] != trunk.record[name] for name in _REGISTRATION):
        trunk.changes.append(Change(at, "loaded", pace))


def _truth(trunk: Trunk, before: dict[str, object] | None) -> Condition | None:
    """There is no provider behind what people enter; what they write tells how it should turn out. None: nothing that
    decides it was changed."""

    def changed(name: str) -> bool:
        return before is None or before[name] != trunk.record[name]

    moved, new_password = changed("host"), changed("secret")
    if moved and any(word in trunk.text("host").lower() for word in ("dead", "invalid")):
        return "provider_dead"
    if new_password and "wrong" in trunk.text("secret").lower():
        return "wrong_password"
    mended = (moved and trunk.condition in ("provider_dead", "provider_silent")) or (
        new_password and trunk.condition == "wrong_password"
    )
    return "ok" if mended and before is not None else None
