"""Clock of a test session, as selected by its seed."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fixtures import shifted_time
from tests.fixtures.paths import ROOT
from tests.fixtures.shifted_time import DAYS, MIDDLE, ZONES, chosen, midnight, next_change, utc_offset

SEEDS = range(300)
MOMENT = datetime(2027, 3, 31, 20, 30, tzinfo=UTC)

PROBE = """
from datetime import datetime
from pathlib import Path

def test_probe():
    Path("seen").write_text(datetime.now().astimezone().isoformat())
"""


def test_a_seed_says_the_same_each_time() -> None:
    assert [chosen(seed) for seed in SEEDS] == [chosen(seed) for seed in SEEDS]


def test_seeds_lead_everywhere() -> None:
    shifts = [chosen(seed) for seed in SEEDS]
    assert {shift.zone for shift in shifts} == set(ZONES)
    assert {shift.moment.weekday() for shift in shifts} == set(range(7))
    assert {shift.moment.hour for shift in shifts} == set(range(24))
    assert {shift.moment.year for shift in shifts} >= {2025, 2026, 2027, 2028}
    assert all(abs(shift.moment - MIDDLE) < timedelta(days=DAYS + 366) for shift in shifts)


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("UTC", 0), ("Etc/GMT-14", 14), ("Asia/Kathmandu", 5.75), ("<+05>-5", 5), ("<-0330>3:30", -3.5)],
)
def test_zones_are_as_far_from_utc_as_their_names_say(zone: str, hours: float) -> None:
    assert utc_offset(MOMENT, zone) == timedelta(hours=hours)


@pytest.mark.parametrize("zone", ZONES)
def test_the_system_reads_zones_as_they_are_reckoned_here(zone: str) -> None:
    script = (
        f"from datetime import *; print(datetime.fromtimestamp({MOMENT.timestamp()}, UTC).astimezone().utcoffset())"
    )
    if not zone.startswith("<") and not Path("/usr/share/zoneinfo", zone).exists():
        pytest.skip("this system has no time zones")
    said = subprocess.run([sys.executable, "-c", script], env={"TZ": zone}, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str(utc_offset(MOMENT, zone))


def test_midnight_is_the_zones() -> None:
    assert midnight(MOMENT, "Europe/Moscow", first_of_month=False) == datetime(2027, 3, 30, 21, tzinfo=UTC)
    assert midnight(MOMENT, "Asia/Yekaterinburg", first_of_month=True) == datetime(2027, 3, 31, 19, tzinfo=UTC)


def test_the_next_change_is_when_clocks_are_set() -> None:
    assert next_change(MOMENT, "Europe/Berlin") == datetime(2027, 10, 31, 1, tzinfo=UTC)
    assert next_change(MOMENT, "America/New_York") == datetime(2027, 11, 7, 6, tzinfo=UTC)


def test_without_a_seed_nothing_is_shifted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOCK_SEED", raising=False)
    assert shifted_time.offset() == 0.0


def test_every_process_of_a_session_lives_by_the_seed(tmp_path: Path) -> None:
    (tmp_path / "test_probe.py").write_text(PROBE)
    (tmp_path / "pytest.ini").write_text("[pytest]")
    environment = {name: value for name, value in os.environ.items() if name not in ("CLOCK_OFFSET", "TZ")}
    environment |= {"CLOCK_SEED": "7", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.fixtures.shifted_time", "-n", "1", "test_probe.py"]
    told = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False).stdout
    assert "1 passed" in told
    assert "TZ=Pacific/Chatham; again with CLOCK_SEED=7" in told
    seen = datetime.fromisoformat((tmp_path / "seen").read_text())
    assert timedelta() < seen - chosen(7).moment < timedelta(minutes=5)
    assert seen.utcoffset() == utc_offset(seen, "Pacific/Chatham")
