"""Count the incoming calls of one PBX that were answered and missed, as `/stats` counts them, by trunk."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.calls.outcome import Outcome, outcome, trunk_of
from bot.calls.pbx_clock import ReadClock
from bot.pbx import CallRecord, Channel
from bot.pbx.resources.record_models import Direction, direction

# The PBX lists a call some ten seconds after its end, and its legs one after another: a missed call counts once it has
# been over and looked the same for so long.
SETTLED_AFTER = timedelta(seconds=45)
# Records of calls that began earlier are not read again: longer than the follower of the records looks back.
KEPT = timedelta(hours=8)
# More calls than a PBX has in that time. Beyond this none is counted, rather than one twice.
MAX_CALLS = 50_000
# More trunks than a PBX has. The calls of further ones count as those of no trunk.
MAX_TRUNKS = 1000


@dataclass(frozen=True, slots=True)
class _Sight:
    """What the records showed of a call that does not count yet: over and unchanged from `first` to `last`."""

    start: datetime
    outcome: Outcome
    trunk: str
    legs: int
    first: datetime
    last: datetime

    @property
    def is_settled(self) -> bool:
        return self.outcome is Outcome.ANSWERED or self.last - self.first >= SETTLED_AFTER


def trunks_of_calls(channels: Iterable[Channel]) -> dict[str, str]:
    """Return the trunk by which each call came, otherwise by which it goes out, by linkedid; empty for an internal
    call."""
    trunks: dict[str, str] = {}
    for channel in channels:
        if channel.came_by_trunk or not trunks.get(channel.linkedid):
            trunks[channel.linkedid] = channel.trunk_id or ""
    return trunks


class CallCounter:
    """Counts of the calls that began after `since`, in whatever order and how often their records are shown. `ended`:
    the incoming ones, answered and missed, by id of the trunk, empty for an unknown one; `active`: all calls that are
    up now, by trunk likewise, None if unknown."""

    def __init__(self, clock: ReadClock, since: datetime) -> None:
        self.ended = {Outcome.ANSWERED: Counter[str](), Outcome.MISSED: Counter[str]()}
        self.active: Counter[str] | None = None
        self._pbx_clock = clock
        self._since = since
        self._pending: dict[str, _Sight] = {}
        # Start of each counted call that may be shown again.
        self._counted: dict[str, datetime] = {}

    def show(self, record: CallRecord, now: datetime) -> None:
        """Take a record of a call that may go on, and whose further legs may be listed later."""
        if direction(record) is not Direction.INCOMING or record.linkedid in self._counted:
            return
        if record.start is None or record.start < self._pbx_clock().shows(max(self._since, now - KEPT)):
            return
        sight = _Sight(record.start, outcome(record), trunk_of(record), len(record.legs), now, now)
        before = self._pending.get(record.linkedid)
        # A sight by a clock that was set back since is none.
        if before is not None and before.last <= now and before == replace(sight, first=before.first, last=before.last):
            sight = replace(before, last=now)
        if before is not None or len(self._pending) + len(self._counted) < MAX_CALLS:
            self._pending[record.linkedid] = sight

    def settle(self, active: Mapping[str, str], now: datetime) -> None:
        """Count the calls that are over and settled. `active`: trunks of the calls that are up, by linkedid."""
        self.active = Counter(active.values())
        # A clock that was set back: it began by that one.
        self._since = min(self._since, now)
        oldest = self._pbx_clock().shows(now - KEPT)
        for linkedid, sight in list(self._pending.items()):
            if linkedid in active:
                self._pending[linkedid] = replace(sight, first=now)
            elif sight.is_settled:
                self._count(sight)
                self._counted[linkedid] = sight.start
                del self._pending[linkedid]
            elif sight.start < oldest:
                del self._pending[linkedid]
        self._counted = {linkedid: start for linkedid, start in self._counted.items() if start >= oldest}

    def _count(self, sight: _Sight) -> None:
        counts = self.ended[sight.outcome]
        counts[sight.trunk if sight.trunk in counts or len(counts) < MAX_TRUNKS else ""] += 1
