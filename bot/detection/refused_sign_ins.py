"""Which extensions have a phone with a wrong password, and which passwords are being guessed. Pure.

The PBX counts refused passwords by extension and address. One address of one's own networks that fails for one or two
extensions is a phone; one of the internet, or one that tries several extensions, may be a guesser.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from bot.pbx import FailedSignIns

# Whoever mistypes a password gives up sooner.
TRIES = 10
# Each extension is asked about once an hour; a phone tries again within minutes.
RECENT = timedelta(hours=1)
# Extensions that one address fails for: a phone has one or two.
SEVERAL = 3


@dataclass(frozen=True, slots=True)
class Told:
    """What the PBX told of one extension at its own time `at`."""

    at: datetime
    failed: tuple[FailedSignIns, ...]

    @property
    def recent(self) -> tuple[FailedSignIns, ...]:
        return tuple(one for one in self.failed if self.at - one.last <= RECENT)


@dataclass(frozen=True, slots=True)
class WrongPhone:
    """Phone with a wrong password for an extension."""

    number: str
    address: str
    tries: int


@dataclass(frozen=True, slots=True)
class Guessing:
    """Passwords that are tried from outside, or by an address that fails for several extensions."""

    numbers: tuple[str, ...]
    addresses: tuple[str, ...]
    tries: int


def wrong_phones(told: Mapping[str, Told]) -> list[WrongPhone]:
    """Return the phones, one for each extension: that with the most tries."""
    guessing = _guessing_addresses(told)
    found = []
    for number, one in sorted(told.items()):
        own = [row for row in one.recent if row.address not in guessing and not _is_outside(row.address)]
        most = max(own, key=lambda row: (row.tries, row.address), default=None)
        if most is not None and most.tries >= TRIES:
            found.append(WrongPhone(number, most.address, most.tries))
    return found


def guessing(told: Mapping[str, Told]) -> Guessing | None:
    """Return the guessed passwords of all extensions together; None while there are none."""
    several = _guessing_addresses(told)
    numbers, tries = set[str](), Counter[str]()
    for number, one in told.items():
        rows = [row for row in one.recent if row.address in several or _is_outside(row.address)]
        if sum(row.tries for row in rows) >= TRIES or any(row.address in several for row in rows):
            numbers.add(number)
            tries.update({row.address: row.tries for row in rows})
    if not numbers:
        return None
    addresses = sorted(tries, key=lambda address: (-tries[address], address))
    return Guessing(tuple(sorted(numbers, key=_in_order)), tuple(addresses), tries.total())


def _guessing_addresses(told: Mapping[str, Told]) -> Collection[str]:
    """Return the addresses that fail for SEVERAL extensions, with TRIES altogether."""
    numbers, tries = Counter[str](), Counter[str]()
    for one in told.values():
        numbers.update(row.address for row in one.recent if row.address)
        tries.update({row.address: row.tries for row in one.recent})
    return {address for address, count in numbers.items() if count >= SEVERAL and tries[address] >= TRIES}


def _is_outside(address: str) -> bool:
    return not address or ip_address(address).is_global


def _in_order(number: str) -> tuple[int, str]:
    return len(number), number
