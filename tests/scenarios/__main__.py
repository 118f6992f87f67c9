"""`python -m tests.scenarios [words of a title]`: print every scenario as a row of a table, or one in full.

`pages` are new outages; `again` are the repeats for people that were paged and have not acknowledged.
"""

import asyncio
import logging
import sys

import structlog
from rich.console import Console
from rich.table import Table

from bot.pbx import Dialect
from tests.fixtures import stores
from tests.scenarios.language import Scenario, scenarios
from tests.scenarios.play import Played, play


async def played(scenario: Scenario, dialect: Dialect) -> Played:
    database = stores.in_memory()
    try:
        return await play(scenario, database, dialect)
    finally:
        await database.close()


def table(results: list[Played]) -> Table:
    table = Table("trace", "outages", "pages", "again", "missed", "false", "causes right", "else")
    for one in results:
        figures = [one.outages, one.pages, one.again, len(one.missed), len(one.false)]
        causes = f"{one.causes_right}/{one.causes}" if one.causes else "–"
        table.add_row(f"{one.scenario.file}: {one.scenario.title}", *map(str, figures), causes, "; ".join(one.wrong))
    all_outages, pages = sum(one.outages for one in results), sum(one.pages for one in results)
    told, right = sum(one.causes for one in results), sum(one.causes_right for one in results)
    table.add_section()
    table.add_row(
        f"{len(results)} traces",
        str(all_outages),
        f"{pages} ({pages / max(1, all_outages):.2f} per outage)",
        str(sum(one.again for one in results)),
        str(sum(len(one.missed) for one in results)),
        str(sum(len(one.false) for one in results)),
        f"{right}/{told} ({right / max(1, told):.0%})",
        str(sum(len(one.wrong) for one in results)),
    )
    return table


def main(words: list[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    console = Console(width=None if sys.stdout.isatty() else 160)
    wanted = " ".join(words).lower()
    found = [one for one in scenarios() if wanted in one.title.lower()]
    for dialect in Dialect:
        results = [asyncio.run(played(one, dialect)) for one in found]
        for one in results if wanted else []:
            console.print(f"\n[b]{one.scenario.title}[/b], MikoPBX {dialect}")
            for line in [*one.story, *(f"missed {m}" for m in one.missed), *(f"false {f}" for f in one.false)]:
                console.print(line, markup=False, highlight=False)
        console.print(table(results), f"MikoPBX {dialect}")


if __name__ == "__main__":
    main(sys.argv[1:])
