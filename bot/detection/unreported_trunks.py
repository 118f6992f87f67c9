"""The trunks that the PBX lists, and whose state it does not tell. Pure.

Measured on both dialects: while Asterisk runs, one IAX trunk that registers with its provider hides every IAX trunk
from `providers:getStatuses`; one that does not register is `unregistered` for ever. What is listed is not deleted, and
what is not told is neither up nor down.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bot.incidents.provider_contact import contact_in
from bot.pbx import TrunkRow, TrunkStatus
from bot.pbx.resources.trunks import told_apart


@dataclass(frozen=True, slots=True)
class Listed:
    """The trunks of `/providers` by id, switched-off ones among them; `seen_working` are the ids of those whose state
    the PBX has told before."""

    rows: Mapping[str, TrunkRow] = field(default_factory=dict)
    seen_working: Collection[str] = ()

    def all(self, told: Mapping[str, TrunkStatus]) -> dict[str, TrunkStatus]:
        """What is told, and what is only listed: that has no state."""
        left_out = [row.without_state() for key, row in self.rows.items() if key not in told]
        return {trunk.id: trunk for trunk in told_apart([*told.values(), *left_out])} if left_out else dict(told)

    def registration(self, trunk: TrunkStatus) -> str:
        """As `health_of` wants it. Of an IAX trunk that is not listed, and whose state was told once, every word is
        believed."""
        row = self.rows.get(trunk.id)
        if row is not None:
            return row.registration
        return "outbound" if trunk.id in self.seen_working else "none"

    def contact(self, trunk: str) -> str:
        """How to reach its provider, where somebody has noted that in the PBX."""
        row = self.rows.get(trunk)
        return contact_in(row.note) if row is not None else ""


NOTHING_LISTED = Listed()
