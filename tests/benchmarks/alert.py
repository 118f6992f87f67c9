"""Time from a trunk's failure to its alert at Telegram, beside the poll interval."""

import asyncio
import random
from statistics import median

from tests.benchmarks.load import EVERY
from tests.benchmarks.measured.figure import Effort, Figure, Row
from tests.benchmarks.pbx_cluster import SETTLING, PbxCluster, cluster

# One outage at each of 24 PBXs within 60 s: at all phases of their polls.
OUTAGES, WITHIN = 24, 60.0
USUAL, SMALL = 30.0, 1.0


def run(effort: Effort) -> list[Row]:
    return asyncio.run(_run(effort))


async def _run(effort: Effort) -> list[Row]:
    late: dict[float, list[list[float]]] = {USUAL: [], SMALL: []}
    async with cluster(OUTAGES, people=OUTAGES) as one:
        for _ in range(effort.runs):
            for hold_off, runs in late.items():
                runs.append(await _outages(one, hold_off))
    interval = [EVERY] * effort.runs
    rows = []
    for hold_off, runs in late.items():
        what = f"from a trunk's outage to its alert, less the {hold_off:g} s of ALERT_AFTER"
        # Two measurements have to confirm it: with a short hold-off, the second comes after its end.
        most = EVERY + 1 if hold_off == USUAL else 2 * EVERY + 1
        rows.append(Row(f"{what}: median", "s", [median(each) for each in runs], interval))
        rows.append(Row(f"{what}: longest", "s", [max(each) for each in runs], interval, most))
    return rows


async def _outages(one: PbxCluster, hold_off: float) -> list[float]:
    """Return for each outage the seconds from the PBX's report to the message, less the hold-off."""
    people = sorted(person for person in one.telegram.people if person > 2000)[-OUTAGES:]
    one.begins_anew()
    trunks = []
    for number in range(OUTAGES):
        one.has_trunk(number, "Other", f"other-{number}.example")
        trunks.append(one.has_trunk(number, f"Trunk {number}", f"provider-{number}.example"))
    chosen = random.Random(hold_off)
    async with one.program(lambda number: [people[number]], {"ALERT_AFTER": f"{hold_off:g}"}):
        await asyncio.sleep(SETTLING)
        began: dict[int, float] = {}
        for number in range(OUTAGES):
            await asyncio.sleep(chosen.uniform(0, 2 * WITHIN / OUTAGES))
            began[number] = one.breaks(number, trunks[number])
        await asyncio.sleep(hold_off + 3 * EVERY)
    late = []
    for number, broke in began.items():
        shown = one.shown.first(people[number], f"Trunk {number}")
        if shown is None:
            raise TimeoutError(f"nobody was told of the outage at PBX {number}")
        late.append(shown - broke - hold_off)
    return late


FIGURE = Figure("alert", run)
