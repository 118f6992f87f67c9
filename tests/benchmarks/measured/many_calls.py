"""Tens of thousands of call records in the stand-in: a busy office in four weeks, generated from one seed."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from bot.demo.pbx.control import records
from bot.demo.pbx.world import StandinPbx

DAYS = 28
# Calls of ten that are transferred, and have one more leg.
PASSED_ON = 3


def put(pbx: StandinPbx, number: int) -> tuple[str, str]:
    """Replace all calls by `number` new ones; return their first day and the day after the last."""
    today = datetime.now(pbx.zone).date()
    first = datetime.combine(today - timedelta(days=DAYS), time())
    records.add(pbx, {}, {"clear": True, "records": list(_calls(pbx, first, number))})
    return str(first.date()), str(today)


def _calls(pbx: StandinPbx, first: datetime, number: int) -> Iterator[dict[str, Any]]:
    random = Random(1)
    people = [(person.number, person.name) for person in pbx.employees.values()]
    trunks = [trunk.id for trunk in pbx.trunks.values()]
    step = timedelta(days=DAYS) / number
    for place in range(number):
        start = first + place * step
        caller, trunk = f"7916{random.randrange(2000):07}", random.choice(trunks)
        answered = random.random() < 0.8
        legs = []
        for _ in range(1 + (random.randrange(10) < PASSED_ON)):
            employee, name = random.choice(people)
            talk = random.randrange(5, 600) if answered else 0
            end = start + timedelta(seconds=8 + talk)
            legs.append(
                {
                    "src_num": caller,
                    "dst_num": employee,
                    "dst_name": name,
                    "from_account": trunk,
                    "start": _written(start),
                    "answer": _written(start + timedelta(seconds=8)) if answered else "",
                    "endtime": _written(end),
                    "disposition": "ANSWERED" if answered else "NOANSWER",
                }
            )
            start = end
        yield {"legs": legs}


def _written(moment: datetime) -> str:
    return moment.isoformat(" ", "milliseconds")
