"""`python -m tests.benchmarks [--only NAME,NAME] [--runs 3] [--quick]`: run the benchmarks and rewrite their tables in
docs/benchmarks.md.
"""

import argparse
import os
import platform
import time

from tests.benchmarks import alert, call_metrics, commands, fleet, flood, records, start, storm
from tests.benchmarks.measured import report
from tests.benchmarks.measured.figure import Effort, Figure
from tests.fixtures.report import DOCS, write

REPORT = DOCS / "benchmarks.md"
FIGURES: tuple[Figure, ...] = (
    commands.FIGURE,
    records.FIGURE,
    start.FIGURE,
    fleet.FIGURE,
    call_metrics.FIGURE,
    alert.FIGURE,
    storm.FIGURE,
    flood.FIGURE,
)


def measure(figure: Figure, effort: Effort) -> str:
    """Return the content between the figure's marks."""
    began = time.monotonic()
    rows = figure.run(effort)
    told = f"Python {platform.python_version()}, {os.cpu_count()} cores, {effort.runs} runs,"
    return f"{report.table(rows)}\n\n{told} {time.monotonic() - began:.0f} s, `make bench ONLY={figure.name}`."


def main() -> None:
    names = [figure.name for figure in FIGURES]
    asked = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    asked.add_argument("--only", default=",".join(names), help=f"of {', '.join(names)}")
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--quick", action="store_true", help="short series, and nothing is written")
    chosen = asked.parse_args()
    wanted = chosen.only.split(",")
    if unknown := set(wanted) - set(names):
        asked.error(f"no such figure: {', '.join(sorted(unknown))}")
    for figure in FIGURES:
        if figure.name not in wanted:
            continue
        content = measure(figure, Effort(chosen.runs, chosen.quick))
        print(f"\n{figure.name}\n{content}", flush=True)
        if not chosen.quick:
            write(REPORT, figure.name, content)


if __name__ == "__main__":
    main()
