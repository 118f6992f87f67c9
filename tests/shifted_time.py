"""A session of tests on another day, at another hour and in another time zone, all by one number.

With CLOCK_SEED in the environment the clock of every process of pytest begins at the moment that the seed says, in the
zone that it says, and goes on as fast as the real one; the same number gives the same again, on whatever day. Without
it nothing is shifted. `time.monotonic`, all that the event loop waits by, and the times of files stay as they are.
A program that a test starts has the machine's clock; by how much it would have to be shifted says `offset`.
"""

import os
import random
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
import time_machine

SEED = "CLOCK_SEED"
# Reckoned once, by the process that has the seed first: its workers begin later, and shall have the same clock.
OFFSET = "CLOCK_OFFSET"

# Far from UTC on either side, off the hour, with a change of half an hour, with one turned around, and without any.
ZONES = (
    "Africa/Casablanca",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Yekaterinburg",
    "Australia/Lord_Howe",
    "Etc/GMT+12",
    "Etc/GMT-14",
    "Europe/Dublin",
    "Europe/Moscow",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "UTC",
    "<+05>-5",
    "<-0330>3:30",
)
# In what changes its clocks though the machine does not, a test may live too: PBXs and people have zones of their own.
CHANGING = ("America/New_York", "Australia/Lord_Howe", "Europe/Berlin")

MIDDLE = datetime(2027, 1, 1, tzinfo=UTC)
DAYS = 730
HOUR = timedelta(hours=1)


class Shift(NamedTuple):
    """What the clock shows when a session begins, and the value of TZ."""

    moment: datetime
    zone: str


def chosen(seed: int) -> Shift:
    """Any minute within two years of `MIDDLE`; in half the cases a few minutes before midnight, a month or a change of
    the clocks."""
    chance = random.Random(seed)
    moment = MIDDLE + timedelta(days=chance.randint(-DAYS, DAYS), minutes=chance.randrange(24 * 60))
    zone = chance.choice(ZONES)
    near = chance.choice(("anything", "anything", "anything", "midnight", "month", "change"))
    if near == "change":
        moment = next_change(moment, chance.choice(CHANGING))
    elif near != "anything":
        moment = midnight(moment, zone, first_of_month=near == "month")
    if near != "anything":
        # What a test has just begun then ends after it.
        moment -= timedelta(seconds=chance.randrange(12 * 60))
    return Shift(moment, zone)


def midnight(before: datetime, zone: str, *, first_of_month: bool) -> datetime:
    """The last midnight in the zone up to a moment, or that with which its month began there."""
    east = utc_offset(before, zone)
    local = (before + east).replace(hour=0, minute=0, second=0, microsecond=0)
    return (local.replace(day=1) if first_of_month else local) - east


def utc_offset(moment: datetime, zone: str) -> timedelta:
    """How far the clocks of a zone are ahead of UTC, of one written as POSIX does too."""
    if not zone.startswith("<"):
        return ZoneInfo(zone).utcoffset(moment.astimezone(ZoneInfo(zone))) or timedelta()
    hours, _, minutes = zone.split(">")[1].partition(":")
    west = timedelta(hours=abs(int(hours)), minutes=int(minutes or 0))
    return west if hours.startswith("-") else -west


def next_change(after: datetime, zone: str) -> datetime:
    """When the zone's clocks are set next, to the hour."""
    moment = after.replace(minute=0)
    before = utc_offset(moment, zone)
    while utc_offset(moment, zone) == before:
        moment += HOUR
    return moment


def offset() -> float:
    """The seconds by which the clock of this session is shifted, in whichever of its processes; 0.0 without a seed."""
    if SEED not in os.environ:
        return 0.0
    if OFFSET not in os.environ:
        os.environ[OFFSET] = str(chosen(int(os.environ[SEED])).moment.timestamp() - time.time())
    return float(os.environ[OFFSET])


def pytest_configure(config: pytest.Config) -> None:
    if SEED not in os.environ:
        return
    clock = time_machine.travel(time.time() + offset(), tick=True)
    clock.start()
    config.add_cleanup(clock.stop)
    os.environ["TZ"] = chosen(int(os.environ[SEED])).zone
    time.tzset()


# By itself and not as pytest_report_header: that is not shown to those who run quietly, and here everybody does.
@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and SEED in os.environ:
        seed = int(os.environ[SEED])
        shift = chosen(seed)
        reporter.write_line(
            f"The clock began at {shift.moment:%a %Y-%m-%d %H:%M:%S} UTC, TZ={shift.zone}; again with {SEED}={seed}"
        )
