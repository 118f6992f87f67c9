"""Parse when a digest is wanted: `mon-fri 18:00`, `weekly mon 9am`, `по будням в 18`, `еженедельно пн 9:00`. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.calls.digest_schedule import DigestKind, DigestSchedule
from handlers.parsing.arguments import OFF
from handlers.parsing.times.model import fold
from handlers.parsing.windows import EVERY_DAY, NotAWindow, take_weekly_time

WORDS = {
    **dict.fromkeys(("daily", "ежедневно", "ежедневный", "ежедневная"), DigestKind.DAILY),
    **dict.fromkeys(("weekly", "еженедельно", "еженедельный", "еженедельная", "понедельно"), DigestKind.WEEKLY),
}
# As `weekly`: `every week on monday` is no digest of each Monday.
WEEKLY = re.compile(r"(?<!\S)(every week|once a week|per week|each week|каждую неделю|раз в неделю|за неделю)(?!\S)")
# They say nothing more.
SILENT = frozenset(("here", "all", "сюда", "все", "всё"))


class NotADigest(ValueError):
    """Words that say no time of a digest, or several."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Kinds of digests that are not wanted any more."""

    kinds: frozenset[DigestKind]


def read_digest(words: Sequence[str], now: datetime) -> DigestSchedule | Ended:
    """Parse the arguments of the command. `now`: station local time, naive. Raises NotADigest."""
    written = " ".join(words)
    words = WEEKLY.sub("weekly", " ".join(map(fold, words))).split()
    kinds = [WORDS[word] for word in words if word in WORDS]
    rest = [word for word in words if word not in WORDS and word not in SILENT]
    if len(kinds) > 1:
        raise NotADigest(written)
    if len(rest) == 1 and fold(rest[0]) in OFF:
        return Ended(frozenset(kinds or DigestKind))
    try:
        days, at = take_weekly_time(rest, now)
    except NotAWindow:
        raise NotADigest(written) from None
    kind = kinds[0] if kinds else DigestKind.DAILY
    if kind is DigestKind.WEEKLY and len(days) != 1:
        raise NotADigest(written)
    return DigestSchedule(kind, days or EVERY_DAY, at)
