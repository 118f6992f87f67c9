"""`python -m tests.campaign`: rounds of the campaign until so many kills are done; see docs/fault-campaign.md."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.campaign.report import report
from tests.campaign.rounds import KILLS_IN_A_ROUND, Tally, played


def main() -> int:
    arguments = argparse.ArgumentParser(description="Kill the program under faults, and audit its books.")
    arguments.add_argument("--kills", type=int, default=50)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--report", type=Path)
    arguments.add_argument("--keep", type=Path, help="where the logs and the database of each round stay")
    chosen = arguments.parse_args()
    tally, round_, started = Tally(), 0, time.monotonic()
    while tally.kills < chosen.kills:
        seed = chosen.seed * 1000 + round_
        round_ += 1
        began = time.monotonic()
        if chosen.keep:
            folder = chosen.keep / str(seed)
            folder.mkdir(parents=True)
            findings = tally.add(played(seed, KILLS_IN_A_ROUND, folder))
        else:
            with tempfile.TemporaryDirectory() as temporary:
                findings = tally.add(played(seed, KILLS_IN_A_ROUND, Path(temporary)))
        print(
            f"round {seed}: {tally.kills} kills, {time.monotonic() - began:.0f} s, {len(findings)} findings", flush=True
        )
        for finding in findings:
            print(f"  {finding}", flush=True)
    print(tally.table())
    if chosen.report:
        chosen.report.write_text(report(tally, chosen.seed, time.monotonic() - started))
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
