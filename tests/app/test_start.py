"""What a start loads: time and memory that everybody pays, without a clock to measure them."""

import asyncio
import re

from tests.benchmarks.measured.stage import stage

IMPORTED = re.compile(r"^import time:.*\| +(\S+)$", re.MULTILINE)
# Loaded by the command, setting or schema that needs them; each takes from 10 to 300 ms, or from 1 to 30 MB.
LATER = {
    "alembic",  # an old database
    "click",  # httpx's command line
    "icalendar",  # in the sandbox
    "matplotlib",
    "numpy",
    "openpyxl",  # in the sandbox
    "pygments",
    "recurring_ical_events",  # in the sandbox
    "rich.console",  # the report of `access`, and structlog's tracebacks
    "starlette",  # WEBHOOK_URL and HEALTH_ADDRESS
    "telegram.ext",
    "uvicorn",
    "xlsxwriter",
}


async def test_a_start_loads_nothing_that_an_answer_does_not_need() -> None:
    async with stage() as one:
        one.no_store()
        asked = asyncio.create_task(one.ours.asks(one.ours.people[0], "/status", within=60))
        async with one.running(("-X", "importtime", "-m", "bot", "run"), one.settings(1)):
            await asked
        imported = set(IMPORTED.findall((one.folder / "log").read_text()))
    assert "sqlalchemy.orm" in imported
    assert imported & LATER == set()
