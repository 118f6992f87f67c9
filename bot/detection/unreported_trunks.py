"""Trunks that the PBX lists without reporting a state, and contacts in their notes. Pure.

Measured on both dialects: while Asterisk runs, one IAX trunk that registers with its provider hides every IAX trunk
from `providers:getStatuses`; one that does not register is always `unregistered`. A listed trunk is not deleted; one
without a state is neither up nor down.

Only a telephone number or mail address is taken from a note: notes may hold passwords, and alerts go to groups.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bot.pbx import TrunkRow, TrunkStatus
from bot.pbx.resources.trunk_models import distinct

NUMBER = re.compile(r"(?<![\w.@+])\+?\d[\d ()\-\u2011]{5,18}\d(?![\w@])")
MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}(?![\w@])")
# Contract numbers and dates have fewer digits, card numbers more.
DIGITS = range(7, 16)


@dataclass(frozen=True, slots=True)
class UnreportedTrunks:
    """Trunks of `/providers` by id, disabled ones included; `seen_working` are the ids of trunks with a state reported
    before.
    """

    rows: Mapping[str, TrunkRow] = field(default_factory=dict)
    seen_working: Collection[str] = ()

    def all(self, told: Mapping[str, TrunkStatus]) -> dict[str, TrunkStatus]:
        """Return the reported trunks, and the listed ones without a state."""
        left_out = [row.without_state for key, row in self.rows.items() if key not in told]
        return {trunk.id: trunk for trunk in distinct([*told.values(), *left_out])} if left_out else dict(told)

    def registration(self, trunk: TrunkStatus) -> str:
        """Return the registration for `health_of`.

        Of an unlisted IAX trunk whose state was reported once, any state counts.
        """
        row = self.rows.get(trunk.id)
        if row is not None:
            return row.registration
        return "outbound" if trunk.id in self.seen_working else "none"

    def contact(self, trunk: str) -> str:
        """Return the provider's contact from the trunk's note, "" if none."""
        row = self.rows.get(trunk)
        return contact_in(row.note) if row is not None else ""


def contact_in(note: str) -> str:
    """Return the first number and the first address, "" for neither."""
    numbers = (found[0].strip() for found in NUMBER.finditer(note))
    number = next((one for one in numbers if sum(char.isdigit() for char in one) in DIGITS), "")
    address = MAIL.search(note)
    return ", ".join(part for part in (number, address[0] if address else "") if part)
