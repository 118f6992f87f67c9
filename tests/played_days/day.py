"""Working day of calls: who calls when, and what becomes of each call."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from random import Random

from tests.played_days.calls import NUMBERS, PHONES, PlayedCall, Telling, Way
from tests.played_days.stories import ANSWERED, LONG_INCOMING, LONG_OUTGOING, MISSED, OUTGOING, Story, colleagues

# Of the calls with somebody outside.
LONG_CHANCE = 0.02
RECORDED_CHANCE = 0.3
HANGS_FOR = timedelta(minutes=15)
# How a provider, and an employee's phone, write +7 916 000-00-01.
AS_CALLER = ("7{}", "+7{}", "8{}", "{}")
AS_DIALLED = ("8{}", "7{}", "+7{}")
WITHHELD = ("anonymous", "", "Unavailable")


def a_day(random: Random, size: int, nine: datetime, hours: float = 10) -> list[PlayedCall]:
    """Return calls of a working day in order of their start. Some callers try again and again; once, the PBX lists
    nothing for a while, and then all at once."""
    callers = [f"916{number:07}" for number in range(1, max(3, size // 6))]
    starts = sorted(nine + timedelta(hours=random.uniform(0, hours)) for _ in range(size))
    numbers = count(1)
    calls = [_call(random, start, random.choice(callers), next(numbers)) for start in starts]
    hangs = nine + timedelta(hours=random.uniform(0.2, 0.8) * hours)
    return [
        _listed_after(call, hangs + HANGS_FOR) if hangs <= call.listed_first < hangs + HANGS_FOR else call
        for call in calls
    ]


def _listed_after(call: PlayedCall, moment: datetime) -> PlayedCall:
    later = moment - call.listed_first
    return replace(call, listed=tuple(at + later for at in call.listed), converted=call.converted + later)


def _call(random: Random, start: datetime, caller: str, number: int) -> PlayedCall:
    way: Way = random.choices(("incoming", "outgoing", "internal"), (70, 22, 8))[0]
    if way == "incoming":
        withheld = random.random() < 0.02
        source = random.choice(WITHHELD) if withheld else random.choice(AS_CALLER).format(caller)
        caller = "" if withheld else caller
        name = random.choice(("", "Anonymous", "ООО «Ромашка»"))
        call = Telling(random, start, source, random.choice(NUMBERS), name)
        story = _story(random, MISSED if random.random() < 0.5 else ANSWERED, LONG_INCOMING)
    elif way == "outgoing":
        call = Telling(random, start, random.choice(PHONES), name=random.choice(AS_DIALLED).format(caller))
        story = _story(random, OUTGOING, LONG_OUTGOING)
    else:
        caller, call, story = "", Telling(random, start, "201"), colleagues
    call.recorded = random.random() < RECORDED_CHANCE
    story(call)
    end = max(datetime.fromisoformat(f"{row['endtime']}+00:00") for row in call.rows)
    # Measured: some ten seconds after the end, at once or one after another; a recording is converted meanwhile.
    late, between = random.choice((8, 10, 12, 25)), random.choice((0, 0, 0.3, 1))
    order = random.sample(range(len(call.rows)), len(call.rows))
    listed = tuple(end + timedelta(seconds=late + between * place) for place in order)
    return PlayedCall(
        linkedid=f"mikopbx-{int(start.timestamp())}.{number}",
        way=way,
        story=story.__name__,
        caller=caller,
        talked=call.talked,
        start=start,
        end=end,
        rows=tuple(row | {"src_name": "" if way == "outgoing" else row["src_name"]} for row in call.rows),
        listed=listed,
        converted=max(listed) + timedelta(seconds=random.choice((0, 40, 200))),
    )


def _story(random: Random, ordinary: Sequence[Story], long: Sequence[Story]) -> Story:
    return random.choice(long if random.random() < LONG_CHANCE else ordinary)
