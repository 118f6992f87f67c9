"""Read the hours of a chat: `mon-fri 09:00-18:00, sat 10:00-14:00`, `по будням с 9 до 18, сб`, `always`. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

from bot.calls.hours import ALWAYS, Span, of_spans
from bot.config.working_hours import DAYS, MIDNIGHT, WorkingHours
from bot.messages.message import mark
from handlers.dispatch.request import WrongArguments
from handlers.parsing.times.atoms import Atoms
from handlers.parsing.times.model import END_OF_DAY, Clock, Day, Hours, NotATime, fold
from handlers.parsing.times.scanner import Role, Scan, Time, scan
from handlers.parsing.times.words import AND, AT, FILLERS, FROM
from handlers.parsing.windows import ANY_DAY, DAILY, EVERY_DAY, GROUPS, WEEKLY, weekdays_from_to

ROUND_THE_CLOCK = frozenset(
    map(fold, ("always", "24/7", "24x7", "around the clock", "round the clock", "всегда", "круглосуточно"))
)
WHOLE = frozenset(map(fold, ("whole", "all", "весь", "целый")))
# They say nothing more.
SILENT = WEEKLY | WHOLE | ANY_DAY | FILLERS | FROM | AND | AT | {"по", "-", ","}
WeekDays = frozenset[int]
WHOLE_DAY: Span = (0, MIDNIGHT)
# Of the column that holds them.
MAX_LENGTH = 512
UNCLEAR = mark(
    "Write the days and from when to when, in the PBX's time: mon-fri 09:00-18:00, sat 10:00-14:00; or always, or off."
)


@dataclass(slots=True)
class _Group:
    """Days of the week, and the times of the day that were named beside them."""

    days: set[int] = field(default_factory=set)
    spans: list[Span] = field(default_factory=list)


def read_hours(words: Sequence[str], now: datetime) -> WorkingHours:
    """Parse the hours; days without a time are whole days, times without days are of every day. `now`: local time,
    naive. Raises WrongArguments."""
    if fold(" ".join(words)) in ROUND_THE_CLOCK:
        return ALWAYS
    by_day: dict[int, list[Span]] = {day: [] for day in EVERY_DAY}
    for group in _groups(_named(_scanned(words, now).pieces)):
        for begins, ends in group.spans or [WHOLE_DAY]:
            for day in group.days or EVERY_DAY:
                # The end of a night is on the next day.
                by_day[day].append((begins, ends if begins < ends else MIDNIGHT))
                if begins >= ends:
                    by_day[(day + 1) % len(DAYS)].append((0, ends))
    hours = of_spans(by_day)
    if len(str(hours)) > MAX_LENGTH:
        raise WrongArguments(mark("These hours are too many: name fewer."))
    return hours


def _scanned(words: Sequence[str], now: datetime) -> Scan:
    try:
        # `sat,sun` are two days.
        return scan(" ".join(words).replace(",", ", ").split(), Atoms(now, is_ahead=True))
    except (NotATime, OverflowError):
        raise WrongArguments(UNCLEAR) from None


def _groups(named: Sequence[WeekDays | Span]) -> list[_Group]:
    """Return the days with the times beside them: behind them, or before them if a time was named first."""
    groups: list[_Group] = []
    for one in named:
        is_first_kind = isinstance(one, frozenset) == isinstance(named[0], frozenset)
        if not groups or (is_first_kind and groups[-1].days and groups[-1].spans):
            groups.append(_Group())
        if isinstance(one, frozenset):
            groups[-1].days |= one
        else:
            groups[-1].spans.append(one)
    return groups


def _named(pieces: Sequence[Time | str]) -> list[WeekDays | Span]:
    """Return the days of the week and the times of the day in order. Raises WrongArguments."""
    named: list[WeekDays | Span] = []
    opens: int | None = None
    for piece in pieces:
        days = _days(piece)
        match piece:
            case Time(role=Role.UP_TO) if days and named and isinstance(named[-1], frozenset) and len(named[-1]) == 1:
                named[-1] = weekdays_from_to(min(named[-1]), min(days))
            case _ if days is not None:
                named.append(days)
            case Time(Hours(begins, ends, None)):
                named.append((_minute(begins), _minute(ends) or MIDNIGHT))
            case Time(Clock(at)) if opens is not None:
                named.append((opens, _minute(at) or MIDNIGHT))
                opens = None
            case Time(Clock(at)):
                opens = _minute(at)
            case str() if fold(piece) in SILENT:
                pass
            case _:
                raise WrongArguments(UNCLEAR)
    if opens is not None or not named:
        raise WrongArguments(UNCLEAR)
    return named


def _days(piece: Time | str) -> WeekDays | None:
    """Return the days of the week that a piece names; None for any other."""
    if isinstance(piece, Time) and isinstance(piece.atom, Day) and piece.atom.is_weekday and len(piece.words) == 1:
        return frozenset({piece.atom.date.weekday()})
    word = fold(piece) if isinstance(piece, str) else fold(piece.words[-1]) if len(piece.words) == 1 else ""
    if word in DAILY:
        return EVERY_DAY
    return GROUPS.get(word)


def _minute(clock: time) -> int:
    return MIDNIGHT if clock == END_OF_DAY else clock.hour * 60 + clock.minute
