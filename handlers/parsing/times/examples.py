"""Examples of each form in which a time can be written, for /help and for the answer to a word that was not understood.
Each translation has its own; tests parse all of them."""

from dataclasses import dataclass

from bot.messages.message import TrustedText, mark

SEPARATOR = " | "


@dataclass(frozen=True, slots=True)
class Form:
    """Both texts are marked; the examples stand between separators."""

    heading: TrustedText
    examples: TrustedText


# Read by handlers.parsing.periods.
PAST = (
    Form(mark("A day"), mark("today | yesterday | monday | 28 Nov | 01.11.2026")),
    Form(mark("Hours"), mark("yesterday 9-12 | today from 9 to 12 | yesterday evening")),
    Form(mark("Several days"), mark("7d | since monday | 01.11-05.11 | 2026-11-01 2026-11-05")),
    Form(mark("Weeks and months"), mark("this week | last week | last month | november")),
    Form(mark("Up to now"), mark("3h | last hour | last 30 minutes")),
)
# Read by handlers.parsing.deadlines.
AHEAD = (
    Form(mark("For a time"), mark("for 2h | for 30 minutes | for half an hour | for a week")),
    Form(mark("Until a moment"), mark("until 18:00 | until morning | until monday | until 28 Nov 09:00")),
)
# Read by handlers.parsing.windows.
WINDOWS = (
    Form(mark("Once"), mark("tomorrow 02:00-04:00 | sat 02:00 for 2h | 28.11 02:00-04:00")),
    Form(mark("Repeatedly"), mark("weekly sat,sun 02:00-04:00 | daily 03:00-03:15")),
)
# Names of the card of /help.
NAMES = frozenset({"time", "times", "date", "dates", "period", "периоды", "период", "время", "дата", "даты"})
# For a period that was not understood: the commonest form of each kind.
PERIOD_IN_SHORT = mark("today | yesterday 9-12 | since monday | last week | 28 Nov | 3h | 2026-11-01 2026-11-05")
