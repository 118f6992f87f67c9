"""`python -m tests.campaign`: play rounds until the number of kills is reached. See docs/fault-campaign.md."""

import argparse
import itertools
import multiprocessing
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

from tests.campaign.audit.records import RoundRecords
from tests.campaign.rounds import Tally, round_of
from tests.fixtures import report

REPORT = report.DOCS / "fault-campaign.md"


def main() -> int:
    arguments = argparse.ArgumentParser(description="Kill the program under faults, and audit its books.")
    arguments.add_argument("--kills", type=int, default=50)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--jobs", type=int, default=1, help="so many rounds at once")
    arguments.add_argument("--report", action="store_true", help="write docs/fault-campaign.md")
    arguments.add_argument("--keep", type=Path, help="where the logs and the database of each round stay")
    chosen = arguments.parse_args()
    tally, started = Tally(), time.monotonic()
    seeds = itertools.count(chosen.seed * 1000)
    with ProcessPoolExecutor(chosen.jobs, multiprocessing.get_context("spawn")) as rounds:
        under_way: dict[Future[RoundRecords], int] = {}
        while tally.kills < chosen.kills:
            while len(under_way) < chosen.jobs:
                seed = next(seeds)
                under_way[rounds.submit(round_of, seed, chosen.keep)] = seed
            for done in wait(under_way, return_when=FIRST_COMPLETED).done:
                _tell(tally, under_way.pop(done), done.result())
                if chosen.report:
                    report.write(REPORT, report.engine(), _told(tally, chosen.seed, time.monotonic() - started))
        for left in under_way:
            left.cancel()
    print(tally.table())
    return 1 if tally.findings else 0


def _tell(tally: Tally, seed: int, records: RoundRecords) -> None:
    findings = tally.add(records)
    print(f"round {seed}: {tally.kills} kills so far, {len(findings)} findings", flush=True)
    for finding in findings:
        print(f"  {finding}", flush=True)


def _told(tally: Tally, seed: int, seconds: float) -> str:
    command = report.command(f"make campaign KILLS={tally.kills} SEED={seed}")
    return f"`{command}`, {seconds / 60:.0f} minutes.\n\n| | |\n|---|---|\n{tally.table()}"


if __name__ == "__main__":
    sys.exit(main())
