"""Asterisk's reload: it reads the PBX's records some time after the last change."""

from typing import Final

from bot.demo.pbx.registration.sights import Condition, TrunkChange
from bot.demo.pbx.registration.trunks import ProviderRecord

# Seconds. Measured: the PBX's worker waits for 5 s without a change; a loaded machine took 24 s.
RELOAD_AFTER: Final = 5.0
# A change of these registers anew; a new password is used from the next retry on.
_REGISTRATION = ("registration_type", "host", "port", "username", "transport", "outbound_proxy")


class Reload:
    """Pending reload. `after` is in seconds of the real PBX."""

    def __init__(self, after: float = RELOAD_AFTER) -> None:
        self.after = after
        self._due: float | None = None

    def want(self, now: float, speed: float) -> None:
        """Schedule a reload; a pending one is postponed."""
        self._due = now + self.after / speed

    def take(self, now: float) -> float | None:
        """Return the time of the reload if it is due, once."""
        if self._due is None or self._due > now:
            return None
        due, self._due = self._due, None
        return due


def load(trunk: ProviderRecord, at: float, pace: float) -> None:
    """Load the current record of a trunk into Asterisk."""
    before, trunk.loaded = trunk.loaded, dict(trunk.record)
    if (truth := _truth(trunk, before)) is not None:
        trunk.changes.append(TrunkChange(at, truth, pace))
    was_on = before is not None and not before["disabled"]
    if trunk.disabled:
        if was_on:
            trunk.changes.append(TrunkChange(at, "unloaded", pace))
    elif before is None or not was_on or any(before[name] != trunk.record[name] for name in _REGISTRATION):
        trunk.changes.append(TrunkChange(at, "loaded", pace))


def _truth(trunk: ProviderRecord, before: dict[str, object] | None) -> Condition | None:
    """Derive the condition from the record, since there is no real provider. None: unchanged."""

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
