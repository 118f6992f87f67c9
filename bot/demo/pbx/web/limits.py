"""Rate limit of the web server: per address, in windows, with longer blocks at each repeat."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

Mode = Literal["real", "enforced", "off"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
MOST_REQUESTS, WINDOW_SECONDS = 200, 60
FIRST_BLOCK, LONGEST_BLOCK, OFFENCES_FORGOTTEN = 300, 3600, 86400


@dataclass
class _Address:
    window: float
    requests: int = 0
    offences: int = 0
    blocked_until: float = 0.0


class RateLimit:
    """Rate limit. `real` exempts 127.*, as the PBX does; `enforced` exempts no address."""

    def __init__(self) -> None:
        self.mode: Mode = "real"
        self._addresses: dict[str, _Address] = {}

    def set_mode(self, mode: Mode) -> None:
        self.mode = mode
        self._addresses.clear()

    def refuses(self, client: str, now: float) -> bool:
        if self.mode == "off" or (self.mode == "real" and (client.startswith("127.") or client == "::1")):
            return False
        address = self._addresses.setdefault(client, _Address(now))
        if now < address.blocked_until:
            return True
        if now - address.blocked_until > OFFENCES_FORGOTTEN:
            address.offences = 0
        if now - address.window >= WINDOW_SECONDS:
            address.window, address.requests = now, 0
        address.requests += 1
        if address.requests <= MOST_REQUESTS:
            return False
        address.blocked_until = now + min(LONGEST_BLOCK, FIRST_BLOCK * 2**address.offences)
        address.offences += 1
        address.window, address.requests = address.blocked_until, 0
        return True
