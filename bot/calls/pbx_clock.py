"""Times of a PBX's call records: naive, local, and by its own clock, which may be wrong. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bot.oncall.local_time import moment, wall_of


@dataclass(frozen=True, slots=True)
class PbxClock:
    """Clock of a PBX in `zone`, which is `ahead` of ours; of one that is behind, that is negative."""

    zone: tzinfo
    ahead: timedelta = timedelta(0)

    def shows(self, at: datetime) -> datetime:
        """Return the local time that it shows at `at`, naive."""
        return wall_of(at + self.ahead, self.zone)

    def moment(self, shown: datetime) -> datetime:
        """Return the moment, aware, at which it shows the local time `shown`."""
        return moment(shown, self.zone) - self.ahead


# The clock of a PBX as it is known now.
ReadClock = Callable[[], PbxClock]
